// A healed core elects somebody soon: timeouts are drawn, so that rivals who time out together do
// not do so for ever. [Raft §5.2]
#include <fmt/format.h>

#include "sim/checkers.h"

namespace holdfast::sim {
namespace {

/// Terms in a row that may pass without a leader. A split vote is one chance in a few, so this many
/// are none in all the runs that will ever be made.
constexpr uint64_t terms_max = 20;

class Convergence final : public Checker {
  public:
    explicit Convergence(const Sight& sight) : stage_(sight.stage), raft_(sight.raft) {}
    [[nodiscard]] std::string_view name() const override { return "raft-convergence"; }

    void on_effects(NodeId /*node*/, const consensus::Engine& /*engine*/,
                    std::span<const consensus::Effect> /*effects*/) override {
        const SightStep& step = raft_->step();
        if (step.after.leads) passed_ = 0;
        if (step.after.term <= newest_) return;
        newest_ = step.after.term;
        // Under faults there is no telling how long it takes.
        if (step.after.leads || stage_.core().empty()) return;
        if (++passed_ == terms_max)
            violated(fmt::format("{} terms up to {} have passed in a healed core without a leader",
                                 passed_, newest_));
    }

  private:
    const Stage& stage_;
    std::shared_ptr<const RaftSight> raft_;
    uint64_t newest_ = 0, passed_ = 0;
};

}  // namespace

CheckerPtr make_raft_convergence(const Sight& sight) {
    return std::make_unique<Convergence>(sight);
}

}  // namespace holdfast::sim
