// A8: what was acknowledged to a client is in the chain where the client was told, and at the end
// on every node that was healed.
#include <fmt/format.h>

#include "ledger/reader.h"
#include "sim/checkers.h"

namespace holdfast::sim {
namespace {

class Acked final : public Checker {
  public:
    explicit Acked(const Sight& sight) : stage_(sight.stage), chain_(sight.chain) {}
    [[nodiscard]] std::string_view name() const override { return "acked"; }

    void on_answer(const Call& call, const Answer& answer) override {
        if (call.kind == OperationKind::read) return;
        open_.emplace(answer.height, call.transaction);
        check_open();
    }
    // Word of a block may come after the answer that rests on it.
    void on_block(NodeId /*node*/, const ledger::Executed& /*executed*/) override { check_open(); }
    void at_end() override {
        check_open();
        for (const auto& [height, transaction] : open_)
            violated(fmt::format("{} was acknowledged in block {}, which nobody executed",
                                 to_hex(transaction.view()), height));
        open_.clear();
        std::vector<NodeId> core = stage_.core();
        if (core.empty()) core = stage_.nodes();
        for (const NodeId node : core) check_node(node);
    }

  private:
    void check_open() {
        while (!open_.empty() && open_.begin()->first <= chain_->top()) {
            const auto [height, transaction] = *open_.begin();
            open_.erase(open_.begin());
            acked_.emplace(height, transaction);
            const auto place = chain_->height_of(transaction);
            if (place == height) continue;
            violated(fmt::format("{} was acknowledged in block {}, and is {}",
                                 to_hex(transaction.view()), height,
                                 place ? fmt::format("in block {}", *place) : "nowhere"));
        }
    }
    void check_node(NodeId id);

    const Stage& stage_;
    std::shared_ptr<const Chain> chain_;
    std::multimap<Height, Hash32> open_, acked_;
};

void Acked::check_node(NodeId id) {
    const NodeView view = stage_.view(id);
    if (!view.up || view.store == nullptr || acked_.empty()) return;
    const ledger::Reader reader = ledger::reader_at_head(*view.store);
    const Height head = reader.head(), lowest = reader.lowest_block();
    const Height newest = acked_.rbegin()->first;
    // Who is up but was not healed may lag behind.
    if (head < newest && !stage_.core().empty())
        return violated(
            fmt::format("node {} ends at block {}, and {} was acknowledged", id, head, newest));
    for (const auto& [height, transaction] : acked_) {
        if (height < lowest || height > head) continue;
        const auto place = reader.place_of(transaction);
        if (!place || place->height != height)
            violated(fmt::format("node {} lacks {}, acknowledged in block {}", id,
                                 to_hex(transaction.view()), height));
        if (reader.block_hash(height) != chain_->at(height)->hash)
            violated(fmt::format("node {} has another block {}", id, height));
    }
}

}  // namespace

CheckerPtr make_acked(const Sight& sight) {
    return std::make_unique<Acked>(sight);
}

}  // namespace holdfast::sim
