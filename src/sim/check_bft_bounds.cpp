// I11, I12 and I15: what an engine keeps, and how much it says while it stands still, stays below
// limits that are generous, and fixed; and no timer is set for longer than its cap.
#include <fmt/format.h>

#include "sim/checkers.h"

namespace holdfast::sim {
namespace {

constexpr uint64_t verifying_max = 4200;
constexpr uint64_t fetching_max = 80;
constexpr uint64_t reads_max = 2100;
constexpr uint64_t views_ahead_max = 9;
/// The longest wait is sixteen times four times eight times as long as a message may need.
constexpr int64_t deltas_of_a_timer_max = 512;
constexpr Duration waiting_max = 10s;
/// To each peer: at once, and for each time that a message may need.
constexpr uint64_t messages_at_once = 1000, messages_in_a_delta = 200;

class BftBounds final : public Checker {
  public:
    explicit BftBounds(const Sight& sight) : stage_(sight.stage), bft_(sight.bft) {}
    [[nodiscard]] std::string_view name() const override { return "bft-bounds"; }

    void on_start(NodeId node, const consensus::Base& /*base*/,
                  const std::vector<consensus::JournalRecord>& /*records*/,
                  consensus::JournalHealth /*health*/, uint64_t /*incarnation*/) override {
        lives_[node] = {.since = stage_.now()};
    }
    void on_effects(NodeId node, const consensus::Engine& engine,
                    std::span<const consensus::Effect> effects) override;
    void on_timer(NodeId node, Duration wait) override {
        const Duration delta(static_cast<int64_t>(stage_.plan().delta_us));
        if (wait > delta * deltas_of_a_timer_max + waiting_max)
            violated(fmt::format("node {} sets its timer to {} ms", node, wait / 1ms));
    }

  private:
    struct Life {
        std::pair<uint64_t, uint64_t> view;
        uint64_t delivered = 0;
        Duration since{};
        uint64_t said = 0;  ///< since then
    };
    void expect(NodeId node, std::string_view what, uint64_t value, uint64_t max) {
        if (value > max)
            violated(fmt::format("node {}: {} is {}, at most {}", node, what, value, max));
    }

    const Stage& stage_;
    std::shared_ptr<const BftSight> bft_;
    std::map<NodeId, Life> lives_;
};

void BftBounds::on_effects(NodeId node, const consensus::Engine& engine,
                           std::span<const consensus::Effect> effects) {
    std::map<std::string_view, uint64_t> probe;
    for (const auto& [name, value] : engine.probe()) probe[name] = value;
    expect(node, "signatures being checked", probe["verifying"], verifying_max);
    expect(node, "candidates being fetched", probe["fetching"], fetching_max);
    expect(node, "reads in the engine", probe["reads"], reads_max);
    // Certificates are taken of any view; but the honest have been there.
    const uint64_t highest = std::max(probe["view"], bft_->highest_view(probe["epoch"]));
    if (highest > probe["delivered_view"])
        expect(node, "views with books", probe["slots"],
               highest - probe["delivered_view"] + views_ahead_max);

    Life& life = lives_[node];
    const std::pair view(probe["epoch"], probe["view"]);
    if (view != life.view || probe["delivered"] != life.delivered)
        life = {.view = view, .delivered = probe["delivered"], .since = stage_.now(), .said = 0};
    for (const consensus::Effect& effect : effects)
        if (std::holds_alternative<consensus::Send>(effect)) ++life.said;
    const auto deltas = static_cast<uint64_t>((stage_.now() - life.since).count()) /
                        std::max<uint64_t>(1, stage_.plan().delta_us);
    expect(node, "messages sent while it stands still", life.said,
           stage_.nodes().size() * (messages_at_once + deltas * messages_in_a_delta));
}

}  // namespace

CheckerPtr make_bft_bounds(const Sight& sight) {
    return std::make_unique<BftBounds>(sight);
}

}  // namespace holdfast::sim
