// What one Raft node can see of itself, in its own words. Looking walks the whole log, so it is
// done as rarely as the log is long, and whenever somebody begins to lead.
#include "sim/introspection.h"

namespace holdfast::sim {
namespace {

constexpr uint64_t look_every_steps_min = 64;

class RaftInvariants final : public Introspection {
  public:
    RaftInvariants(const Sight& sight, SelfCheck self_check)
        : Introspection(sight, std::move(self_check)), raft_(sight.raft) {}
    [[nodiscard]] std::string_view name() const override { return "raft-invariants"; }

    void on_start(NodeId node, const consensus::Base& /*base*/,
                  const std::vector<consensus::JournalRecord>& /*records*/,
                  consensus::JournalHealth /*health*/, uint64_t /*incarnation*/) override {
        steps_[node] = 0;
    }
    void on_effects(NodeId node, const consensus::Engine& engine,
                    std::span<const consensus::Effect> /*effects*/) override {
        const SightStep& step = raft_->step();
        const uint64_t length = step.after.last - std::min(step.after.start, step.after.last);
        uint64_t& left = steps_[node];
        const bool elected = step.after.leads && !step.before.leads;
        if (left != 0 && --left != 0 && !elected) return;
        left = std::max(look_every_steps_min, length);
        look(node, engine);
    }

  private:
    std::shared_ptr<const RaftSight> raft_;
    std::map<NodeId, uint64_t> steps_;  ///< until the next look
};

}  // namespace

CheckerPtr make_raft_invariants(const Sight& sight, SelfCheck self_check) {
    return std::make_unique<RaftInvariants>(sight, std::move(self_check));
}

}  // namespace holdfast::sim
