// What the swarm draws, and what the world makes of the rarer of it: a machine that most befalls,
// deaths in the midst of recovery, networks without accidents.
#include <algorithm>
#include <set>

#include <gtest/gtest.h>

#include "sim/cast.h"
#include "sim/network.h"
#include "sim/world.h"

namespace holdfast::sim {
namespace {

constexpr uint64_t seeds = 400;

Plan drawn(uint64_t seed) {
    auto plan = draw_plan({.nodes = 5, .seed = seed});
    EXPECT_TRUE(plan);
    return plan.value_or(Plan{});
}

/// Somebody who only looks at the clock.
class Listener final : public Socket {
  public:
    explicit Listener(const Schedule& schedule) : schedule_(schedule) {}
    [[nodiscard]] bool listening() const override { return true; }
    [[nodiscard]] bool knows(NodeId /*peer*/) const override { return true; }
    void on_message(NodeId /*from*/, Buffer /*message*/) override { heard.push_back(now()); }
    void on_connected(NodeId /*peer*/, ConnectionId /*connection*/) override {}
    void on_dial_failed(NodeId /*peer*/) override {}
    void on_bytes(NodeId /*peer*/, ConnectionId /*connection*/, Buffer /*bytes*/) override {}
    void on_room(NodeId /*peer*/, ConnectionId /*connection*/) override {}
    void on_broken(NodeId /*peer*/, ConnectionId /*connection*/) override {}
    std::vector<Duration> heard;

  private:
    [[nodiscard]] Duration now() const { return schedule_.now(); }
    const Schedule& schedule_;
};

std::vector<Duration> arrivals(uint64_t jitter_percent) {
    const Plan plan{.delay_us = 900, .jitter_percent = jitter_percent};
    Schedule schedule;
    Network network(plan, schedule);
    Listener one(schedule), two(schedule);
    network.plug(NodeId(1), one);
    network.plug(NodeId(2), two);
    for (int i = 0; i < 20; ++i) network.send(NodeId(1), NodeId(2), make_buffer({1}));
    while (const auto action = schedule.take()) action();
    return two.heard;
}

TEST(PlanDraw, ReachesWhatIsRare) {
    uint64_t steady = 0, forgetful = 0, again = 0, long_ones = 0, quiet = 0, greeted = 0;
    for (uint64_t seed = 1; seed <= seeds; ++seed) {
        const Plan plan = drawn(seed);
        steady += plan.jitter_percent == 0 ? 1U : 0U;
        forgetful += plan.log_bytes_retained <= 500 ? 1U : 0U;
        quiet += plan.operations.size() < 300 ? 1U : 0U;
        for (const Fault& first : plan.faults) {
            long_ones +=
                first.kind <= FaultKind::bandwidth && first.lasts > Duration(20s) ? 1U : 0U;
            if (first.kind != FaultKind::kill && first.kind != FaultKind::power) continue;
            const Duration back = first.at + first.lasts;
            again += std::ranges::any_of(plan.faults, [&](const Fault& it) {
                return it.kind == FaultKind::kill_within && it.node == first.node &&
                       it.at > first.at && it.at < back;
            });
            greeted += std::ranges::count_if(plan.operations, [&](const Operation& it) {
                           return it.kind == OperationKind::read && it.node == first.node &&
                                  it.at > back && it.at < back + 500ms;
                       }) > 5;
        }
    }
    EXPECT_GT(steady, seeds / 10);
    EXPECT_GT(forgetful, seeds / 10);
    EXPECT_GT(quiet, seeds / 10);
    EXPECT_GT(again, seeds / 10);
    EXPECT_GT(long_ones, seeds / 10);
    EXPECT_GT(greeted, seeds / 10);
}

TEST(PlanDraw, EachPolicyHasItsStakesAndItsLiars) {
    std::map<std::string, uint64_t> policies, kinds;
    uint64_t unequal = 0, standbys = 0, strict = 0;
    for (uint64_t seed = 1; seed <= seeds; ++seed) {
        const auto plan = draw_plan({.engine = "bft", .nodes = 7, .seed = seed});
        ASSERT_TRUE(plan);
        EXPECT_FALSE(too_many_lie(*plan));
        EXPECT_TRUE(chain::validate_genesis(make_genesis(*plan))) << seed;
        ++policies[plan->policy];
        unequal += plan->weight_max > 1 ? 1U : 0U;
        standbys +=
            plan->has_stakes() && plan->committee_max < plan->nodes + plan->spares ? 1U : 0U;
        strict += plan->has_stakes() && plan->missed_per_mille < 1000 ? 1U : 0U;
        for (const Operation& it : plan->operations)
            if (is_about_stakes(it.kind)) ++kinds[std::string(to_string(it.kind))];
    }
    EXPECT_EQ(policies.size(), 3U);
    for (const auto& [policy, times] : policies) EXPECT_GT(times, seeds / 6) << policy;
    EXPECT_EQ(kinds.size(), 6U);
    EXPECT_GT(unequal, seeds / 6);
    EXPECT_GT(standbys, seeds / 20);
    EXPECT_GT(strict, seeds / 20);
    const auto wanted = draw_plan({.engine = "bft", .nodes = 4, .policy = "pos", .weight_max = 3});
    ASSERT_TRUE(wanted);
    EXPECT_EQ(wanted->policy, "pos");
    EXPECT_EQ(wanted->weight_max, 3U);
    EXPECT_FALSE(draw_plan({.engine = "bft", .policy = "raft"}));
    EXPECT_TRUE(draw_plan({.engine = "paxos"}));
}

TEST(PlanDraw, SomeRunsHaveAWeakMachine) {
    size_t weak = 0;
    for (uint64_t seed = 1; seed <= seeds; ++seed) {
        std::map<NodeId, size_t> times;
        size_t all = 0;
        for (const Fault& fault : drawn(seed).faults) {
            if (fault.node == NodeId{} || fault.kind > FaultKind::clock_step) continue;
            ++times[fault.node];
            ++all;
        }
        weak += std::ranges::any_of(
            times, [&](const auto& it) { return all >= 20 && 2 * it.second > all; });
    }
    EXPECT_GT(weak, seeds / 10);
    EXPECT_LT(weak, seeds / 2);
}

TEST(World, ANodeCanDieWhileItRecovers) {
    Plan plan;
    plan.lasts = 6s;
    plan.faults = {{.at = 1s, .kind = FaultKind::kill, .lasts = 1s, .node = NodeId(2)},
                   {.at = 1500ms, .kind = FaultKind::kill_within, .node = NodeId(2), .amount = 2}};
    Recorder recorder;
    const Outcome outcome = run_plan(plan, {.recorder = &recorder});
    EXPECT_EQ(outcome.verdict, Verdict::held);
    ASSERT_EQ(recorder.faults.size(), 2U);
    EXPECT_EQ(recorder.faults[1].why_not, "");
    const auto ends = std::ranges::count_if(recorder.lives, [](const Recorder::Life& life) {
        return life.node == NodeId(2) && life.end == "killed";
    });
    EXPECT_EQ(ends, 2);
    EXPECT_TRUE(std::ranges::any_of(recorder.lives, [](const Recorder::Life& life) {
        return life.node == NodeId(2) && life.end == "killed" && life.to == Duration(2s);
    })) << "as soon as it was back";
}

TEST(World, AHealedNodeLivesOn) {
    Plan plan;
    plan.lasts = 2s;
    plan.faults = {{.at = 1s, .kind = FaultKind::kill, .lasts = 9s, .node = NodeId(2)},
                   {.at = 1500ms, .kind = FaultKind::kill_within, .node = NodeId(2), .amount = 2}};
    Recorder recorder;
    EXPECT_EQ(run_plan(plan, {.recorder = &recorder}).verdict, Verdict::held);
    const auto ends = std::ranges::count_if(recorder.lives, [](const Recorder::Life& life) {
        return life.node == NodeId(2) && life.end == "killed";
    });
    EXPECT_EQ(ends, 1);
}

TEST(World, AReplayBringsTheLastMessagesAgain) {
    const Plan plan;
    Schedule schedule;
    Network network(plan, schedule);
    Listener one(schedule), two(schedule);
    network.plug(NodeId(1), one);
    network.plug(NodeId(2), two);
    const auto play = [&] {
        while (const auto action = schedule.take()) action();
    };
    const Fault replay{.kind = FaultKind::replay, .lasts = 1s, .node = NodeId(2), .amount = 2};
    EXPECT_FALSE(network.replay(replay)) << "nothing was ever said";
    for (int i = 0; i < 3; ++i) network.send(NodeId(1), NodeId(2), make_buffer({1}));
    play();
    ASSERT_EQ(two.heard.size(), 3U);
    EXPECT_TRUE(network.replay(replay));
    play();
    EXPECT_GT(two.heard.size(), 3U + 2 * 2);
    EXPECT_TRUE(one.heard.empty());
    EXPECT_LE(two.heard.back(), two.heard[2] + 1s);
}

TEST(World, DelaysAreAllEqualWithoutJitter) {
    const auto steady = arrivals(0);
    EXPECT_EQ(steady, std::vector<Duration>(20, Duration(900)));
    const auto usual = arrivals(100);
    EXPECT_EQ(usual.size(), 20U);
    EXPECT_GT(std::set<Duration>(usual.begin(), usual.end()).size(), 10U);
}

}  // namespace
}  // namespace holdfast::sim
