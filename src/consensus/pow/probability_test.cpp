// The tables of the paper.
#include "consensus/pow/probability.h"

#include <gtest/gtest.h>

namespace holdfast::pow {
namespace {

// [Nakamoto §11]
TEST(ReversalProbability, TheTablesOfThePaper) {
    struct Row {
        double attacker;
        uint64_t depth;
        double probability;
    };
    const std::vector<Row> rows{
        {0.1, 0, 1.0000000},  {0.1, 1, 0.2045873},  {0.1, 2, 0.0509779},  {0.1, 3, 0.0131722},
        {0.1, 4, 0.0034552},  {0.1, 5, 0.0009137},  {0.1, 6, 0.0002428},  {0.1, 7, 0.0000647},
        {0.1, 8, 0.0000173},  {0.1, 9, 0.0000046},  {0.1, 10, 0.0000012}, {0.3, 0, 1.0000000},
        {0.3, 5, 0.1773523},  {0.3, 10, 0.0416605}, {0.3, 15, 0.0101008}, {0.3, 20, 0.0024804},
        {0.3, 25, 0.0006132}, {0.3, 30, 0.0001522}, {0.3, 35, 0.0000379}, {0.3, 40, 0.0000095},
        {0.3, 45, 0.0000024}, {0.3, 50, 0.0000006},
    };
    for (const Row& row : rows)
        EXPECT_NEAR(reversal_probability(row.attacker, row.depth), row.probability, 0.5e-7)
            << row.attacker << " " << row.depth;
}

// How deep, for less than 0.1 %? [Nakamoto §11]
TEST(ReversalProbability, DepthsForOneInAThousand) {
    const std::vector<std::pair<double, uint64_t>> rows{{0.10, 5},  {0.15, 8},  {0.20, 11},
                                                        {0.25, 15}, {0.30, 24}, {0.35, 41},
                                                        {0.40, 89}, {0.45, 340}};
    for (const auto& [attacker, depth] : rows) {
        EXPECT_LT(reversal_probability(attacker, depth), 0.001) << attacker;
        EXPECT_GE(reversal_probability(attacker, depth - 1), 0.001) << attacker;
    }
}

TEST(ReversalProbability, Bounds) {
    EXPECT_EQ(reversal_probability(0.5, 100), 1);
    EXPECT_EQ(reversal_probability(0.9, 100), 1);
    EXPECT_EQ(reversal_probability(0, 1), 0);
    EXPECT_EQ(reversal_probability(0, 0), 1);
}

}  // namespace
}  // namespace holdfast::pow
