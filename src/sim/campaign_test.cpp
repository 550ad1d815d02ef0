// Campaigns: order, sums, where they stop, and the audit of determinism.
#include "sim/campaign.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "base/random.h"

namespace holdfast::sim {
namespace {

/// The seeds at which something happens, by the number of nodes of the plan: a fake world.
Outcome fake(const Plan& plan, const RunOptions& /*options*/) {
    static uint64_t runs_in_this_process = 0;
    ++runs_in_this_process;
    Random random(plan.seed);
    ::usleep(static_cast<useconds_t>(random.below(3'000)));  // outcomes overtake each other
    Outcome outcome{.seed = plan.seed,
                    .trace = plan.seed,
                    .simulated = 60s,
                    .events = 10,
                    .engine_steps = 4,
                    .blocks = 2,
                    .transfers_acknowledged = 3,
                    .elections = 1};
    outcome.unrecoverable = plan.seed % 4 == 0;
    outcome.faults = {{"kill", 2}, {plan.seed % 2 == 0 ? "loss" : "power", 1}};
    outcome.marks = {"common"};
    if (plan.seed == 3) outcome.marks.emplace_back("rare");
    if (plan.nodes == 5 && plan.seed % 10 == 7) {
        outcome.verdict = Verdict::safety;
        outcome.violations = {{.checker = "agreement", .what = "no", .at = 1s}};
    }
    if (plan.nodes == 7) outcome.trace = runs_in_this_process * 1000 + plan.seed;
    return outcome;
}

Result<CampaignResult> campaign(size_t jobs, CampaignOptions options, uint64_t nodes) {
    Pool pool({.run = fake, .jobs = jobs});
    options.plan = [nodes](uint64_t seed) -> Result<Plan> {
        Plan plan;
        plan.seed = seed;
        plan.nodes = nodes;
        return plan;
    };
    return run_campaign(pool, options);
}

TEST(Campaign, AddsUp) {
    std::vector<uint64_t> seen;
    CampaignOptions options{.seeds = 100};
    options.progress = [&](const Outcome& outcome, const Tally& tally) {
        seen.push_back(outcome.seed);
        EXPECT_EQ(tally.seeds, seen.size());
    };
    const auto result = campaign(3, options, 3);
    ASSERT_TRUE(result);
    ASSERT_EQ(seen.size(), 100U);
    for (uint64_t i = 0; i < 100; ++i) EXPECT_EQ(seen[i], i + 1);
    const Tally& tally = result->tally;
    EXPECT_EQ(tally.seeds, 100U);
    EXPECT_EQ(tally.audited, 2U);
    EXPECT_EQ(tally.simulated, Duration(6000s));
    EXPECT_EQ(tally.events, 1000U);
    EXPECT_EQ(tally.engine_steps, 400U);
    EXPECT_EQ(tally.blocks, 200U);
    EXPECT_EQ(tally.transfers_acknowledged, 300U);
    EXPECT_EQ(tally.elections, 100U);
    EXPECT_EQ(tally.unrecoverable, 25U);
    EXPECT_EQ(tally.faults,
              (std::map<std::string, uint64_t>{{"kill", 200}, {"loss", 50}, {"power", 50}}));
    EXPECT_EQ(tally.marks.at("common"), 100U);
    EXPECT_EQ(tally.marks.at("rare"), 1U);
    EXPECT_TRUE(result->violated.empty());
    EXPECT_EQ(result->last->seed, 100U);
}

TEST(Campaign, StopsAtTheFirstViolationWhateverTheNumberOfChildren) {
    for (const size_t jobs : {1U, 2U, 5U}) {
        const auto result = campaign(jobs, {.first_seed = 11, .seeds = 90}, 5);
        ASSERT_TRUE(result);
        ASSERT_EQ(result->violated.size(), 1U) << jobs;
        EXPECT_EQ(result->violated[0].seed, 17U);
        EXPECT_EQ(result->tally.seeds, 7U);
        EXPECT_EQ(result->tally.violated.at("agreement"), 1U);
    }
}

TEST(Campaign, KeepsGoingIfAsked) {
    const auto result = campaign(2, {.seeds = 40, .keep_going = true}, 5);
    ASSERT_TRUE(result);
    EXPECT_EQ(result->violated.size(), 4U);
    EXPECT_EQ(result->tally.seeds, 40U);
    EXPECT_EQ(result->tally.violated.at("agreement"), 4U);
}

TEST(Campaign, ASecondRunThatDiffersIsAViolation) {
    const auto result = campaign(1, {.seeds = 200, .audit_every = 20}, 7);
    ASSERT_TRUE(result);
    ASSERT_EQ(result->violated.size(), 1U);
    EXPECT_EQ(result->violated[0].seed, 20U);
    EXPECT_EQ(result->violated[0].verdict, Verdict::safety);
    EXPECT_EQ(result->violated[0].violations[0].checker, "determinism");
    EXPECT_EQ(result->tally.seeds, 20U);
}

TEST(Campaign, APlanThatCannotBeDrawnIsAnError) {
    Pool pool({.run = fake});
    const auto result = run_campaign(pool, {.plan = [](uint64_t) -> Result<Plan> {
                                         return fail(errc::unknown_profile, "nothing");
                                     }});
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, errc::unknown_profile);
}

TEST(Campaign, TheTableSaysWhatWasNeverReached) {
    Tally tally;
    tally.add({.simulated = 3600s, .events = 1'234'567});
    tally.marks = {{"common", 1}};
    tally.took = 2s;
    const std::string text = table(rows(tally, {"common", "never"}));
    EXPECT_NE(text.find("marks never passed"), std::string::npos);
    EXPECT_NE(text.find("  never\n"), std::string::npos);
    EXPECT_NE(text.find("1.00 hours, 1 800 times"), std::string::npos);
    EXPECT_NE(text.find("1 234 567 (617 283 a second)"), std::string::npos) << text;
}

}  // namespace
}  // namespace holdfast::sim
