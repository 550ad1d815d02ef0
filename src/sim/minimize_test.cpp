// Minimisation against made-up rules: it keeps just what the rule needs, takes nothing for the same
// failure that is another, and finds the same whatever runs at once.
#include "sim/minimize.h"

#include <algorithm>

#include <gtest/gtest.h>

namespace holdfast::sim {
namespace {

Outcome failure(const Plan& plan, std::string checker, Duration at = 10s) {
    Outcome outcome{.seed = plan.seed, .verdict = Verdict::safety};
    outcome.violations = {{.checker = std::move(checker), .what = "made up", .at = at}};
    return outcome;
}

bool has(const Plan& plan, FaultKind kind, uint64_t node) {
    return std::ranges::any_of(
        plan.faults, [&](const Fault& it) { return it.kind == kind && it.node == NodeId(node); });
}
uint64_t reads(const Plan& plan) {
    return static_cast<uint64_t>(
        std::ranges::count(plan.operations, OperationKind::read, &Operation::kind));
}

/// Broken by a kill of 1 with a pause of 2 and three reads; a plan without pauses breaks another
/// rule.
Outcome needs_three_things(const Plan& plan) {
    if (!has(plan, FaultKind::pause, 2)) return failure(plan, "another");
    if (has(plan, FaultKind::kill, 1) && reads(plan) >= 3) return failure(plan, "agreement");
    return {.seed = plan.seed};
}

Plan big_plan() {
    Plan plan{.nodes = 5, .spares = 2, .segment_bytes = 2'000, .delay_us = 9'000};
    plan.seed = 4;
    for (int64_t i = 0; i < 200; ++i) {
        const Duration at = std::chrono::milliseconds(100 * i);
        plan.faults.push_back({.at = at,
                               .kind = i % 7 == 0   ? FaultKind::kill
                                       : i % 7 == 1 ? FaultKind::pause
                                                    : FaultKind::loss,
                               .lasts = 1s,
                               .node = NodeId(1 + static_cast<uint64_t>(i) % 3),
                               .amount = 100});
        plan.operations.push_back(
            {.at = at,
             .kind = i % 3 == 0 ? OperationKind::read : OperationKind::transfer,
             .account = 1,
             .node = NodeId(1 + static_cast<uint64_t>(i) % 5)});
    }
    return plan;
}

TEST(Minimize, KeepsJustWhatTheRuleNeeds) {
    const Plan plan = big_plan();
    const Minimized small = minimize(plan, needs_three_things(plan), needs_three_things);
    EXPECT_EQ(identity(small.outcome), "agreement");
    ASSERT_EQ(small.plan.faults.size(), 2U);
    EXPECT_TRUE(has(small.plan, FaultKind::kill, 1));
    EXPECT_TRUE(has(small.plan, FaultKind::pause, 2));
    EXPECT_EQ(small.plan.operations.size(), 3U);
    EXPECT_EQ(reads(small.plan), 3U);
    EXPECT_EQ(small.plan.spares, 0U);
    EXPECT_EQ(small.plan.nodes, 2U);
    EXPECT_EQ(small.plan.segment_bytes, Plan{}.segment_bytes);
    EXPECT_EQ(small.plan.delay_us, Plan{}.delay_us);
    EXPECT_LT(small.plan.lasts, plan.lasts);
    EXPECT_EQ(small.plan.seed, plan.seed);
    EXPECT_LT(small.tries, 400U);
    const auto again = parse_plan(to_text(small.plan));
    ASSERT_TRUE(again) << again.error().detail;
    EXPECT_EQ(*again, small.plan);
}

TEST(Minimize, CutsWhatComesAfterTheViolationAtOnce) {
    const Plan plan = big_plan();
    size_t runs = 0;
    const auto early = [&](const Plan& it) {
        ++runs;
        if (runs == 1) {
            EXPECT_LE(it.lasts, Duration(2s));
            EXPECT_LE(it.faults.back().at, Duration(2s));
        }
        return has(it, FaultKind::kill, 1) ? failure(it, "early", 1s) : Outcome{};
    };
    const Minimized small = minimize(plan, failure(plan, "early", 1s), early);
    EXPECT_EQ(small.plan.faults.size(), 1U);
    EXPECT_TRUE(small.plan.operations.empty());
    EXPECT_LT(runs, 60U);
}

TEST(Minimize, EndsAfterItsTriesWithTheBestSoFar) {
    const Plan plan = big_plan();
    size_t runs = 0;
    const auto counted = [&](const Plan& it) {
        ++runs;
        return needs_three_things(it);
    };
    const Minimized small =
        minimize(plan, needs_three_things(plan), counted, {.tries_max = 12, .progress = {}});
    EXPECT_EQ(runs, 12U);
    EXPECT_EQ(small.tries, 12U);
    EXPECT_EQ(identity(needs_three_things(small.plan)), "agreement");
    EXPECT_LT(small.plan.faults.size(), plan.faults.size());
}

TEST(Minimize, ChildrenAtOnceFindTheSame) {
    const Plan plan = big_plan();
    const Minimized alone = minimize(plan, needs_three_things(plan), needs_three_things);
    for (const size_t jobs : {1U, 3U}) {
        Pool pool({.run = [](const Plan& it, const RunOptions&) { return needs_three_things(it); },
                   .jobs = jobs});
        const Minimized together = minimize(plan, needs_three_things(plan), pool);
        EXPECT_EQ(together.plan, alone.plan);
        EXPECT_EQ(together.tries, alone.tries);
    }
}

TEST(Minimize, ChecksAreTheSameOnlyIfTheirWordsAre) {
    Outcome one, other;
    one.violations = {{.checker = "CHECK", .what = "a"}};
    other.violations = {{.checker = "CHECK", .what = "b"}};
    EXPECT_NE(identity(one), identity(other));
    one.violations[0].checker = other.violations[0].checker = "agreement";
    EXPECT_EQ(identity(one), identity(other));
    EXPECT_EQ(identity(Outcome{}), "");
}

TEST(Minimize, LeavesAPlanAloneThatHolds) {
    const Plan plan = big_plan();
    const Minimized same = minimize(plan, Outcome{}, [](const Plan&) { return Outcome{}; });
    EXPECT_EQ(same.plan, plan);
    EXPECT_EQ(same.tries, 0U);
}

}  // namespace
}  // namespace holdfast::sim
