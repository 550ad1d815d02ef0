// Accusations: what is proof, what follows once, what costs only the accuser.
#include "ledger/faults.h"

#include <gtest/gtest.h>

#include "ledger/epoch_chain.h"

namespace holdfast::ledger {
namespace {

using namespace testing;

std::string why_not(EpochChain& chain, const chain::Evidence& evidence) {
    return chain.reason(7, faults_address(), encode_accuse(evidence));
}

class FaultsTest : public ::testing::Test {
  protected:
    EpochChain chain{epoch_genesis(chain::Policy::poa)};
    EpochChain stakes{epoch_genesis(chain::Policy::pos)};
};

TEST_F(FaultsTest, ByAuthorityTheGuiltyLeaves) {
    EXPECT_FALSE(was_proven(chain.chain.reader(), chain.lie(3, 0)));
    ASSERT_TRUE(chain.accuse(7, chain.lie(3, 0)));
    ASSERT_EQ(chain.last.receipts[0].logs.size(), 1u);
    EXPECT_EQ(chain.last.receipts[0].logs[0].topics[0],
              abi::topic("Guilty(uint64,address,uint64,uint64,uint64)"));
    EXPECT_EQ(chain.last.receipts[0].logs[0].topics[1], abi::word_of(3));
    EXPECT_EQ(chain.ids(), (Ids{1, 2, 3, 4}));
    EXPECT_TRUE(was_proven(chain.chain.reader(), chain.lie(3, 0)));
    EXPECT_EQ(chain.view(faults_address(), encode_was_proven_call(NodeId(3), 0, 1)).at(0), U256(1));
    EXPECT_EQ(chain.view(faults_address(), encode_guilts_call(NodeId(3))).at(0), U256(1));
    // A second guilt is counted, the removal is not doubled.
    ASSERT_TRUE(chain.accuse(7, chain.lie(3, 0, 2)));
    EXPECT_EQ(chain.view(validators_address(), encode_pending_call()).at(2), U256(1));
    chain.end_epoch();
    EXPECT_EQ(chain.ids(), (Ids{1, 2, 4}));
    EXPECT_EQ(chain.changes(), 1u);
    chain.chain.expect_sound();
}

TEST_F(FaultsTest, AConsequenceComesOnce) {
    const auto evidence = chain.lie(3, 0);
    ASSERT_TRUE(chain.accuse(7, evidence));
    EXPECT_EQ(why_not(chain, evidence), "proven before");
    // The same view with other statements is the same guilt.
    auto other = evidence;
    other.second.statement.kind = chain::StatementKind::skip;
    other.first.statement.kind = chain::StatementKind::finalize;
    other.second.statement.digest = {};
    for (auto* part : {&other.first, &other.second})
        part->signature =
            member_key(3).sign(chain::statement_bytes(chain.genesis_hash, part->statement));
    EXPECT_EQ(why_not(chain, other), "proven before");
    const auto root = chain.chain.account(faults_address()).storage_root;
    EXPECT_FALSE(chain.accuse(7, evidence));
    EXPECT_EQ(chain.chain.account(faults_address()).storage_root, root);
}

TEST_F(FaultsTest, WhatIsNoProofCostsTheAccuser) {
    const auto good = chain.lie(3, 0);
    auto bad = good;
    bad.guilty = NodeId(2);
    EXPECT_EQ(why_not(chain, bad), "not signed by the accused");
    bad = good;
    bad.guilty = NodeId(9);
    EXPECT_EQ(why_not(chain, bad), "never was a member");
    bad = good;
    bad.second = bad.first;
    EXPECT_EQ(why_not(chain, bad), "no contradiction");
    bad = good;
    bad.second.statement.view = 2;
    EXPECT_EQ(why_not(chain, bad), "no contradiction");
    bad = good;
    bad.second.signature.bytes[5] ^= 1;
    EXPECT_EQ(why_not(chain, bad), "not signed by the accused");
    // Signed for another ledger.
    EXPECT_EQ(why_not(chain, lie_of(3, 0, 1, Hash32{})), "not signed by the accused");
    EXPECT_EQ(why_not(chain, chain.lie(3, 1)), "the epoch has not begun");

    const auto data_reason = [&](const Bytes& data) {
        return chain.reason(7, faults_address(), data);
    };
    Bytes cut = encode_accuse(good);
    cut[4 + 64 + 8] = 9;  // kind of the first statement
    EXPECT_EQ(data_reason(cut), "malformed evidence");
    cut = encode_accuse(good);
    cut.resize(cut.size() - 32);
    EXPECT_EQ(data_reason(cut), "malformed arguments");
    EXPECT_EQ(data_reason({1, 2, 3, 4}), "unknown function");

    bad = good;
    bad.second.signature.bytes[5] ^= 1;
    const auto before = chain.balance(account_address(7));
    EXPECT_FALSE(chain.accuse(7, bad));
    EXPECT_GE(chain.last.receipts[0].cumulative_gas_used, 21'000 + 2 * contract_gas::signature);
    EXPECT_LT(chain.balance(account_address(7)), before);
    EXPECT_EQ(chain.view(faults_address(), encode_guilts_call(NodeId(3))).at(0), U256(0));
    chain.end_epoch();
    EXPECT_EQ(chain.ids(), (Ids{1, 2, 3, 4}));
}

TEST_F(FaultsTest, OldGuiltIsForgiven) {
    chain.end_epochs(2);
    EXPECT_EQ(chain.epoch(), 2u);
    chain.next();
    EXPECT_EQ(why_not(chain, chain.lie(3, 0)), "");
    chain.end_epoch();
    chain.next();
    EXPECT_EQ(why_not(chain, chain.lie(3, 0)), "too long ago");
    EXPECT_EQ(why_not(chain, chain.lie(3, 1)), "");
}

TEST_F(FaultsTest, WhoLeftIsAccusedLikeAnybody) {
    for (const uint64_t from : Ids{1, 2, 3})
        ASSERT_TRUE(chain.call(from, validators_address(), encode_remove_member(NodeId(4))));
    chain.end_epoch();
    ASSERT_EQ(chain.ids(), (Ids{1, 2, 3}));
    ASSERT_TRUE(chain.accuse(7, chain.lie(4, 0)));
    EXPECT_EQ(chain.view(faults_address(), encode_guilts_call(NodeId(4))).at(0), U256(1));
    EXPECT_EQ(why_not(chain, chain.lie(4, 0)), "proven before");
    chain.end_epoch();
    EXPECT_EQ(chain.changes(), 1u);  // there is nobody to remove
}

TEST_F(FaultsTest, SomebodyStaysHoweverGuilty) {
    for (const uint64_t id : Ids{1, 2, 3, 4}) ASSERT_TRUE(chain.accuse(7, chain.lie(id, 0)));
    EXPECT_EQ(chain.chain.ledger().head(), Height(4));
    EXPECT_EQ(chain.ids(), (Ids{4}));
    chain.end_epochs(2);
    EXPECT_EQ(chain.ids(), (Ids{4}));
    // Somebody else at last: the guilty one goes an epoch later.
    ASSERT_TRUE(chain.call(4, validators_address(), encode_add_member(make_member(8))));
    chain.end_epoch();
    EXPECT_EQ(chain.ids(), (Ids{4, 8}));
    chain.end_epoch();
    EXPECT_EQ(chain.ids(), (Ids{8}));
    chain.chain.expect_sound();
}

TEST_F(FaultsTest, AStakeIsSlashedAndBurnt) {
    const U256 burnt = stakes.chain.reader().burnt();
    ASSERT_TRUE(stakes.accuse(7, stakes.lie(3, 0)));
    const U256 tenth = ether / U256(10);
    EXPECT_EQ(stakes.stake_of(3), ether - tenth);
    EXPECT_EQ(stakes.view(staking_address(), encode_totals_call()).at(1), tenth);
    EXPECT_GE(stakes.chain.reader().burnt(), burnt + tenth);
    EXPECT_EQ(stakes.balance(staking_address()), ether * U256(4) - tenth);
    EXPECT_EQ(stakes.last.receipts[0].logs.size(), 3u);
    EXPECT_EQ(stakes.ids(), (Ids{1, 2, 3, 4}));
    stakes.end_epoch();
    EXPECT_EQ(stakes.ids(), (Ids{1, 2, 4}));
    // Back after its time, with enough at stake.
    stakes.end_epochs(1);
    ASSERT_TRUE(stakes.stake(3, encode_unjail(NodeId(3))));
    stakes.end_epoch();
    EXPECT_EQ(stakes.ids(), (Ids{1, 2, 4}));
    ASSERT_TRUE(stakes.stake(3, encode_bond_more(NodeId(3)), tenth));
    stakes.end_epoch();
    EXPECT_EQ(stakes.ids(), (Ids{1, 2, 3, 4}));
    stakes.chain.expect_sound();
}

TEST_F(FaultsTest, RepeatedGuiltBarsForEver) {
    ASSERT_TRUE(stakes.stake(3, encode_bond_more(NodeId(3)), ether * U256(9)));
    ASSERT_TRUE(stakes.accuse(7, stakes.lie(3, 0, 1)));
    ASSERT_TRUE(stakes.accuse(7, stakes.lie(3, 0, 2)));
    EXPECT_EQ(stakes.stake_of(3), ether * U256(81) / U256(10));
    stakes.end_epochs(4);
    EXPECT_EQ(stakes.ids(), (Ids{1, 2, 4}));
    const auto why = [&](const Bytes& data, const U256& value = {}) {
        return stakes.reason(3, staking_address(), data, value);
    };
    EXPECT_EQ(why(encode_unjail(NodeId(3))), "the candidate never returns");
    EXPECT_EQ(why(encode_bond_more(NodeId(3)), ether), "the candidate never returns");
    // The rest of the stake is still its owner's.
    ASSERT_TRUE(stakes.stake(3, encode_unbond(NodeId(3), U256{} - U256(1))));
    stakes.end_epochs(4);
    ASSERT_TRUE(stakes.stake(3, encode_withdraw(NodeId(3))));
    EXPECT_EQ(stakes.balance(staking_address()), ether * U256(3));
    stakes.chain.expect_sound();
}

TEST_F(FaultsTest, WhatLeavesCanStillBeSlashed) {
    const U256 all = U256{} - U256(1);
    const auto withdrawal = [&] {
        return stakes
            .view(staking_address(), encode_withdrawals_call(NodeId(4), account_address(4)))
            .at(3);
    };
    ASSERT_TRUE(stakes.stake(4, encode_unbond(NodeId(4), all)));  // in epoch 0
    stakes.end_epochs(2);
    ASSERT_EQ(stakes.ids(), (Ids{1, 2, 3}));
    // What it did after its stake was gone from behind it does not touch that stake.
    ASSERT_TRUE(stakes.accuse(7, stakes.lie(4, 1)));
    EXPECT_EQ(withdrawal(), ether);
    ASSERT_TRUE(stakes.accuse(7, stakes.lie(4, 0)));
    EXPECT_EQ(withdrawal(), ether * U256(9) / U256(10));
    // By the time that it can be paid out, nobody can be accused of that epoch any more.
    stakes.end_epoch();
    stakes.next();
    EXPECT_EQ(why_not(stakes, stakes.lie(4, 0, 2)), "too long ago");
    ASSERT_TRUE(stakes.stake(4, encode_withdraw(NodeId(4))));
    stakes.chain.expect_sound();
}

TEST(Accusers, GetTheirShareIfGenesisSaysSo) {
    auto genesis = epoch_genesis(chain::Policy::pos);
    genesis.bft.accuser_per_mille = 250;
    EpochChain chain(genesis);
    const U256 before = chain.balance(account_address(7));
    ASSERT_TRUE(chain.accuse(7, chain.lie(3, 0)));
    const U256 quarter = ether / U256(40);
    EXPECT_GT(chain.balance(account_address(7)), before + quarter - ether / U256(100));
    EXPECT_EQ(chain.view(staking_address(), encode_totals_call()).at(1), quarter * U256(3));
    EXPECT_EQ(chain.balance(staking_address()), ether * U256(4) - quarter * U256(4));
    chain.chain.expect_sound();
}

TEST(Accusers, OutOfGasChangesNothing) {
    for (const auto policy : {chain::Policy::poa, chain::Policy::pos}) {
        EpochChain chain(epoch_genesis(policy));
        const auto evidence = chain.lie(3, 0);
        std::vector<TransactionPtr> poor;
        for (uint64_t gas = 32'000, nonce = 0; gas < 70'000; gas += 509)
            poor.push_back(make_transaction({.from = 7,
                                             .nonce = nonce++,
                                             .to = faults_address(),
                                             .data = encode_accuse(evidence),
                                             .gas_limit = gas}));
        chain.next(poor);
        ASSERT_EQ(chain.last.receipts.size(), poor.size());
        for (const auto& receipt : chain.last.receipts) EXPECT_FALSE(receipt.success);
        EXPECT_FALSE(was_proven(chain.chain.reader(), evidence));
        chain.chain.expect_sound();
    }
}

}  // namespace
}  // namespace holdfast::ledger
