// Who may follow without a seat: standbys and prisoners, the greatest stakes first, so many at
// most.
#include "ledger/followers.h"

#include <gtest/gtest.h>

#include "ledger/epoch_chain.h"
#include "ledger/staking_store.h"

namespace holdfast::ledger {
namespace {

using namespace testing;

class FollowersTest : public ::testing::Test {
  protected:
    static chain::Genesis genesis(chain::Policy policy, uint64_t seats) {
        chain::Genesis made = epoch_genesis(policy);
        if (policy != chain::Policy::poa) made.bft.committee_max = seats;
        return made;
    }
    static Ids following(const EpochChain& chain) {
        Ids ids;
        for (const chain::Member& one : followers(chain.chain.reader(), chain.chain.genesis()))
            ids.push_back(one.id.value);
        return ids;
    }
    static bool changes(const EpochChain& chain) {
        return may_change_followers(chain.last.block, chain.last.receipts, chain.chain.genesis());
    }
};

TEST_F(FollowersTest, WhoBondsFollowsUntilItHasASeat) {
    EpochChain chain(genesis(chain::Policy::pos, 4));
    EXPECT_EQ(following(chain), Ids{});
    ASSERT_TRUE(chain.stake(9, bond_of(9), ether * U256(2)));
    EXPECT_TRUE(changes(chain));
    EXPECT_EQ(following(chain), Ids{9});
    const auto all = followers(chain.chain.reader(), chain.chain.genesis());
    EXPECT_EQ(all, std::vector{make_member(9)});
    // It outbids the last of four, who stands by now.
    chain.end_epoch();
    EXPECT_TRUE(changes(chain));
    ASSERT_EQ(chain.ids(), (Ids{1, 2, 3, 9}));
    EXPECT_EQ(following(chain), Ids{4});
    chain.next();
    EXPECT_FALSE(changes(chain));
}

TEST_F(FollowersTest, WhoIsBelowTheLeastStakeDoesNot) {
    EpochChain chain(genesis(chain::Policy::pos, 4));
    ASSERT_TRUE(chain.stake(9, bond_of(9), ether));
    ASSERT_EQ(following(chain), Ids{9});
    ASSERT_TRUE(chain.stake(9, encode_unbond(NodeId(9), U256(1))));
    EXPECT_TRUE(changes(chain));
    EXPECT_EQ(following(chain), Ids{});
}

TEST_F(FollowersTest, TheAbsentFollowFromJail) {
    EpochChain chain(genesis(chain::Policy::pos, 4));
    chain.end_epoch({2});
    ASSERT_EQ(chain.ids(), (Ids{1, 3, 4}));
    EXPECT_EQ(following(chain), Ids{2});
}

TEST_F(FollowersTest, WhoNeverReturnsDoesNot) {
    chain::Genesis made = genesis(chain::Policy::pos, 4);
    made.bft.guilts_max = 2;
    // Of a stake that is cut twice, enough must be left: it is not for that it is kept out.
    made.bft.stake_min = ether / U256(2);
    EpochChain chain(std::move(made));
    chain.next();
    ASSERT_TRUE(chain.accuse(5, chain.lie(2, 0)));
    chain.end_epoch();
    ASSERT_EQ(chain.ids(), (Ids{1, 3, 4}));
    EXPECT_EQ(following(chain), Ids{2});
    ASSERT_TRUE(chain.accuse(5, chain.lie(2, 0, 2)));
    EXPECT_TRUE(changes(chain));
    EXPECT_EQ(following(chain), Ids{});
}

TEST_F(FollowersTest, StandbysOfDelegatesFollow) {
    EpochChain chain(genesis(chain::Policy::dpos, 3));
    chain.end_epoch();
    ASSERT_EQ(chain.ids(), (Ids{1, 2, 3}));
    EXPECT_EQ(following(chain), Ids{4});
    // Passed over, and not in jail.
    chain.end_epoch({2});
    ASSERT_EQ(chain.ids(), (Ids{1, 3, 4}));
    EXPECT_EQ(following(chain), Ids{2});
}

TEST_F(FollowersTest, ByAuthorityNobodyDoes) {
    EpochChain chain(epoch_genesis(chain::Policy::poa));
    chain.end_epoch();
    EXPECT_EQ(following(chain), Ids{});
    EXPECT_FALSE(changes(chain));
}

TEST_F(FollowersTest, SoManyAtMostThoseWithTheGreatestStake) {
    chain::Genesis made = genesis(chain::Policy::pos, 1);
    made.members.members.clear();
    made.alloc.clear();
    const uint64_t candidates = followers_max + 3;
    for (uint64_t id = 1; id <= candidates; ++id) {
        made.members.members.push_back(make_member(id));
        made.members.members.back().weight = id == 7 ? 1 : id == candidates ? 9 : 2;
    }
    EpochChain chain(std::move(made));
    chain.end_epoch();
    ASSERT_EQ(chain.ids(), Ids{candidates});
    // Of equal stakes the highest id stays out, and the one with less.
    Ids expected;
    for (uint64_t id = 1; id < candidates - 1; ++id)
        if (id != 7) expected.push_back(id);
    ASSERT_EQ(expected.size(), followers_max);
    EXPECT_EQ(following(chain), expected);
}

}  // namespace
}  // namespace holdfast::ledger
