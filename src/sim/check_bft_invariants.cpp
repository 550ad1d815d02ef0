// What one validator can see of itself, in its own words.
#include "sim/introspection.h"

namespace holdfast::sim {
namespace {

constexpr uint64_t look_every_steps = 64;

class BftInvariants final : public Introspection {
  public:
    BftInvariants(const Sight& sight, SelfCheck self_check)
        : Introspection(sight, std::move(self_check)) {}
    [[nodiscard]] std::string_view name() const override { return "bft-invariants"; }

    void on_effects(NodeId node, const consensus::Engine& engine,
                    std::span<const consensus::Effect> /*effects*/) override {
        if (++steps_ % look_every_steps == 0) look(node, engine);
    }

  private:
    uint64_t steps_ = 0;
};

}  // namespace

CheckerPtr make_bft_invariants(const Sight& sight, SelfCheck self_check) {
    return std::make_unique<BftInvariants>(sight, std::move(self_check));
}

}  // namespace holdfast::sim
