// The second opinion on members against the ledger, over random calls under each policy; and what
// the checker says if they differ, if somebody honest is punished, or if a lie is not brought up.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "env/memory_store.h"
#include "ledger/faults.h"
#include "ledger/staking.h"
#include "ledger/validators.h"
#include "sim/cast.h"
#include "sim/checkers.h"

namespace holdfast::sim {
namespace {

constexpr uint64_t founders = 4, machines = 6, epoch_blocks = 5;

Plan plan_by(std::string_view policy) {
    Plan plan{.engine = "bft", .nodes = founders, .spares = machines - founders};
    plan.epoch_blocks = epoch_blocks;
    plan.weight_max = 3;
    plan.liars = 0b1000;  // node 4
    plan.reporters = 0b1;
    plan.policy = policy;
    plan.evidence_epochs = 3;
    plan.unbonding_epochs = 4;
    plan.committee_max = 4;
    plan.block_reward = 12'345'678'901;
    plan.slash_per_mille = 77;
    plan.accuser_per_mille = 300;
    plan.missed_per_mille = 400;
    plan.jail_epochs = 1;
    plan.guilts_max = 5;
    return plan;
}

/// One ledger whose blocks the checker is told of.
class MemberReferenceTest : public ::testing::TestWithParam<std::string_view>, public Stage {
  protected:
    MemberReferenceTest()
        : plan_(plan_by(GetParam())),
          genesis_(make_genesis(plan_)),
          sight_{.stage = *this, .interpreter = {}},
          random_(1) {
        sight_.interpreter = std::make_shared<Interpreter>(genesis_, sight_.chain);
        checker_ = make_bft_members(sight_);
        EXPECT_TRUE(ledger::Ledger::create(store_, genesis_));
        auto opened = ledger::Ledger::open(store_, genesis_);
        EXPECT_TRUE(opened) << describe(opened.error());
        ledger_ = std::move(*opened);
    }
    [[nodiscard]] const Plan& plan() const override { return plan_; }
    [[nodiscard]] const chain::Genesis& genesis() const override { return genesis_; }
    [[nodiscard]] Duration now() const override { return {}; }
    [[nodiscard]] std::vector<NodeId> nodes() const override { return {NodeId(1)}; }
    [[nodiscard]] NodeView view(NodeId node) const override {
        return {.id = node, .up = true, .store = &store_};
    }
    [[nodiscard]] std::vector<NodeId> core() const override { return {NodeId(1)}; }

    /// The turn is that of whoever leads; some let theirs pass.
    ledger::Executed execute(std::vector<ledger::TransactionPtr> transactions) {
        const uint64_t epoch = chain::epoch_after(ledger_->head(), epoch_blocks);
        if (epoch != epoch_) view_ = 0;
        epoch_ = epoch;
        view_ += 1 + (random_.chance(1, 3) ? random_.below(4) : 0);
        const auto turns = chain::turns_of(ledger_->members());
        return ledger_->execute({.height = ledger_->head().next(),
                                 .time_ms = 1,
                                 .fee_recipient = account(7),
                                 .payload_hash = {},
                                 .origin = {.proposer = chain::leader_of(turns, epoch, view_),
                                            .epoch = epoch,
                                            .view = view_},
                                 .mark = {},
                                 .transactions = std::move(transactions)});
    }
    std::vector<std::string> tell(const ledger::Executed& executed) {
        sight_.chain->take(executed, nullptr);
        checker_->on_block(NodeId(1), executed);
        return checker_->take_findings();
    }
    ledger::TransactionPtr sign(uint64_t caller, const ContractCall& call) {
        return contract_call(caller, nonces_[caller]++, call);
    }
    [[nodiscard]] chain::Evidence lie(NodeId guilty, uint64_t epoch, uint64_t view) const {
        chain::Evidence made{.guilty = guilty, .first = {}, .second = {}};
        chain::Statement said{.kind = chain::StatementKind::notarize, .epoch = epoch, .view = view};
        const crypto::NodeKey key(voting_seed(guilty));
        for (chain::SignedStatement* part : {&made.first, &made.second}) {
            ++said.digest.bytes[0];
            *part = {said, key.sign(chain::statement_bytes(chain::genesis_hash(genesis_), said))};
        }
        return made;
    }
    ContractCall accusation(const chain::Evidence& evidence) {
        return {
            .to = ledger::faults_address(), .value = {}, .data = ledger::encode_accuse(evidence)};
    }
    ledger::TransactionPtr some_call();

    Plan plan_;
    chain::Genesis genesis_;
    env::MemoryStore store_;
    Sight sight_;
    CheckerPtr checker_;
    std::unique_ptr<ledger::Ledger> ledger_;
    Random random_;
    std::map<uint64_t, uint64_t> nonces_;
    uint64_t epoch_ = 0, view_ = 0;
};

ledger::TransactionPtr MemberReferenceTest::some_call() {
    const NodeId id(random_.between(1, machines)), other(random_.between(1, machines));
    const uint64_t holder = holder_number(random_.between(1, holders_max));
    const uint64_t operates = operator_number(id);
    const U256 coins = U256(random_.between(1, 3000)) * (stake_unit() / U256(1000)) + U256(7);
    const U256 amount = random_.chance(1, 6) ? U256{} - U256(1) : coins;
    const uint64_t who = random_.chance(1, 2) ? holder : operates;
    const uint64_t kind = random_.below(13);
    if (kind == 0) {
        const uint64_t back = random_.below(std::min<uint64_t>(epoch_ + 1, 6));
        return sign(reporter_number(NodeId(1)),
                    accusation(lie(NodeId(4), epoch_ - back, random_.between(1, 2))));
    }
    if (plan_.policy == "poa") {
        const NodeId voter(random_.between(1, founders));
        const bool joins = random_.chance(1, 2);
        return sign(operator_number(voter),
                    {.to = ledger::validators_address(),
                     .value = {},
                     .data = joins ? ledger::encode_add_member(member(plan_, id))
                                   : ledger::encode_remove_member(id)});
    }
    const chain::Member it = member(id);
    const auto call = [](Bytes data, const U256& value = {}) {
        return ContractCall{
            .to = ledger::staking_address(), .value = value, .data = std::move(data)};
    };
    switch (kind) {
        case 1:
        case 2:
            return sign(
                operates,
                call(ledger::encode_bond(id, it.voting_key, it.transport_key, it.endpoint), coins));
        case 3:
            return sign(operates, call(ledger::encode_bond_more(id), coins));
        case 4:
        case 5:
            return sign(who, call(ledger::encode_unbond(id, amount)));
        case 6:
            return sign(who, call(ledger::encode_undelegate(id, amount)));
        case 7:
            return sign(who, call(ledger::encode_redelegate(id, other, amount)));
        case 8:
            return sign(who, call(ledger::encode_withdraw(id)));
        case 9:
        case 10:
            return sign(operates, call(ledger::encode_unjail(id)));
        default:
            return sign(holder, call(ledger::encode_delegate(id), coins));
    }
}

TEST_P(MemberReferenceTest, AgreesWithTheLedger) {
    uint64_t done = 0, refused = 0, changes = 0;
    for (int i = 0; i < 400; ++i) {
        std::vector<ledger::TransactionPtr> calls;
        for (uint64_t n = random_.below(6); n > 0; --n) calls.push_back(some_call());
        const ledger::Executed executed = execute(std::move(calls));
        ASSERT_TRUE(executed.left_out.empty());
        ASSERT_THAT(tell(executed), ::testing::IsEmpty()) << i;
        for (const auto& receipt : executed.receipts) ++(receipt.success ? done : refused);
        changes += executed.members_changed ? 1U : 0U;
    }
    EXPECT_FALSE(sight_.interpreter->guilts().empty());
    // The votes are about few ids, and each joins once.
    EXPECT_GT(done, plan_.policy == "poa" ? 10U : 150U);
    EXPECT_GT(refused, 50U);
    EXPECT_GT(changes, plan_.policy == "poa" ? 1U : 20U);
}

TEST_P(MemberReferenceTest, AnotherCommitteeIsNoticed) {
    for (uint64_t i = 1; i < epoch_blocks; ++i)
        ASSERT_THAT(tell(execute({})), ::testing::IsEmpty());
    ledger::Executed executed = execute({});
    executed.members.members.back().weight += 1;
    EXPECT_THAT(tell(executed), ::testing::SizeIs(1));
}

TEST_P(MemberReferenceTest, AnotherOutcomeIsNoticed) {
    ledger::Executed executed =
        execute({sign(reporter_number(NodeId(1)), accusation(lie(NodeId(4), 0, 1)))});
    ASSERT_TRUE(executed.receipts[0].success);
    executed.receipts[0].success = false;
    EXPECT_THAT(tell(executed), ::testing::Not(::testing::IsEmpty()));
}

// It takes a stolen key for that: whoever made the statements, the node is not among the liars.
TEST_P(MemberReferenceTest, SomebodyHonestIsPunished) {
    EXPECT_THAT(tell(execute({sign(reporter_number(NodeId(1)), accusation(lie(NodeId(4), 0, 1)))})),
                ::testing::IsEmpty());
    EXPECT_THAT(tell(execute({sign(reporter_number(NodeId(1)), accusation(lie(NodeId(2), 0, 1)))})),
                ::testing::ElementsAre(::testing::HasSubstr("node 2, who is honest")));
}

TEST_P(MemberReferenceTest, TheRunWaitsUntilTheLedgerKnows) {
    class Mute final : public consensus::Engine {
        void step(Instant /*now*/, consensus::Input /*in*/, consensus::Effects& /*out*/) override {}
        [[nodiscard]] consensus::EngineStatus status() const override { return {}; }
        [[nodiscard]] consensus::Probe probe() const override { return {}; }
    } engine;
    const chain::Evidence evidence = lie(NodeId(4), 0, 1);
    const std::vector<consensus::Effect> effects{consensus::Accuse{chain::encode(evidence)}};
    checker_->on_effects(NodeId(2), engine, effects);
    EXPECT_EQ(checker_->waits_for(), "") << "it has nothing to report with";
    checker_->on_effects(NodeId(1), engine, effects);
    EXPECT_THAT(checker_->waits_for(), ::testing::HasSubstr("node 4 lies"));
    tell(execute({sign(reporter_number(NodeId(1)), accusation(evidence))}));
    EXPECT_EQ(checker_->waits_for(), "");
}

INSTANTIATE_TEST_SUITE_P(Policies, MemberReferenceTest, ::testing::Values("poa", "pos", "dpos"),
                         [](const auto& each) { return std::string(each.param); });

}  // namespace
}  // namespace holdfast::sim
