// Records of a journal follow each other, and tell exactly the log that the engine has in memory.
// Keeps what the other checkers of Raft read.
#include "sim/checkers.h"

namespace holdfast::sim {
namespace {

class RaftRecords final : public Checker {
  public:
    explicit RaftRecords(const Sight& sight) : raft_(sight.raft) {}
    [[nodiscard]] std::string_view name() const override { return "raft-records"; }

    void on_start(NodeId node, const consensus::Base& base,
                  const std::vector<consensus::JournalRecord>& records,
                  consensus::JournalHealth health, uint64_t incarnation) override {
        raft_->on_start(node, base, records, health, incarnation);
        report();
    }
    void on_end(NodeId node, Death /*why*/) override { raft_->on_end(node); }
    void on_input(NodeId node, const consensus::Input& input) override {
        raft_->on_input(node, input);
    }
    void on_effects(NodeId node, const consensus::Engine& engine,
                    std::span<const consensus::Effect> effects) override {
        raft_->on_effects(node, engine, effects);
        report();
    }
    void on_platter(NodeId node, consensus::Token token) override {
        raft_->on_platter(node, token);
    }

  private:
    void report() {
        for (std::string& problem : raft_->take_problems()) violated(std::move(problem));
    }
    std::shared_ptr<RaftSight> raft_;
};

}  // namespace

CheckerPtr make_raft_records(const Sight& sight) {
    return std::make_unique<RaftRecords>(sight);
}

}  // namespace holdfast::sim
