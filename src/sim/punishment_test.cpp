// A validator that lies is found out, brought before the ledger by a transaction, and loses its
// seat, by whichever policy it had it.
#include <gtest/gtest.h>

#include "chain/statement.h"
#include "crypto/hash.h"
#include "ledger/contract.h"
#include "sim/world.h"

namespace holdfast::sim {
namespace {

/// What the blocks say of guilt.
struct Verdicts {
    uint64_t guilty = 0, slashed = 0;
    std::set<uint64_t> whom;
    std::set<std::pair<uint64_t, uint64_t>> lies;  ///< found out, by epoch and view
    chain::MemberSet members;
};

class Court final : public Checker {
  public:
    explicit Court(Verdicts& verdicts) : verdicts_(verdicts) {}
    [[nodiscard]] std::string_view name() const override { return "court"; }
    void on_effects(NodeId /*node*/, const consensus::Engine& /*engine*/,
                    std::span<const consensus::Effect> effects) override {
        for (const consensus::Effect& effect : effects)
            if (const auto* accuse = std::get_if<consensus::Accuse>(&effect))
                if (const auto evidence = chain::decode_evidence(accuse->evidence))
                    verdicts_.lies.emplace(evidence->first.statement.epoch,
                                           evidence->first.statement.view);
    }
    void on_block(NodeId node, const ledger::Executed& executed) override {
        if (node != NodeId(1)) return;
        verdicts_.members = executed.members;
        const auto topic = [](std::string_view event) { return crypto::keccak256(view_of(event)); };
        for (const chain::Receipt& receipt : executed.receipts)
            for (const chain::Log& log : receipt.logs) {
                if (log.topics[0] == topic("Guilty(uint64,address,uint64,uint64,uint64)")) {
                    ++verdicts_.guilty;
                    verdicts_.whom.insert(log.topics[1].bytes[31]);
                }
                if (log.topics[0] == topic("Slashed(uint64,address,uint256,uint256)"))
                    ++verdicts_.slashed;
            }
    }

  private:
    Verdicts& verdicts_;
};

class Punishment : public ::testing::TestWithParam<std::string_view> {};

TEST_P(Punishment, ALiarLosesItsSeat) {
    Plan plan{.engine = "bft", .seed = 4, .nodes = 4, .lasts = 20s};
    plan.policy = GetParam();
    plan.liars = 0b0100;
    plan.reporters = 0b1011;
    plan.epoch_blocks = 8;
    plan.jail_epochs = 1000;
    Verdicts verdicts;
    const Outcome outcome = run_plan(
        plan, {.onlooker = [&](const Stage&) { return std::make_unique<Court>(verdicts); }});
    EXPECT_EQ(outcome.verdict, Verdict::held)
        << (outcome.violations.empty() ? "" : outcome.violations.front().what);
    EXPECT_GE(verdicts.guilty, 1U);
    EXPECT_LE(verdicts.guilty, verdicts.lies.size()) << "each lie once";
    EXPECT_EQ(verdicts.whom, std::set<uint64_t>{3});
    EXPECT_EQ(verdicts.slashed, plan.has_stakes() ? verdicts.guilty : 0U);
    EXPECT_EQ(verdicts.members.members.size(), 3U);
    EXPECT_EQ(verdicts.members.find(NodeId(3)), nullptr);
}

INSTANTIATE_TEST_SUITE_P(Policies, Punishment, ::testing::Values("poa", "pos", "dpos"),
                         [](const auto& each) { return std::string(each.param); });

}  // namespace
}  // namespace holdfast::sim
