// Proof of stake: ways in and out, seats and weights, absence and jail, rewards.
#include "ledger/staking.h"

#include <gtest/gtest.h>

#include "ledger/duty.h"
#include "ledger/epoch_chain.h"
#include "ledger/policy_committee.h"
#include "ledger/staking_store.h"

namespace holdfast::ledger {
namespace {

using namespace testing;

class StakingTest : public ::testing::Test {
  protected:
    std::string why(uint64_t from, const Bytes& data, const U256& value = {}) {
        return chain.reason(from, staking_address(), data, value);
    }
    static U256 ethers(uint64_t count) { return ether * U256(count); }
    static Bytes unbond(uint64_t id, const U256& amount) {
        return encode_unbond(NodeId(id), amount);
    }
    EpochChain chain{epoch_genesis(chain::Policy::pos)};
    const U256 all = U256{} - U256(1);
};

TEST_F(StakingTest, GenesisStakesAreIssued) {
    EXPECT_EQ(chain.balance(staking_address()), ethers(4));
    EXPECT_EQ(chain.chain.reader().issued(), ethers(4));
    EXPECT_EQ(chain.view(staking_address(), encode_totals_call()),
              (std::vector<U256>{ethers(4), U256(0)}));
    EXPECT_EQ(chain.stake_of(3), ether);
    EXPECT_EQ(chain.worth(3, 3), ether);
    chain.end_epochs(2);
    EXPECT_EQ(chain.changes(), 0u);  // nothing changed, so nothing counts
    chain.chain.expect_sound();
}

TEST_F(StakingTest, ANewcomerWithMoreTakesTheLastSeat) {
    EXPECT_EQ(why(9, bond_of(9), ether - U256(1)), "below the least stake");
    ASSERT_TRUE(chain.stake(9, bond_of(9), ethers(3)));
    EXPECT_EQ(chain.last.receipts[0].logs.at(0).topics[0],
              abi::topic("Candidacy(uint64,address,uint256)"));
    EXPECT_EQ(chain.ids(), (Ids{1, 2, 3, 4}));
    const auto next = chain.view(validators_address(), encode_next_members_call());
    EXPECT_EQ(next.at(0), U256(1));
    chain.end_epoch();
    // Of equal stakes the lower ids stay.
    EXPECT_EQ(chain.ids(), (Ids{1, 2, 3, 9}));
    EXPECT_EQ(chain.weights(), (Ids{1, 1, 1, 3}));
    EXPECT_EQ(chain.changes(), 1u);
    const chain::Member* joined = chain.chain.ledger().members().find(NodeId(9));
    EXPECT_EQ(joined->operator_account, account_address(9));
    EXPECT_EQ(joined->endpoint, make_member(9).endpoint);
    chain.chain.reopen();
    EXPECT_EQ(chain.ids(), (Ids{1, 2, 3, 9}));
    // More at stake, more weight.
    ASSERT_TRUE(chain.stake(4, encode_bond_more(NodeId(4)), ethers(1)));
    ASSERT_TRUE(chain.stake(9, encode_bond_more(NodeId(9)), ethers(4)));
    chain.end_epoch();
    EXPECT_EQ(chain.ids(), (Ids{1, 2, 4, 9}));
    EXPECT_EQ(chain.weights(), (Ids{1, 1, 2, 7}));
    EXPECT_EQ(chain.balance(staking_address()), ethers(12));
    chain.chain.expect_sound();
}

TEST_F(StakingTest, RefusesWithAReason) {
    EXPECT_EQ(why(9, bond_of(0), ether), "id is zero");
    EXPECT_EQ(why(9, bond_of(2), ether), "id was used before");
    const chain::Member nine = make_member(9), two = make_member(2);
    const auto with_keys = [](const auto& voting, const auto& transport) {
        return encode_bond(NodeId(9), voting, transport, "h:1");
    };
    EXPECT_EQ(why(9, with_keys(two.voting_key, nine.transport_key), ether), "key was used before");
    EXPECT_EQ(why(9, with_keys(nine.voting_key, two.voting_key), ether), "key was used before");
    EXPECT_EQ(why(9, with_keys(nine.voting_key, nine.voting_key), ether),
              "the two keys are the same");
    EXPECT_EQ(why(9, with_keys(crypto::NodePublicKey{}, nine.voting_key), ether), "a key is zero");
    EXPECT_EQ(why(9, encode_bond(NodeId(9), nine.voting_key, nine.transport_key, "h"), ether),
              "endpoint is not host:port");
    EXPECT_EQ(why(9, unbond(1, ether), ether), "not payable");
    EXPECT_EQ(why(9, {}, ether), "not payable");
    EXPECT_EQ(why(9, {1, 2, 3, 4}), "unknown function");
    EXPECT_EQ(why(9, encode_bond_more(NodeId(1)), ether),
              "the caller does not operate the candidate");
    EXPECT_EQ(why(1, encode_bond_more(NodeId(1))), "the amount is too small or too large");
    EXPECT_EQ(why(9, unbond(1, ether)), "the caller has not so much there");
    EXPECT_EQ(why(1, unbond(1, ether + U256(1))), "the caller has not so much there");
    EXPECT_EQ(why(1, unbond(77, ether)), "no such candidate");
    EXPECT_EQ(why(1, encode_withdraw(NodeId(1))), "nothing can be paid out yet");
    EXPECT_EQ(why(1, encode_unjail(NodeId(1))), "the candidate is not in jail");
    EXPECT_EQ(why(5, encode_delegate(NodeId(1)), ether), "nobody delegates by this policy");
    EXPECT_EQ(why(5, encode_redelegate(NodeId(1), NodeId(2), ether)),
              "nobody delegates by this policy");
    EXPECT_EQ(chain.reason(1, validators_address(), encode_remove_member(NodeId(2))),
              "members are chosen by stake");
    Bytes longer = unbond(1, ether);
    longer.resize(longer.size() + 32);
    EXPECT_EQ(why(1, longer), "malformed arguments");
    // A failed call gives the value back.
    const U256 before = chain.balance(account_address(9));
    EXPECT_FALSE(chain.stake(9, bond_of(2), ethers(5)));
    EXPECT_GT(chain.balance(account_address(9)) + ether, before);
    EXPECT_EQ(chain.balance(staking_address()), ethers(4));
}

TEST_F(StakingTest, KeysAndIdsAreNeverUsedTwice) {
    ASSERT_TRUE(chain.stake(9, bond_of(9), ethers(2)));
    ASSERT_TRUE(chain.stake(9, unbond(9, all)));
    chain.end_epochs(6);
    ASSERT_TRUE(chain.stake(9, encode_withdraw(NodeId(9))));
    EXPECT_EQ(why(9, bond_of(9), ethers(2)), "id was used before");
    const chain::Member nine = make_member(9);
    EXPECT_EQ(why(9, encode_bond(NodeId(8), nine.voting_key, make_member(8).transport_key, "h:1"),
                  ethers(2)),
              "key was used before");
    // But the same candidate may stake again.
    ASSERT_TRUE(chain.stake(9, encode_bond_more(NodeId(9)), ethers(2)));
    chain.end_epoch();
    EXPECT_EQ(chain.ids(), (Ids{1, 2, 3, 9}));
}

TEST_F(StakingTest, BelowTheLeastStakeLeavesAtTheEndOfTheEpoch) {
    ASSERT_TRUE(chain.stake(2, unbond(2, U256(1))));
    EXPECT_EQ(chain.ids(), (Ids{1, 2, 3, 4}));
    chain.end_epoch();
    EXPECT_EQ(chain.ids(), (Ids{1, 3, 4}));
    ASSERT_TRUE(chain.stake(2, encode_bond_more(NodeId(2)), U256(1)));
    chain.end_epoch();
    EXPECT_EQ(chain.ids(), (Ids{1, 2, 3, 4}));
    EXPECT_EQ(chain.changes(), 2u);
}

TEST_F(StakingTest, WhatLeavesIsPaidOutAfterItsTime) {
    ASSERT_TRUE(chain.stake(1, encode_bond_more(NodeId(1)), ethers(5)));
    ASSERT_TRUE(chain.stake(1, unbond(1, ethers(2))));  // in epoch 0
    ASSERT_TRUE(chain.stake(1, unbond(1, ethers(1))));
    chain.end_epoch();
    ASSERT_TRUE(chain.stake(1, unbond(1, ethers(1))));  // in epoch 1
    EXPECT_EQ(chain.view(staking_address(), encode_withdrawals_call(NodeId(1), account_address(1))),
              (std::vector<U256>{U256(32), U256(2), U256(0), ethers(3), U256(3), U256(1), ethers(1),
                                 U256(4)}));
    while (chain.epoch() < 3) chain.next();
    const Bytes withdraw = encode_withdraw(NodeId(1));
    const U256 before = chain.balance(account_address(1));
    ASSERT_TRUE(chain.stake(1, withdraw));
    const U256 gained = chain.balance(account_address(1)) - before;
    EXPECT_GT(gained, ethers(3) - ether);
    EXPECT_LT(gained, ethers(3));  // the fee
    EXPECT_FALSE(chain.stake(1, withdraw));
    chain.end_epoch();
    ASSERT_TRUE(chain.stake(1, withdraw));
    EXPECT_EQ(chain.balance(staking_address()), ethers(5));
    EXPECT_EQ(chain.stake_of(1), ethers(2));
    chain.chain.expect_sound();
}

TEST_F(StakingTest, SomebodyStays) {
    for (const uint64_t id : Ids{1, 2, 3, 4}) {
        ASSERT_TRUE(chain.stake(id, unbond(id, all)));
        if (id == 3) chain.end_epoch();
    }
    EXPECT_EQ(chain.ids(), (Ids{4}));
    chain.end_epochs(2);
    EXPECT_EQ(chain.ids(), (Ids{4}));  // nobody qualifies, so the last set goes on
    EXPECT_EQ(chain.changes(), 1u);
    ASSERT_TRUE(chain.stake(9, bond_of(9), ethers(1)));
    chain.end_epoch();
    EXPECT_EQ(chain.ids(), (Ids{9}));
    EXPECT_EQ(chain.reason(1, staking_address(), unbond(1, all)),
              "the caller has not so much there");
    chain.chain.expect_sound();
}

TEST_F(StakingTest, TheAbsentGoToJailAndComeBack) {
    chain.end_epoch({2});
    EXPECT_EQ(chain.ids(), (Ids{1, 3, 4}));
    const auto candidate = chain.view(staking_address(), encode_candidate_call(NodeId(2)));
    EXPECT_EQ(candidate.at(5), U256(1));  // jailed
    EXPECT_EQ(candidate.at(6), U256(2));  // until epoch 2
    const Bytes unjail = encode_unjail(NodeId(2));
    EXPECT_FALSE(chain.stake(2, unjail));
    chain.end_epoch();
    EXPECT_EQ(chain.epoch(), 2u);
    EXPECT_FALSE(chain.stake(1, unjail));
    ASSERT_TRUE(chain.stake(2, unjail));
    EXPECT_EQ(chain.ids(), (Ids{1, 3, 4}));
    chain.end_epoch();
    EXPECT_EQ(chain.ids(), (Ids{1, 2, 3, 4}));
    EXPECT_EQ(chain.stake_of(2), ether);  // absence costs no stake
}

TEST_F(StakingTest, TurnsAreCounted) {
    // Epoch 0 of four views' worth: whoever led got a block, the silent one's views passed.
    std::map<uint64_t, std::pair<uint64_t, uint64_t>> expected;
    const auto turns = chain::turns_of(chain.chain.ledger().members());
    for (int block = 0; block < 3; ++block) chain.next({}, {3});
    const auto origin = chain::decode_extra(chain.last.block.header.extra_data)->origin;
    for (uint64_t view = 1; view <= origin.view; ++view) {
        const uint64_t leader = chain::leader_of(turns, 0, view).value;
        ++(leader == 3 ? expected[leader].second : expected[leader].first);
    }
    for (const uint64_t id : Ids{1, 2, 3, 4}) {
        EXPECT_EQ(chain.view(staking_address(), encode_duty_call(NodeId(id))),
                  (std::vector<U256>{U256(0), U256(expected[id].first), U256(expected[id].second)}))
            << id;
    }
    // The next epoch counts from nothing, and not from the views of the one before.
    chain.end_epoch();
    OrderedPayload payload = chain.chain.payload({});
    payload.origin = {.proposer = NodeId(1), .epoch = 1, .view = 3};
    chain.chain.ledger().execute(payload);
    U256 missed;
    for (const uint64_t id : Ids{1, 2, 3, 4})
        missed += chain.view(staking_address(), encode_duty_call(NodeId(id))).at(2);
    EXPECT_EQ(missed, U256(2));
}

TEST_F(StakingTest, SkippedViewsAreCountedUpToACap) {
    OrderedPayload payload = chain.chain.payload({});
    payload.origin = {.proposer = NodeId(1), .epoch = 0, .view = UINT64_MAX};
    chain.chain.ledger().execute(payload);
    U256 missed;
    for (const uint64_t id : Ids{1, 2, 3, 4})
        missed += chain.view(staking_address(), encode_duty_call(NodeId(id))).at(2);
    EXPECT_EQ(missed, U256(skipped_views_max));
    // Going back, or the same view again, counts nothing; nor does a proposer who is no member.
    payload = chain.chain.payload({});
    payload.origin = {.proposer = NodeId(99), .epoch = 0, .view = 3};
    chain.chain.ledger().execute(payload);
    chain.chain.expect_sound();
}

TEST_F(StakingTest, OutOfGasLeavesNoTrace) {
    ASSERT_TRUE(chain.stake(1, encode_bond_more(NodeId(1)), ethers(3)));
    ASSERT_TRUE(chain.stake(1, unbond(1, ethers(2))));
    while (chain.epoch() < 3) chain.next();
    chain.next();
    const std::pair<Bytes, U256> calls[] = {{bond_of(9), ethers(2)},
                                            {encode_bond_more(NodeId(1)), ether},
                                            {unbond(1, all), {}},
                                            {encode_withdraw(NodeId(1)), {}},
                                            {encode_candidates_call(), {}}};
    for (const auto& [data, value] : calls) {
        for (uint64_t gas = 0; gas < 200'000; gas += 331) {
            const auto result =
                simulate(chain.chain.reader(), chain.chain.genesis(), chain.chain.ledger().head(),
                         {.from = account_address(1),
                          .to = staking_address(),
                          .gas_limit = 25'000 + gas,
                          .value = value,
                          .data = data});
            if (result && !result->success) {
                EXPECT_EQ(result->gas_used, 25'000 + gas);
                EXPECT_TRUE(result->output.empty())
                    << abi::decode_revert(result->output).value_or("?");
            }
        }
    }
    std::vector<TransactionPtr> poor;
    uint64_t nonce = chain.chain.account(account_address(1)).nonce;
    for (uint64_t gas = 30'000; gas < 60'000; gas += 1'009)
        poor.push_back(make_transaction({.from = 1,
                                         .nonce = nonce++,
                                         .to = staking_address(),
                                         .data = encode_withdraw(NodeId(1)),
                                         .gas_limit = gas}));
    chain.next(poor);
    size_t failed = 0;
    for (const auto& receipt : chain.last.receipts) failed += receipt.success ? 0 : 1;
    EXPECT_GE(failed, 10u);
    chain.chain.expect_sound();
}

TEST(Rewards, GoToTheStakeBehindTheProposer) {
    auto genesis = epoch_genesis(chain::Policy::pos);
    genesis.bft.block_reward = U256(10);
    EpochChain chain(genesis);
    chain.next();
    const auto first = chain::decode_extra(chain.last.block.header.extra_data)->origin.proposer;
    EXPECT_EQ(chain.stake_of(first.value), ether + U256(10));
    EXPECT_EQ(chain.worth(first.value, first.value), ether + U256(10));
    chain.end_epochs(3);
    EXPECT_EQ(chain.chain.reader().issued(), ether * U256(4) + U256(120));
    EXPECT_EQ(chain.balance(staking_address()), ether * U256(4) + U256(120));
    EXPECT_EQ(chain.changes(), 0u);  // wei change no weight
    chain.chain.reopen();
    chain.next();
    EXPECT_EQ(chain.chain.reader().issued(), ether * U256(4) + U256(130));
    chain.chain.expect_sound();
}

TEST(Rewards, EndBeforeAnythingOverflows) {
    auto genesis = epoch_genesis(chain::Policy::pos);
    genesis.bft.block_reward = U256(1) << 110;
    EpochChain chain(genesis);
    chain.end_epochs(2);
    // Once: a second would not fit below 2^111.
    EXPECT_EQ(chain.chain.reader().issued(), ether * U256(4) + (U256(1) << 110));
    chain.chain.expect_sound();
}

TEST(Stakes, ASnapshotBringsWhatWasIssuedAndBurnt) {
    auto genesis = epoch_genesis(chain::Policy::pos);
    genesis.bft.block_reward = U256(10);
    EpochChain source(genesis);
    TestChain target(genesis);
    ASSERT_TRUE(source.stake(9, bond_of(9), ether * U256(2)));
    source.end_epochs(2);
    ASSERT_TRUE(source.accuse(5, source.lie(9, 1)));
    EXPECT_GT(source.chain.reader().burnt(), ether / U256(10));
    source.chain.certify_all();
    const auto taken = take_snapshot(target.ledger(), source.chain);
    ASSERT_TRUE(taken) << describe(taken.error());
    EXPECT_EQ(target.reader().issued(), source.chain.reader().issued());
    EXPECT_EQ(target.reader().burnt(), source.chain.reader().burnt());
    EXPECT_EQ(target.ledger().members(), source.chain.ledger().members());
    target.expect_sound();
    source.chain.expect_sound();
    // Both go on the same way, the turns since the parent included.
    const auto next = [&](TestChain& chain) {
        OrderedPayload payload = chain.payload({});
        payload.origin = {.proposer = NodeId(2), .epoch = 2, .view = 7};
        return chain.ledger().execute(payload).block.hash;
    };
    EXPECT_EQ(next(target), next(source.chain));
}

TEST(CommitteeByStake, WeightsFollowStakes) {
    chain::BftParameters rules;
    rules.committee_max = 3;
    rules.stake_min = U256(10);
    rules.stake_per_weight = U256(10);
    const auto seats = [&](std::vector<Applicant> applicants) {
        return committee_by_stake(std::move(applicants), rules);
    };
    const auto one = [](uint64_t id, uint64_t stake, bool barred = false, bool absent = false) {
        return Applicant{NodeId(id), U256(stake), barred, absent};
    };
    using Seats = std::vector<Seat>;
    EXPECT_EQ(seats({}), Seats{});
    EXPECT_EQ(seats({one(1, 9), one(2, 500, true), one(3, 500, false, true)}), Seats{});
    EXPECT_EQ(seats({one(5, 20), one(4, 19), one(3, 20), one(2, 20), one(1, 35)}),
              (Seats{{NodeId(1), 3}, {NodeId(2), 2}, {NodeId(3), 2}}));
    // Too large for a weight: all shrink alike, and nobody to nothing.
    const uint64_t huge = chain::member_weight_max * 20;
    EXPECT_EQ(seats({one(1, 2 * huge), one(2, huge), one(3, 10)}),
              (Seats{{NodeId(1), chain::member_weight_max},
                     {NodeId(2), chain::member_weight_max / 2},
                     {NodeId(3), 1}}));
    Applicant whale = one(1, 0);
    whale.stake = (U256(1) << 112) - U256(1);
    rules.stake_per_weight = U256(1);
    EXPECT_EQ(seats({whale, one(2, 10)}),
              (Seats{{NodeId(1), chain::member_weight_max}, {NodeId(2), 1}}));
}

}  // namespace
}  // namespace holdfast::ledger
