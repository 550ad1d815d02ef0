// A few seconds of every kind of bad day, the same ones each time: every rule holds, the same plan
// leaves the same trace, and no scenario that once broke a rule breaks one again.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include <gtest/gtest.h>

#include "sim/isolated.h"

namespace holdfast::sim {
namespace {

constexpr size_t jobs = 2;
constexpr uint64_t seeds_each = 3;
constexpr Duration lasts = 10s;

std::string story(const Outcome& outcome) {
    std::string text(to_string(outcome.verdict));
    for (const Violation& violation : outcome.violations)
        text += "\n" + violation.checker + ": " + violation.what;
    return text;
}

Plan drawn(std::string_view profile, uint64_t nodes, uint64_t seed,
           std::string_view engine = "raft") {
    auto plan = draw_plan({.engine = std::string(engine),
                           .profile = std::string(profile),
                           .nodes = nodes,
                           .seed = seed,
                           .lasts = lasts});
    EXPECT_TRUE(plan);
    return plan.value_or(Plan{});
}

Plan drawn_bft(std::string_view profile, uint64_t nodes, uint64_t seed,
               std::optional<uint64_t> liars = {}, std::string_view policy = {}) {
    auto plan = draw_plan({.engine = "bft",
                           .profile = std::string(profile),
                           .nodes = nodes,
                           .seed = seed,
                           .lasts = lasts,
                           .liars = liars,
                           .policy = std::string(policy)});
    EXPECT_TRUE(plan);
    return plan.value_or(Plan{});
}

/// Runs each in a child; `done` hears of them in any order.
void run_all(const std::vector<Plan>& plans,
             const std::function<void(const Plan&, const Outcome&)>& done) {
    Pool pool({.run = run_plan, .jobs = jobs});
    size_t next = 0, heard = 0;
    pool.run(
        [&]() -> std::optional<Request> {
            if (next == plans.size()) return {};
            return Request{.plan = plans[next++]};
        },
        [&](size_t number, const Finished& finished) {
            ++heard;
            done(plans.at(number), finished.outcome);
            return true;
        });
    EXPECT_EQ(heard, plans.size());
}

TEST(Smoke, EveryRuleHoldsUnderEveryProfile) {
    std::vector<Plan> plans;
    for (const std::string_view profile : profiles())
        for (const uint64_t nodes : {uint64_t{3}, uint64_t{5}})
            for (uint64_t seed = 1; seed <= seeds_each; ++seed)
                plans.push_back(drawn(profile, nodes, seed));

    uint64_t faults = 0, elections = 0;
    run_all(plans, [&](const Plan& plan, const Outcome& outcome) {
        EXPECT_EQ(outcome.verdict, Verdict::held)
            << plan.profile << ", " << plan.nodes << " nodes, seed " << plan.seed << ": "
            << story(outcome);
        // A world in which nothing happens breaks no rule either.
        EXPECT_GT(outcome.blocks, 0U) << plan.profile << " " << plan.seed;
        EXPECT_GT(outcome.transfers_acknowledged, 0U) << plan.profile << " " << plan.seed;
        if (plan.profile == "none") {
            EXPECT_TRUE(outcome.faults.empty());
        }
        for (const auto& [kind, times] : outcome.faults) faults += times;
        elections += outcome.elections;
    });
    EXPECT_GT(faults, plans.size());
    EXPECT_GT(elections, plans.size());
}

TEST(Smoke, EveryRuleHoldsForByzantineAgreement) {
    std::vector<Plan> plans;
    for (const std::string_view profile : profiles())
        for (const uint64_t nodes : {uint64_t{4}, uint64_t{5}})
            plans.push_back(drawn_bft(profile, nodes, nodes));
    for (uint64_t seed = 1; seed <= seeds_each; ++seed)
        plans.push_back(drawn_bft("swarm", 7, seed, 1));
    for (const std::string_view policy : {"poa", "pos", "dpos"})
        plans.push_back(drawn_bft("swarm", 10, 1, {}, policy));

    uint64_t blocks = 0;
    run_all(plans, [&](const Plan& plan, const Outcome& outcome) {
        EXPECT_EQ(outcome.verdict, Verdict::held)
            << plan.profile << ", " << plan.nodes << " nodes, seed " << plan.seed << ": "
            << story(outcome);
        blocks += outcome.blocks;
    });
    EXPECT_GT(blocks, 10 * plans.size());
}

TEST(Smoke, EveryRuleHoldsForPaxos) {
    std::vector<Plan> plans;
    for (const std::string_view profile : profiles())
        for (const uint64_t nodes : {uint64_t{3}, uint64_t{5}})
            plans.push_back(drawn(profile, nodes, nodes, "paxos"));
    for (uint64_t seed = 1; seed <= seeds_each; ++seed)
        plans.push_back(drawn("swarm", 7, seed, "paxos"));

    uint64_t blocks = 0;
    run_all(plans, [&](const Plan& plan, const Outcome& outcome) {
        EXPECT_EQ(outcome.verdict, Verdict::held)
            << plan.profile << ", " << plan.nodes << " nodes, seed " << plan.seed << ": "
            << story(outcome);
        blocks += outcome.blocks;
    });
    EXPECT_GT(blocks, 10 * plans.size());
}

TEST(Smoke, TheSamePlanLeavesTheSameTrace) {
    const std::vector<Plan> plans{drawn("all", 3, 1),        drawn("swarm", 5, 2),
                                  drawn("all", 3, 1),        drawn("swarm", 5, 2),
                                  drawn_bft("all", 4, 3, 1), drawn_bft("all", 4, 3, 1)};
    std::map<uint64_t, std::vector<Outcome>> by_seed;
    run_all(plans, [&](const Plan& plan, const Outcome& outcome) {
        by_seed[plan.seed].push_back(outcome);
    });
    for (const auto& [seed, outcomes] : by_seed) {
        ASSERT_EQ(outcomes.size(), 2U);
        EXPECT_EQ(outcomes[0].trace, outcomes[1].trace) << seed;
        EXPECT_EQ(outcomes[0].events, outcomes[1].events) << seed;
    }
    EXPECT_NE(by_seed[1][0].trace, by_seed[2][0].trace);
}

TEST(Smoke, NoScenarioBreaksARuleAgain) {
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::directory_iterator(HOLDFAST_TEST_DIR "/testdata"))
        files.push_back(entry.path());
    ASSERT_FALSE(files.empty());
    std::ranges::sort(files);

    std::map<std::string, std::string> name_of;  // by the plan's text
    std::vector<Plan> plans;
    for (const auto& path : files) {
        std::ifstream file(path, std::ios::binary);
        const std::string text{std::istreambuf_iterator<char>(file), {}};
        auto plan = parse_plan(text);
        ASSERT_TRUE(plan) << path << ": " << describe(plan.error());
        name_of[to_text(*plan)] = path.filename().string();
        plans.push_back(std::move(*plan));
    }
    run_all(plans, [&](const Plan& plan, const Outcome& outcome) {
        EXPECT_EQ(outcome.verdict, Verdict::held)
            << name_of[to_text(plan)] << ": " << story(outcome);
    });
}

}  // namespace
}  // namespace holdfast::sim
