// Journals of Byzantine agreement can be read, and their tokens only grow. Keeps the books that the
// other checkers read.
#include "sim/checkers.h"

namespace holdfast::sim {
namespace {

class BftRecords final : public Checker {
  public:
    explicit BftRecords(const Sight& sight) : bft_(sight.bft) {}
    [[nodiscard]] std::string_view name() const override { return "bft-records"; }

    void on_start(NodeId node, const consensus::Base& /*base*/,
                  const std::vector<consensus::JournalRecord>& records,
                  consensus::JournalHealth /*health*/, uint64_t /*incarnation*/) override {
        bft_->on_start(node, records);
        tell();
    }
    void on_effects(NodeId node, const consensus::Engine& /*engine*/,
                    std::span<const consensus::Effect> effects) override {
        bft_->on_effects(node, effects);
        tell();
    }
    void on_platter(NodeId node, consensus::Token token) override { bft_->on_platter(node, token); }
    void on_send(NodeId /*from*/, NodeId /*to*/, ByteView message) override {
        bft_->on_send(message);
    }
    void on_lie(NodeId /*from*/, NodeId /*to*/, ByteView message) override {
        bft_->on_send(message);
    }
    void on_block(NodeId /*node*/, const ledger::Executed& executed) override {
        bft_->on_block(executed);
    }

  private:
    void tell() {
        for (std::string& problem : bft_->take_problems()) violated(std::move(problem));
    }
    std::shared_ptr<BftSight> bft_;
};

}  // namespace

CheckerPtr make_bft_records(const Sight& sight) {
    return std::make_unique<BftRecords>(sight);
}

}  // namespace holdfast::sim
