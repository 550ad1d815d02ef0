// The quorum library against a dumb twin that tries every subset, exhaustively where small and at
// random where not.
#include "consensus/quorum.h"

#include <limits>
#include <set>

#include <gtest/gtest.h>

#include "base/random.h"

namespace holdfast::consensus {
namespace {

// The highest value such that more than half have it: by trying each.
uint64_t dumb_majority(const std::vector<uint64_t>& values) {
    uint64_t best = 0;
    for (const uint64_t candidate : values) {
        size_t have = 0;
        for (const uint64_t value : values) have += value >= candidate ? 1 : 0;
        if (have * 2 > values.size()) best = std::max(best, candidate);
    }
    return best;
}

uint64_t dumb_two_thirds(const std::vector<std::pair<uint64_t, uint64_t>>& values) {
    uint64_t whole = 0;
    for (const auto& [value, weight] : values) whole += weight;
    uint64_t best = 0;
    for (const auto& [candidate, unused] : values) {
        uint64_t have = 0;
        for (const auto& [value, weight] : values) have += value >= candidate ? weight : 0;
        if (have * 3 > whole * 2) best = std::max(best, candidate);
    }
    return best;
}

Members members_of(const std::vector<uint64_t>& weights) {
    Members members{.epoch = 1, .voters = {}};
    for (size_t i = 0; i < weights.size(); ++i)
        members.voters.push_back({.id = NodeId(i + 1), .weight = weights[i], .voting_key = {}});
    return members;
}

TEST(Quorum, MajorityReachesWhatADumbCountSays) {
    // All vectors of up to five values below four.
    for (size_t size = 1; size <= 5; ++size) {
        const auto all = static_cast<uint64_t>(1) << (2 * size);
        for (uint64_t code = 0; code < all; ++code) {
            std::vector<uint64_t> values;
            for (size_t i = 0; i < size; ++i) values.push_back(code >> (2 * i) & 3);
            ASSERT_EQ(reached_by_majority(values, uint64_t{99}), dumb_majority(values));
        }
    }
    EXPECT_EQ(reached_by_majority(std::vector<uint64_t>{}, uint64_t{99}), 99U);
}

TEST(Quorum, MajoritiesOfOneSetAlwaysMeet) {
    for (uint32_t size = 1; size <= 8; ++size)
        for (uint32_t a = 0; a < 1U << size; ++a)
            for (uint32_t b = 0; b < 1U << size; ++b) {
                const auto is_quorum = [&](uint32_t set) {
                    return static_cast<size_t>(__builtin_popcount(set)) >= majority(size);
                };
                ASSERT_TRUE(!is_quorum(a) || !is_quorum(b) || (a & b) != 0);
            }
}

// The union of both sides is not asked: {1,2,3} -> {4,5,6} with 1, 4, 5, 6 agreed is not agreement.
TEST(Quorum, JointNeedsBothSides) {
    EXPECT_EQ(reached_by_both<uint64_t>({7, 7, 7}, {7, 0, 0}, 99), 0U);
    EXPECT_EQ(reached_by_both<uint64_t>({7, 7, 0}, {5, 5, 0}, 99), 5U);
    EXPECT_EQ(reached_by_both<uint64_t>({7, 7, 0}, {}, 99), 7U);
    Random random(1);
    for (int i = 0; i < 5000; ++i) {
        std::vector<uint64_t> a(random.between(1, 7));
        std::vector<uint64_t> b(random.between(1, 7));
        for (auto& value : a) value = random.below(5);
        for (auto& value : b) value = random.below(5);
        ASSERT_EQ(reached_by_both(a, b, uint64_t{99}),
                  std::min(dumb_majority(a), dumb_majority(b)));
    }
}

TEST(Quorum, TwoThirdsOfWeightReachWhatADumbCountSays) {
    Random random(2);
    for (int i = 0; i < 5000; ++i) {
        std::vector<std::pair<uint64_t, uint64_t>> values(random.between(1, 7));
        for (auto& [value, weight] : values) {
            value = random.between(1, 5);
            weight = random.between(1, 4);
        }
        ASSERT_EQ(reached_by_two_thirds(values, uint64_t{0}), dumb_two_thirds(values));
    }
}

// With a whole that divides by three, exactly two thirds is not enough: two of three could be one
// liar and one of the honest, twice. Rounding up would say it was.
TEST(Quorum, ExactlyTwoThirdsIsNotEnough) {
    EXPECT_FALSE(more_than_two_thirds(4, 6));
    EXPECT_TRUE(more_than_two_thirds(5, 6));
    EXPECT_FALSE(more_than_two_thirds(2, 3));
    EXPECT_TRUE(more_than_two_thirds(3, 4));
    EXPECT_FALSE(more_than_one_third(2, 6));
    EXPECT_TRUE(more_than_one_third(3, 6));
    EXPECT_FALSE(more_than_two_thirds(0, 0));
    // Two such parts share more than a third, whatever the whole.
    for (uint64_t whole = 1; whole <= 60; ++whole)
        for (uint64_t part = 0; part <= whole; ++part)
            if (more_than_two_thirds(part, whole)) {
                ASSERT_TRUE(more_than_one_third(2 * part - whole, whole));
            }
}

TEST(Quorum, HugeWeightsDoNotOverflow) {
    constexpr uint64_t huge = std::numeric_limits<uint64_t>::max();
    const Members members = members_of({huge, huge, huge, huge});
    EXPECT_TRUE(total_weight(members) == Weight{huge} * 4);
    WeightTally tally(members);
    EXPECT_TRUE(tally.add(NodeId(1)));
    EXPECT_FALSE(tally.has_one_third());
    EXPECT_TRUE(tally.add(NodeId(2)));
    EXPECT_TRUE(tally.has_one_third());
    EXPECT_FALSE(tally.has_two_thirds());
    EXPECT_TRUE(tally.add(NodeId(3)));
    EXPECT_TRUE(tally.has_two_thirds());
    EXPECT_EQ(reached_by_two_thirds<uint64_t>({{9, huge}, {8, huge}, {7, huge}, {1, huge}}, 0), 7U);
}

TEST(Quorum, WeightCountsOncePerVoterAndNeverForStrangers) {
    WeightTally tally(members_of({1, 5, 1}));
    EXPECT_FALSE(tally.add(NodeId(9)));
    EXPECT_EQ(tally.voter(NodeId(9)), nullptr);
    EXPECT_TRUE(tally.add(NodeId(1)));
    EXPECT_FALSE(tally.add(NodeId(1)));
    EXPECT_TRUE(tally.gathered() == 1);
    EXPECT_TRUE(tally.add(NodeId(2)));
    EXPECT_TRUE(tally.has_two_thirds());
}

// Every sequence of up to five answers, repeats and changes of mind included, against sets.
TEST(Quorum, VoteTallyAgreesWithSets) {
    Random random(3);
    for (int i = 0; i < 20'000; ++i) {
        const size_t seats = random.between(1, 7);
        VoteTally tally(seats);
        std::set<size_t> granted;
        std::set<size_t> refused;
        for (uint64_t votes = random.below(12); votes > 0; --votes) {
            const size_t seat = random.below(seats);
            const bool grants = random.chance(1, 2);
            tally.record(seat, grants);
            if (granted.contains(seat) || refused.contains(seat)) continue;
            (grants ? granted : refused).insert(seat);
        }
        Outcome expected = Outcome::pending;
        if (granted.size() * 2 > seats) expected = Outcome::won;
        if ((seats - refused.size()) * 2 <= seats) expected = Outcome::lost;
        ASSERT_EQ(tally.outcome(), expected);
    }
}

TEST(Quorum, JointOutcome) {
    using enum Outcome;
    for (const Outcome a : {pending, won, lost})
        for (const Outcome b : {pending, won, lost}) {
            Outcome expected = pending;
            if (a == won && b == won) expected = won;
            if (a == lost || b == lost) expected = lost;
            EXPECT_EQ(joint_outcome(a, b), expected);
        }
    EXPECT_EQ(VoteTally(0).outcome(), lost);
}

}  // namespace
}  // namespace holdfast::consensus
