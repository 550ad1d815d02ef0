// The list of candidates when it is full, and amounts that no ledger has.
#include <gtest/gtest.h>

#include "ledger/epoch_chain.h"
#include "ledger/journaled_state.h"
#include "ledger/live_state.h"
#include "ledger/staking_store.h"

namespace holdfast::ledger {
namespace {

using namespace testing;

class ListTest : public ::testing::Test {
  protected:
    ListTest() {
        state.add_balance(account_address(9), ether * U256(100));
        rules = rules_of(chain.chain.genesis(), chain.genesis_hash);
    }
    /// A candidate of nobody's, with so many wei.
    void put(uint64_t id, const U256& stake) {
        chain::Member member = make_member(id);
        member.voting_key.bytes = abi::word_of(2 * id).bytes;
        member.transport_key.bytes = abi::word_of(2 * id + 1).bytes;
        store.add_candidate(member);
        store.set_pool(NodeId(id), {.stake = stake, .shares = stake});
        store.put_on_list(NodeId(id));
    }
    bool call(const Bytes& data, const U256& value) {
        return call_staking(
                   state,
                   {.caller = account_address(9), .value = value, .data = data, .gas = 30'000'000},
                   rules)
            .success;
    }
    EpochChain chain{epoch_genesis(chain::Policy::pos)};
    LiveState live{*chain.chain.store, 0};
    JournaledState state{live, BlockContext{.number = Height(1)}};
    Meter meter{unlimited_gas};
    StakingStore store{state, meter};
    Rules rules;
};

TEST_F(ListTest, LeavingItKeepsTheOthersPlaces) {
    EXPECT_EQ(store.listed_count(), 4u);
    store.take_off_list(NodeId(2));
    store.take_off_list(NodeId(2));
    store.take_off_list(NodeId(4));
    EXPECT_EQ(store.listed_count(), 2u);
    std::set<uint64_t> left;
    for (const NodeId id : store.listed()) {
        left.insert(id.value);
        EXPECT_EQ(store.listed().at(store.standing(id).place - 1), id);
    }
    EXPECT_EQ(left, (std::set<uint64_t>{1, 3}));
    EXPECT_EQ(store.standing(NodeId(2)).place, 0u);
    store.put_on_list(NodeId(2));
    EXPECT_EQ(store.standing(NodeId(2)).place, 3u);
}

TEST_F(ListTest, WhoHasMoreTakesTheLastPlaceOfAFullList) {
    for (uint64_t id = 1001; store.listed_count() < candidates_max; ++id) put(id, ether * U256(3));
    store.set_pool(NodeId(1500), {.stake = ether * U256(2), .shares = ether * U256(2)});
    for (uint64_t id = 1; id <= 4; ++id)
        store.set_pool(NodeId(id), {.stake = ether * U256(5), .shares = ether * U256(5)});
    // As much is not more: the candidate stands, but not on the list.
    ASSERT_TRUE(call(bond_of(9), ether * U256(2)));
    EXPECT_EQ(store.standing(NodeId(9)).place, 0u);
    EXPECT_NE(store.standing(NodeId(1500)).place, 0u);
    ASSERT_TRUE(call(encode_bond_more(NodeId(9)), U256(1)));
    EXPECT_NE(store.standing(NodeId(9)).place, 0u);
    EXPECT_EQ(store.standing(NodeId(1500)).place, 0u);
    EXPECT_EQ(store.listed_count(), candidates_max);
}

TEST_F(ListTest, AmountsThatNoLedgerHasAreRefused) {
    for (const unsigned bits : {112u, 144u, 200u, 255u}) {
        const U256 value = U256(1) << bits;
        const auto result = simulate(
            chain.chain.reader(), chain.chain.genesis(), chain.chain.ledger().head(),
            {.from = account_address(1),
             .to = staking_address(),
             .value = value,
             .data = encode_bond_more(NodeId(1)),
             .overrides = {{.address = account_address(1), .balance = value, .nonce = {}}}});
        ASSERT_TRUE(result) << describe(result.error());
        EXPECT_EQ(abi::decode_revert(result->output), "the amount is too small or too large");
        const auto out =
            simulate(chain.chain.reader(), chain.chain.genesis(), chain.chain.ledger().head(),
                     {.from = account_address(1),
                      .to = staking_address(),
                      .data = encode_unbond(NodeId(1), value)});
        EXPECT_EQ(abi::decode_revert(out->output), "the caller has not so much there");
    }
}

}  // namespace
}  // namespace holdfast::ledger
