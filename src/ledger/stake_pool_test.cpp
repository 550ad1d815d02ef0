// Shares of a pool: whatever happens, they are never worth more than there is.
#include "ledger/stake_pool.h"

#include <gtest/gtest.h>

#include "base/random.h"

namespace holdfast::ledger {
namespace {

const U256 ether{1'000'000'000'000'000'000};

TEST(StakePool, TheFirstShareIsOneWei) {
    Pool pool;
    EXPECT_EQ(join(pool, U256(7)), U256(7));
    EXPECT_EQ(worth_of(pool, U256(7)), U256(7));
    EXPECT_EQ(join(pool, U256(3)), U256(3));
    EXPECT_EQ(leave(pool, U256(7)), U256(7));
    EXPECT_EQ(pool, (Pool{U256(3), U256(3)}));
    EXPECT_FALSE(join(pool, U256(0)));
    EXPECT_FALSE(leave(pool, U256(4)));
}

TEST(StakePool, EarningsAndLossesAreShared) {
    Pool pool;
    const U256 one = join(pool, ether).value();
    const U256 three = join(pool, ether * U256(3)).value();
    EXPECT_TRUE(earn(pool, ether * U256(4)));
    EXPECT_EQ(worth_of(pool, one), ether * U256(2));
    EXPECT_EQ(worth_of(pool, three), ether * U256(6));
    EXPECT_EQ(cut(pool, 500), ether * U256(4));
    EXPECT_EQ(worth_of(pool, one), ether);
    // Who comes later has no part in what was.
    const U256 late = join(pool, ether).value();
    EXPECT_EQ(worth_of(pool, late), ether);
    EXPECT_EQ(worth_of(pool, one), ether);
}

TEST(StakePool, NobodyEarnsNothing) {
    Pool pool;
    EXPECT_FALSE(earn(pool, ether));
    const U256 all = join(pool, ether).value();
    EXPECT_EQ(cut(pool, 1000), ether);
    EXPECT_FALSE(earn(pool, ether));
    EXPECT_FALSE(join(pool, ether));  // a share has no price
    EXPECT_EQ(leave(pool, all), U256(0));
    EXPECT_EQ(join(pool, ether), ether);  // and begins anew
}

TEST(StakePool, ADearShareTakesNobodysFraction) {
    Pool pool;
    ASSERT_TRUE(join(pool, U256(1)));
    ASSERT_TRUE(earn(pool, ether));
    EXPECT_FALSE(join(pool, ether + ether));
    EXPECT_EQ(pool.shares, U256(1));
    // Unless it comes out even.
    EXPECT_EQ(join(pool, (ether + U256(1)) * U256(2)), U256(2));
}

TEST(StakePool, BoundsHold) {
    Pool pool;
    EXPECT_FALSE(join(pool, U256(1) << 112));
    ASSERT_TRUE(join(pool, (U256(1) << 111)));
    EXPECT_FALSE(join(pool, (U256(1) << 111)));
    EXPECT_TRUE(join(pool, (U256(1) << 110)));
    EXPECT_FALSE(earn(pool, U256(1) << 111));
    // Slashed again and again: shares grow dear in number until no more fit, and none overflows.
    Pool worn;
    ASSERT_TRUE(join(worn, U256(1) << 100));
    bool refused = false;
    for (int i = 0; i < 200 && !refused; ++i) {
        cut(worn, 999);
        refused = !join(worn, U256(1) << 90);
        EXPECT_LE(worn.shares.bit_length(), pool_shares_bits_max);
    }
    EXPECT_TRUE(refused);
}

TEST(StakePool, RoundingNeverCreatesValue) {
    for (uint64_t seed = 0; seed < 50; ++seed) {
        Random random(seed);
        Pool pool;
        std::vector<U256> held(6);
        U256 in, out, earned, lost;
        for (int step = 0; step < 400; ++step) {
            U256& mine = held[random.below(held.size())];
            const U256 amount = U256(random.next() >> random.below(60));
            const uint64_t kind = random.below(10);
            if (kind < 4) {
                const Pool before = pool;
                if (const auto shares = join(pool, amount)) {
                    EXPECT_LE(worth_of(pool, *shares), amount);
                    mine += *shares;
                    in += amount;
                } else {
                    EXPECT_EQ(pool, before);
                }
            } else if (kind < 7) {
                const auto shares = shares_worth(pool, amount);
                if (shares && *shares <= mine) {
                    const auto got = leave(pool, *shares);
                    ASSERT_TRUE(got);
                    EXPECT_GE(*got, amount);
                    mine -= *shares;
                    out += *got;
                }
            } else if (kind < 9) {
                if (earn(pool, amount)) earned += amount;
            } else {
                lost += cut(pool, random.below(300));
            }
            U256 worth, shares;
            for (const U256& each : held) {
                worth += worth_of(pool, each);
                shares += each;
            }
            EXPECT_EQ(shares, pool.shares);
            EXPECT_LE(worth, pool.stake);
            EXPECT_EQ(pool.stake + out + lost, in + earned);
        }
    }
}

}  // namespace
}  // namespace holdfast::ledger
