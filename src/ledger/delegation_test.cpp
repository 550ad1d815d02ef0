// Delegated stake: votes, standbys, and sharing what is earned and lost.
#include <gtest/gtest.h>

#include "ledger/epoch_chain.h"
#include "ledger/policy_committee.h"

namespace holdfast::ledger {
namespace {

using namespace testing;

class DelegationTest : public ::testing::Test {
  protected:
    static U256 ethers(uint64_t count) { return ether * U256(count); }
    static Bytes delegate(uint64_t id) { return encode_delegate(NodeId(id)); }
    static Bytes undelegate(uint64_t id, const U256& amount) {
        return encode_undelegate(NodeId(id), amount);
    }
    static Bytes redelegate(uint64_t from, uint64_t to, const U256& amount) {
        return encode_redelegate(NodeId(from), NodeId(to), amount);
    }
    static chain::Genesis genesis() {
        auto result = epoch_genesis(chain::Policy::dpos);
        result.bft.block_reward = U256(1000);
        return result;
    }
    EpochChain chain{genesis()};
    const U256 all = U256{} - U256(1);
};

TEST_F(DelegationTest, VotesDecideAndWeightsAreEqual) {
    ASSERT_TRUE(chain.stake(5, bond_of(5), ether));
    ASSERT_TRUE(chain.stake(9, delegate(5), ethers(7)));
    EXPECT_EQ(chain.stake_of(5), ethers(8));
    EXPECT_EQ(chain.worth(5, 9), ethers(7));
    EXPECT_EQ(chain.worth(5, 5), ether);
    const auto listed = chain.view(staking_address(), encode_candidates_call());
    EXPECT_EQ(listed.at(2), U256(5));
    chain.end_epoch();
    EXPECT_TRUE(chain.last.members_changed);
    EXPECT_EQ(chain.weights(), (Ids{1, 1, 1, 1}));
    const auto ids = chain.ids();
    EXPECT_NE(std::ranges::find(ids, 5u), ids.end());
    EXPECT_EQ(chain.chain.ledger().members().find(NodeId(5))->weight, 1u);
    chain.chain.expect_sound();
}

TEST_F(DelegationTest, RedelegationMovesVotesAtOnce) {
    ASSERT_TRUE(chain.stake(9, delegate(1), ethers(3)));
    ASSERT_TRUE(chain.stake(9, redelegate(1, 2, ethers(2))));
    EXPECT_EQ(chain.last.receipts[0].logs.at(0).topics[0],
              abi::topic("Moved(uint64,address,uint64,uint256)"));
    EXPECT_GE(chain.worth(2, 9) + U256(2), ethers(2));
    EXPECT_LE(chain.worth(2, 9), ethers(2));
    const auto why = [&](uint64_t from, const Bytes& data, const U256& value = {}) {
        return chain.reason(from, staking_address(), data, value);
    };
    EXPECT_EQ(why(9, redelegate(2, 2, ether)), "from and to are the same");
    EXPECT_EQ(why(9, redelegate(2, 77, ether)), "no such candidate");
    EXPECT_EQ(why(9, redelegate(3, 2, ether)), "the caller has not so much there");
    EXPECT_EQ(why(1, redelegate(1, 2, ether)), "the operator's own stake does not move");
    EXPECT_EQ(why(9, undelegate(2, ethers(3))), "the caller has not so much there");
    EXPECT_EQ(why(9, delegate(77), ether), "no such candidate");
    ASSERT_TRUE(chain.stake(9, redelegate(2, 3, all)));
    EXPECT_EQ(chain.worth(2, 9), U256(0));
    ASSERT_TRUE(chain.stake(9, undelegate(3, all)));
    EXPECT_EQ(chain.worth(3, 9), U256(0));
    chain.end_epochs(3);
    ASSERT_TRUE(chain.stake(9, encode_withdraw(NodeId(3))));
    chain.chain.expect_sound();
}

TEST_F(DelegationTest, RewardsAreSharedByStake) {
    ASSERT_TRUE(chain.stake(9, delegate(1), ethers(3)));
    const U256 before = chain.stake_of(1);
    const U256 mine = chain.worth(1, 9);
    chain.end_epochs(4);
    const U256 earned = chain.stake_of(1) - before;
    EXPECT_FALSE(earned.is_zero());
    const U256 share = chain.worth(1, 9) - mine;
    EXPECT_GE(share + U256(2), earned * U256(3) / U256(4));
    EXPECT_LE(share, earned * U256(3) / U256(4) + U256(2));
    EXPECT_LE(chain.worth(1, 9) + chain.worth(1, 1), chain.stake_of(1));
}

TEST_F(DelegationTest, TheSilentIsPassedOverForAStandby) {
    ASSERT_TRUE(chain.stake(5, bond_of(5), ether));
    ASSERT_TRUE(chain.stake(9, delegate(2), ethers(9)));
    chain.end_epoch();
    EXPECT_EQ(chain.changes(), 0u);  // 5 stands by
    chain.end_epoch({2});
    EXPECT_EQ(chain.ids(), (Ids{1, 3, 4, 5}));
    EXPECT_EQ(chain.stake_of(2) / ether, U256(10));
    // For once: its votes bring it back, and then nobody takes its place.
    chain.end_epoch();
    const auto ids = chain.ids();
    EXPECT_NE(std::ranges::find(ids, 2u), ids.end());
    chain.chain.expect_sound();
}

TEST_F(DelegationTest, WithoutAStandbyTheSilentStays) {
    chain.end_epoch({2});
    EXPECT_EQ(chain.ids(), (Ids{1, 2, 3, 4}));
    EXPECT_EQ(chain.changes(), 0u);
}

TEST_F(DelegationTest, DelegatorsLoseTheirShareOfASlash) {
    ASSERT_TRUE(chain.stake(9, delegate(3), ethers(3)));
    ASSERT_TRUE(chain.stake(10, delegate(3), ethers(6)));
    ASSERT_TRUE(chain.stake(10, undelegate(3, ethers(4))));
    const U256 leaving =
        chain.view(staking_address(), encode_withdrawals_call(NodeId(3), account_address(10)))
            .at(3);
    const U256 nine = chain.worth(3, 9), ten = chain.worth(3, 10);
    ASSERT_TRUE(chain.accuse(11, chain.lie(3, 0)));
    const auto about = [](const U256& now, const U256& before) {
        const U256 expected = before * U256(9) / U256(10);
        EXPECT_LE(now, expected + U256(2000));
        EXPECT_GE(now + U256(2000), expected);
    };
    about(chain.worth(3, 9), nine);
    about(chain.worth(3, 10), ten);
    about(chain.view(staking_address(), encode_withdrawals_call(NodeId(3), account_address(10)))
              .at(3),
          leaving);
    chain.end_epoch();
    EXPECT_EQ(chain.ids(), (Ids{1, 2, 4}));
    chain.chain.expect_sound();
}

TEST(CommitteeByVotes, StandbysComeInOrder) {
    chain::BftParameters rules;
    rules.committee_max = 2;
    rules.stake_min = U256(10);
    const auto ids = [&](std::vector<Applicant> applicants) {
        Ids result;
        for (const Seat& seat : committee_by_votes(std::move(applicants), rules)) {
            EXPECT_EQ(seat.weight, 1u);
            result.push_back(seat.id.value);
        }
        return result;
    };
    const auto one = [](uint64_t id, uint64_t stake, bool barred = false, bool absent = false) {
        return Applicant{NodeId(id), U256(stake), barred, absent};
    };
    EXPECT_EQ(ids({}), Ids{});
    EXPECT_EQ(ids({one(1, 9), one(2, 99, true)}), Ids{});
    EXPECT_EQ(ids({one(4, 20), one(3, 20), one(2, 20), one(1, 10)}), (Ids{2, 3}));
    EXPECT_EQ(ids({one(1, 90, false, true), one(2, 80), one(3, 30), one(4, 20)}), (Ids{2, 3}));
    EXPECT_EQ(ids({one(1, 90, false, true), one(2, 80, false, true), one(3, 30)}), (Ids{1, 3}));
    EXPECT_EQ(ids({one(1, 90, false, true), one(2, 80, false, true)}), (Ids{1, 2}));
}

}  // namespace
}  // namespace holdfast::ledger
