// Scenario files: what is written is read back as it was, and what is wrong is named by line and
// word.
#include <algorithm>

#include <gtest/gtest.h>

#include "base/random.h"
#include "sim/cast.h"
#include "sim/fault_table.h"

namespace holdfast::sim {
namespace {

Duration us(uint64_t count) {
    return Duration(static_cast<int64_t>(count));
}

uint64_t random_amount(const KindRow& row, uint64_t machines, Random& random) {
    if (row.unit == Unit::nodes) return random.below(uint64_t{1} << machines);
    if (row.unit == Unit::none) return random.chance(1, 4) ? random.next() : 0;
    return random.between(row.low, row.high);
}

void add_agreement(Plan& plan, Random& random) {
    constexpr std::array<std::string_view, 3> policies{"poa", "pos", "dpos"};
    plan.engine = "bft";
    plan.policy = policies.at(random.below(3));
    plan.epoch_blocks = random.between(1, 300);
    plan.weight_max = random.between(1, 9);
    plan.liars = random.below(uint64_t{1} << plan.nodes);
    plan.reporters = random.below(uint64_t{1} << (plan.nodes + plan.spares));
    plan.evidence_epochs = random.between(1, 8);
    if (!plan.has_stakes()) return;
    plan.unbonding_epochs = plan.evidence_epochs + random.between(1, 9);
    plan.committee_max = random.between(1, 21);
    plan.block_reward = random.below(1'000'000);
    plan.slash_per_mille = random.below(1001);
    plan.accuser_per_mille = random.below(501);
    plan.missed_per_mille = random.between(1, 1000);
    plan.jail_epochs = random.between(1, 9);
    plan.guilts_max = random.between(1, 9);
}

Operation random_operation(const Plan& plan, Random& random) {
    const uint64_t machines = plan.nodes + plan.spares;
    Operation made{.kind = static_cast<OperationKind>(random.below(operation_kind_count))};
    made.node = NodeId(random.between(1, machines));
    if (!is_about_stakes(made.kind)) {
        made.account = random.below(plan.accounts);
        return made;
    }
    made.account = random.below(holders_max + 1);
    made.candidate = NodeId(random.between(1, machines));
    if (random.chance(1, 2)) made.other = NodeId(random.between(1, machines));
    if (random.chance(1, 2)) made.amount = random.between(1, 1'000'000);
    return made;
}

Plan random_plan(uint64_t seed) {
    Random random(seed);
    Plan plan;
    plan.seed = random.next();
    plan.nodes = random.between(1, 16);
    plan.spares = random.below(3);
    plan.lasts = us(random.between(1, 3'600'000'000));
    plan.streams = random.chance(1, 2);
    plan.accounts = random.between(1, 64);
    plan.segment_bytes = random.between(1000, 1 << 30);
    plan.blocks_kept = random.below(1000);
    plan.log_bytes_retained = random.below(1 << 30);
    plan.delay_us = random.below(60'000'000);
    plan.jitter_percent = random.below(101);
    plan.sync_us = random.below(5) * 1'000'000;
    plan.outbid_percent = random.below(101);
    const uint64_t machines = plan.nodes + plan.spares;
    if (random.chance(1, 2)) add_agreement(plan, random);
    if (random.chance(1, 2)) plan.core = random.below(uint64_t{1} << machines);
    const auto last = static_cast<uint64_t>(plan.lasts.count()) + 1;
    for (uint64_t i = random.below(60); i > 0; --i) {
        const KindRow& row = kind_table[random.below(fault_kind_count)];
        plan.faults.push_back({.at = us(random.below(last)),
                               .kind = row.kind,
                               .lasts = us(random.below(3) * random.below(10'000'000)),
                               .node = NodeId(random.below(machines + 1)),
                               .peer = NodeId(random.below(machines + 1)),
                               .amount = random_amount(row, machines, random)});
    }
    for (uint64_t i = random.below(60); i > 0; --i) {
        const Duration at = us(random.below(last));
        plan.operations.push_back(random_operation(plan, random));
        plan.operations.back().at = at;
    }
    std::ranges::stable_sort(plan.faults, {}, &Fault::at);
    std::ranges::stable_sort(plan.operations, {}, &Operation::at);
    return plan;
}

TEST(PlanText, ReadsBackWhateverItWrote) {
    for (uint64_t seed = 0; seed < 500; ++seed) {
        const Plan plan = random_plan(seed);
        const auto back = parse_plan(to_text(plan));
        ASSERT_TRUE(back) << seed << ": " << back.error().detail << "\n" << to_text(plan);
        EXPECT_EQ(*back, plan) << to_text(plan);
    }
}

TEST(PlanText, ReadsBackPlansAsTheyAreDrawn) {
    for (const std::string_view profile : profiles())
        for (uint64_t seed = 1; seed <= 20; ++seed) {
            const auto plan =
                draw_plan({.profile = std::string(profile), .nodes = 5, .seed = seed});
            ASSERT_TRUE(plan);
            const auto back = parse_plan(to_text(*plan));
            ASSERT_TRUE(back) << back.error().detail;
            EXPECT_EQ(*back, *plan);
            // What is about nobody in particular names nobody.
            for (const Fault& fault : plan->faults)
                if (fault.kind == FaultKind::split) {
                    EXPECT_EQ(fault.node, NodeId{}) << describe(fault);
                }
        }
}

TEST(PlanText, IsPleasantToRead) {
    Plan plan{.nodes = 5};
    plan.seed = 17;
    plan.core = 0b111;
    plan.faults = {
        {.at = us(500'000), .kind = FaultKind::split, .lasts = us(3'000'000), .amount = 0b11},
        {.at = us(700'000),
         .kind = FaultKind::loss,
         .lasts = us(4'000'000),
         .node = NodeId(3),
         .peer = NodeId(5),
         .amount = 125},
        {.at = us(12'300'000), .kind = FaultKind::power, .lasts = us(400'000), .node = NodeId(3)},
        {.at = us(12'300'001),
         .kind = FaultKind::clock_step,
         .node = NodeId(1),
         .amount = 1'000'000'000 - 30'000},
    };
    plan.operations = {
        {.at = us(600'000), .kind = OperationKind::transfer, .account = 4, .node = NodeId(2)}};
    EXPECT_EQ(
        to_text(plan),
        "engine raft\nprofile swarm\nseed 17\nnodes 5\nspares 0\naccounts 8\n"
        "segment-bytes 33554432\nblocks-kept 0\nlog-bytes-retained 1048576\n"
        "delay 500us\njitter-percent 100\nsync 300us\noutbid-percent 0\nlasts 60s\nstreams yes\n"
        "core 1,2,3\n\n"
        "0.500s split off 1,2 for 3s\n"
        "0.600s transfer 4 at 2\n"
        "0.700s loss 3->5 of 12.5% for 4s\n"
        "12.300s power 3 for 400ms\n"
        "12.300001s clock-step 1 by -30000ms\n");
}

TEST(PlanText, SaysWhoDoesWhatToWhichStake) {
    const std::string_view lines =
        "1.000s stake 3 amount 1500 at 1\n"
        "2.000s move 3 to 4 by 2 amount 500 at 1\n"
        "3.000s unstake 3 at 2\n"
        "4.000s slander 4 by 1 at 1\n";
    const auto plan = parse_plan("engine bft\npolicy dpos\nnodes 4\n" + std::string(lines));
    ASSERT_TRUE(plan) << plan.error().detail;
    ASSERT_EQ(plan->operations.size(), 4U);
    const Operation& move = plan->operations[1];
    EXPECT_EQ(move.kind, OperationKind::move);
    EXPECT_EQ(move.account, 2U);
    EXPECT_EQ(move.candidate, NodeId(3));
    EXPECT_EQ(move.other, NodeId(4));
    EXPECT_EQ(move.amount, 500U);
    EXPECT_EQ(plan->operations[2].amount, 0U) << "everything";
    EXPECT_TRUE(to_text(*plan).ends_with(lines));
    EXPECT_NE(to_text(*plan).find("policy dpos\n"), std::string::npos);
}

// What stood in a file before there were policies was by authority, and nobody was punished.
TEST(PlanText, AFileWithoutAPolicyMeansWhatItMeant) {
    const auto plan = parse_plan("engine bft\nnodes 4\nliars 1\n");
    ASSERT_TRUE(plan);
    EXPECT_EQ(plan->policy, "poa");
    EXPECT_EQ(plan->reporters, 0U);
    EXPECT_EQ(make_genesis(*plan).bft.policy, chain::Policy::poa);
    EXPECT_EQ(make_genesis(*plan).bft.evidence_epochs_max,
              chain::BftParameters{}.evidence_epochs_max);
}

TEST(PlanText, TakesWhatAPersonWrites) {
    const auto plan = parse_plan(
        "# the leader dies twice\n"
        "nodes 3   # few\n"
        "lasts 1m\n"
        "\n"
        "\t12s kill 2 for 1.5s\r\n"
        "1.5s  power-all for 800ms   # later in the file, earlier in time\n"
        "2s read 0 at 1");
    ASSERT_TRUE(plan) << plan.error().detail;
    EXPECT_EQ(plan->lasts, Duration(60s));
    ASSERT_EQ(plan->faults.size(), 2U);
    EXPECT_EQ(plan->faults[0].kind, FaultKind::power_all);
    EXPECT_EQ(plan->faults[1].lasts, Duration(1500ms));
    EXPECT_EQ(plan->operations.size(), 1U);
}

TEST(PlanText, NamesLineAndWordOfWhatIsWrong) {
    const std::pair<std::string_view, std::string_view> cases[] = {
        {"nodes 3\nspeed 4\n", "line 2: 'speed'"},
        {"nodes 0\n", "line 1: '0'"},
        {"nodes 17\n", "line 1: '17'"},
        {"nodes 3 4\n", "line 1: '4'"},
        {"nodes\n", "line 1: 'nodes'"},
        {"nodes 3\nnodes 5\n", "line 2: 'nodes'"},
        {"streams maybe\n", "line 1: 'maybe'"},
        {"lasts 60\n", "line 1: '60'"},
        {"accounts 65\n", "line 1: '65'"},
        {"1s kill 1\nnodes 3\n", "line 2: 'nodes'"},
        {"1 kill 1\n", "line 1: '1'"},
        {"1s explode 1\n", "line 1: 'explode'"},
        {"1s kill\n", "line 1: ''"},
        {"1s kill 4\n", "line 1: '4'"},
        {"1s kill 0\n", "line 1: '0'"},
        {"1s kill 1 for ever\n", "line 1: 'ever'"},
        {"1s kill 1 again\n", "line 1: 'again'"},
        {"1s cut 1->9 for 1s\n", "line 1: '1->9'"},
        {"1s loss 1 for 1s\n", "line 1: 'for'"},
        {"1s loss 1 of 101%\n", "line 1: '101%'"},
        {"1s loss 1 of 12.34%\n", "line 1: '12.34%'"},
        {"1s drift 1 to 0%\n", "line 1: '0%'"},
        {"1s slow 1 by 5\n", "line 1: '5'"},
        {"1s split off 1,4\n", "line 1: '1,4'"},
        {"1s split off 1,,2\n", "line 1: '1,,2'"},
        {"1s clock-step 1 by 5ms\n", "line 1: '5ms'"},
        {"1s transfer 8 at 1\n", "line 1: '8'"},
        {"1s transfer 1 to 1\n", "line 1: 'to'"},
        {"1s transfer 1 at 0\n", "line 1: '0'"},
        {"0.0000001s kill 1\n", "line 1: '0.0000001s'"},
        {"99999999999999999999s kill 1\n", "line 1: '99999999999999999999s'"},
        {"policy raft\n", "line 1: 'raft'"},
        {"1s stake 9 at 1\n", "line 1: '9'"},
        {"1s stake 1 by 9 at 1\n", "line 1: '9'"},
        {"1s stake 1\n", "line 1: ''"},
        {"reporters 9\n", "'reporters'"},
        {"evidence-epochs 20\n", "'unbonding-epochs'"},
        {"core 9\n", "'core'"},
        {"lasts 1s\n2s kill 1\n", "'lasts'"},
    };
    for (const auto& [text, expected] : cases) {
        const auto plan = parse_plan(text);
        ASSERT_FALSE(plan) << text;
        EXPECT_EQ(plan.error().code, errc::plan_malformed);
        EXPECT_NE(plan.error().detail.find(expected), std::string::npos)
            << text << " gave: " << plan.error().detail;
    }
}

TEST(PlanText, SaysEachFaultInASentence) {
    EXPECT_EQ(describe(Fault{.at = us(12'300'000),
                             .kind = FaultKind::power,
                             .lasts = us(400'000),
                             .node = NodeId(3)}),
              "at 12.3 s node 3 loses power for 400 ms");
    EXPECT_EQ(
        describe(Fault{
            .at = us(1'000'000), .kind = FaultKind::loss, .lasts = us(2'000'000), .amount = 300}),
        "at 1 s 30% of messages are lost on all links for 2 s");
    Fault within{.kind = FaultKind::kill_within, .node = NodeId(2), .amount = 4};
    EXPECT_EQ(describe(within), "at 0 s node 2 is killed, 4 effects into what it does");
    within.amount = 5;
    EXPECT_EQ(describe(within), "at 0 s node 2 loses power, 5 effects into what it does");
    for (const KindRow& row : kind_table) {
        EXPECT_EQ(to_string(row.kind), row.name);
        EXPECT_GT(describe(Fault{.kind = row.kind, .node = NodeId(1)}).size(), 12U) << row.name;
    }
}

}  // namespace
}  // namespace holdfast::sim
