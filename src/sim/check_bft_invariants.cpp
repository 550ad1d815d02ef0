// What one validator can see of itself, in its own words.
#include <fmt/format.h>

#include "sim/checkers.h"

namespace holdfast::sim {
namespace {

constexpr uint64_t look_every_steps = 64;

class BftInvariants final : public Checker {
  public:
    BftInvariants(const Sight& sight, SelfCheck self_check)
        : stage_(sight.stage), self_check_(std::move(self_check)) {}
    [[nodiscard]] std::string_view name() const override { return "bft-invariants"; }

    void on_effects(NodeId node, const consensus::Engine& engine,
                    std::span<const consensus::Effect> /*effects*/) override {
        if (++steps_ % look_every_steps == 0) look(node, engine);
    }
    void at_end() override {
        for (const NodeId node : stage_.nodes()) {
            const consensus::Engine* engine = stage_.view(node).engine;
            if (engine != nullptr) look(node, *engine);
        }
    }

  private:
    void look(NodeId node, const consensus::Engine& engine) {
        for (const std::string& rule : self_check_(engine))
            violated(fmt::format("node {}: not so: {}", node, rule));
    }
    const Stage& stage_;
    SelfCheck self_check_;
    uint64_t steps_ = 0;
};

}  // namespace

CheckerPtr make_bft_invariants(const Sight& sight, SelfCheck self_check) {
    return std::make_unique<BftInvariants>(sight, std::move(self_check));
}

}  // namespace holdfast::sim
