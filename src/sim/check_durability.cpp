// A6: when a position is first delivered anywhere, a quorum of the configuration that decides has
// its entry on the platter, or its block in the ledger. Not "the leader has it": a leader may
// commit what is on its followers' disks alone. A journal that is lost later counts: what it held
// was there when it was acknowledged.
#include <fmt/format.h>

#include "sim/checkers.h"

namespace holdfast::sim {
namespace {

class Durability final : public Checker {
  public:
    explicit Durability(const Sight& sight) : raft_(sight.raft) {}
    [[nodiscard]] std::string_view name() const override { return "durability"; }

    void on_start(NodeId node, const consensus::Base& base,
                  const std::vector<consensus::JournalRecord>& /*records*/,
                  consensus::JournalHealth /*health*/, uint64_t /*incarnation*/) override {
        in_ledger_[node] = base.applied;
    }
    void on_input(NodeId node, const consensus::Input& input) override {
        // Blocks that came from peers are flushed before the engine hears of them.
        if (const auto* synced = std::get_if<consensus::Synced>(&input))
            in_ledger_[node] = std::max(in_ledger_[node], synced->position);
    }
    void on_effects(NodeId node, const consensus::Engine& /*engine*/,
                    std::span<const consensus::Effect> effects) override {
        for (const consensus::Effect& effect : effects) {
            const auto* deliver = std::get_if<consensus::Deliver>(&effect);
            if (deliver == nullptr || deliver->position <= delivered_) continue;
            delivered_ = deliver->position;
            check(node, *deliver);
        }
    }

  private:
    void check(NodeId node, const consensus::Deliver& deliver);

    std::shared_ptr<const RaftSight> raft_;
    std::map<NodeId, Height> in_ledger_;
    Height delivered_;
};

void Durability::check(NodeId node, const consensus::Deliver& deliver) {
    const auto mark = raft::decode_mark(deliver.mark);
    if (!mark)
        return violated(fmt::format("node {} delivers {} without a mark", node, deliver.position));
    const SightNode& deliverer = raft_->node(node);
    const uint64_t index = mark->index.value;
    const SightEntry* said = deliverer.log.at(index);
    const auto holds = [&](const SightNode& other) {
        const auto ledger = in_ledger_.find(other.voice.node);
        if (ledger != in_ledger_.end() && ledger->second >= deliver.position) return true;
        if (!other.has(index)) return false;
        const SightEntry* entry = other.log.at(index);
        return entry == nullptr || (entry->term == mark->term.value &&
                                    (said == nullptr || entry->print == said->print));
    };
    // Whoever leads decides by the newest configuration in its log when the step began. Others
    // repeat a decision made elsewhere, under one that was in force there at or after this entry.
    const SightStep& step = raft_->step();
    if (step.before.leads) {
        if (raft_->quorum(*step.configuration_before, holds)) return;
    } else {
        const auto& all = deliverer.log.configurations();
        for (auto it = all.rbegin(); it != all.rend(); ++it) {
            if (raft_->quorum(*it->second, holds)) return;
            if (it->first <= index) break;
        }
    }
    violated(fmt::format("node {} delivers {} (entry {} of term {}), which no quorum has on disk",
                         node, deliver.position, index, mark->term));
}

}  // namespace

CheckerPtr make_durability(const Sight& sight) {
    return std::make_unique<Durability>(sight);
}

}  // namespace holdfast::sim
