// How fast agreement is, counted in what a message takes: all links take equally long, so a block's
// way from its leader to its finality is a number of messages one after the other.
#include <algorithm>

#include <gtest/gtest.h>

#include "consensus/bft/messages.h"
#include "node/messages.h"
#include "sim/world.h"

namespace holdfast::sim {
namespace {

constexpr uint64_t second_us = 1'000'000;
constexpr Duration run_lasts = 16s, settled_at = 6s;

Duration us(uint64_t count) {
    return Duration(static_cast<int64_t>(count));
}

/// What was seen between two moments.
struct Figures {
    Duration from{}, to{};
    std::vector<Duration> finalities;  ///< of every block on every node, since it was proposed
    std::vector<Duration> latencies;   ///< of transfers, since their clients first sent them
    uint64_t blocks = 0;               ///< delivered by node 1
};

class Stopwatch final : public Checker {
  public:
    Stopwatch(const Stage& stage, Figures& figures)
        : stage_(stage),
          figures_(figures),
          tag_(node::encode_message(node::EngineMessage{})->front()) {}
    [[nodiscard]] std::string_view name() const override { return "stopwatch"; }

    void on_send(NodeId /*from*/, NodeId /*to*/, ByteView message) override {
        if (message.empty() || message.front() != tag_) return;
        const auto body = bft::decode(message.subspan(1));
        if (!body) return;
        if (const auto* propose = std::get_if<bft::Propose>(&*body))
            proposed_.try_emplace(*propose->candidate.payload, stage_.now());
    }
    void on_effects(NodeId node, const consensus::Engine& /*engine*/,
                    std::span<const consensus::Effect> effects) override {
        for (const consensus::Effect& effect : effects) {
            const auto* deliver = std::get_if<consensus::Deliver>(&effect);
            if (deliver == nullptr || !is_now()) continue;
            if (node == NodeId(1)) ++figures_.blocks;
            const auto since = proposed_.find(*deliver->payload);
            if (since != proposed_.end())
                figures_.finalities.push_back(stage_.now() - since->second);
        }
    }
    void on_answer(const Call& call, const Answer& answer) override {
        if (call.kind == OperationKind::transfer && is_now())
            figures_.latencies.push_back(answer.at - call.invoked);
    }

  private:
    [[nodiscard]] bool is_now() const {
        return stage_.now() >= figures_.from && stage_.now() < figures_.to;
    }
    const Stage& stage_;
    Figures& figures_;
    uint8_t tag_;
    std::map<Bytes, Duration> proposed_;
};

/// A constant delay on every link, disks that take no time, and steady load on the first nodes.
Plan steady(uint64_t nodes, uint64_t delay_us, uint64_t calls_per_second, uint64_t asked) {
    Plan plan{.engine = "bft", .nodes = nodes, .lasts = run_lasts, .streams = false};
    plan.delay_us = delay_us;
    plan.jitter_percent = 0;
    plan.sync_us = 0;
    plan.delta_us = 4 * delay_us;
    const uint64_t calls = static_cast<uint64_t>(run_lasts / 1s) * calls_per_second;
    for (uint64_t i = 0; i < calls; ++i)
        plan.operations.push_back({.at = us(i * second_us / calls_per_second),
                                   .kind = OperationKind::transfer,
                                   .account = i % plan.accounts,
                                   .node = NodeId(1 + i % asked)});
    return plan;
}

Figures measured(const Plan& plan) {
    Figures figures{.from = settled_at, .to = run_lasts};
    const Outcome outcome = run_plan(plan, {.onlooker = [&](const Stage& stage) {
                                         return std::make_unique<Stopwatch>(stage, figures);
                                     }});
    EXPECT_EQ(outcome.verdict, Verdict::held)
        << (outcome.violations.empty() ? "" : outcome.violations.front().what);
    std::ranges::sort(figures.finalities);
    std::ranges::sort(figures.latencies);
    return figures;
}

double ratio(Duration part, Duration whole) {
    return static_cast<double>(part.count()) / static_cast<double>(whole.count());
}

// Proposal, notarizations, finalizations.
TEST(Speed, ABlockIsFinalThreeMessagesAfterItsLeaderProposesIt) {
    constexpr uint64_t delay_us = 100'000;
    for (const uint64_t nodes : {uint64_t{4}, uint64_t{10}}) {
        const Figures seen = measured(steady(nodes, delay_us, 5, nodes));
        ASSERT_GT(seen.finalities.size(), 10 * nodes);
        // What is no message, as work on lanes, is small beside one.
        EXPECT_GE(ratio(seen.finalities.front(), us(delay_us)), 3.0) << nodes;
        EXPECT_LT(ratio(seen.finalities.back(), us(delay_us)), 3.1) << nodes;
    }
}

// Their turns are passed over as soon as they come.
TEST(Speed, ThreeSilentOfTenCostAQuarterAtMost) {
    constexpr uint64_t delay_us = 50'000, nodes = 10, alive = 7, calls_per_second = 40;
    const Plan all = steady(nodes, delay_us, calls_per_second, alive);
    Plan fewer = all;
    for (const uint64_t dead : {uint64_t{8}, uint64_t{9}, uint64_t{10}})
        fewer.faults.push_back(
            {.at = 1s, .kind = FaultKind::kill, .lasts = all.lasts, .node = NodeId(dead)});
    const Figures before = measured(all), after = measured(fewer);
    const auto median = [](const Figures& it) { return it.latencies[it.latencies.size() / 2]; };
    ASSERT_GT(before.latencies.size(), 5 * calls_per_second);
    EXPECT_GE(4 * after.blocks, 3 * before.blocks);
    EXPECT_GE(4 * after.latencies.size(), 3 * before.latencies.size());
    EXPECT_LE(median(after), 2 * median(before));
    RecordProperty("blocks", std::to_string(before.blocks) + " " + std::to_string(after.blocks));
    RecordProperty("median_us", std::to_string(median(before).count()) + " " +
                                    std::to_string(median(after).count()));
}

}  // namespace
}  // namespace holdfast::sim
