// Targets and work: the specification's published vectors, a dumb twin with long multiplication,
// and how well the schedule holds the interval.
#include "consensus/pow/difficulty.h"

#include <cmath>

#include <gtest/gtest.h>

#include "base/random.h"

namespace holdfast::pow {
namespace {

/// Bitcoin's compact form, in which the vectors tell targets.
U256 expanded(uint32_t bits) {
    const unsigned exponent = bits >> 24;
    const U256 mantissa = bits & 0x7fffff;
    return exponent <= 3 ? mantissa >> (8 * (3 - exponent)) : mantissa << (8 * (exponent - 3));
}
uint32_t compact(const U256& target) {
    unsigned size = (target.bit_length() + 7) / 8;
    const U256 shifted = size <= 3 ? target << (8 * (3 - size)) : target >> (8 * (size - 3));
    uint64_t mantissa = shifted.low64();
    if ((mantissa & 0x800000) != 0) {
        mantissa >>= 8;
        ++size;
    }
    return size << 24 | static_cast<uint32_t>(mantissa);
}

struct Vector {
    uint64_t height;
    int64_t time;  // seconds
    uint32_t bits;
};
struct PublishedRun {
    const char* what;
    uint64_t anchor_height;
    int64_t anchor_parent_time;
    uint32_t anchor_bits;
    std::vector<Vector> vectors;
};

constexpr int64_t spacing = 600;
constexpr uint64_t half_life = 172'800;
const U256 limit = expanded(0x1d00ffff);

// Of the runs that the specification's authors published with it (test_vectors/aserti3-2d), some
// lines of each that tells something new.
const std::vector<PublishedRun> runs{
    {"on schedule at the limit", 1, 0, 0x1d00ffff, {{2, 1200, 0x1d00ffff}, {11, 6600, 0x1d00ffff}}},
    {"on schedule", 1, 0, 0x1a2b3c4d, {{2, 1200, 0x1a2b3c4d}, {11, 6600, 0x1a2b3c4d}}},
    {"on schedule at the minimum", 1, 0, 0x01010000, {{2, 1200, 0x01010000}}},
    {"doubling",
     1,
     0,
     0x01010000,
     {{2, 174'000, 0x01020000},
      {3, 347'400, 0x01040000},
      {8, 1'214'400, 0x02008000},
      {9, 1'387'800, 0x02010000},
      {16, 2'601'600, 0x03008000}}},
    {"halving",
     1,
     0,
     0x1d00ffff,
     {{2, 0, 0x1d00fec5},
      {290, 0, 0x1c7f62c0},
      {578, 0, 0x1c3fb160},
      {1442, 0, 0x1c07f62c},
      {2594, 0, 0x1b7f62c0},
      {4034, 0, 0x1b03fb16}}},
    {"random times",
     1,
     0,
     0x1802aee8,
     {{3, 1310, 0x1802ad91},
      {10, 7099, 0x1802b1f2},
      {12, 8626, 0x1802b2db},
      {51, 34'841, 0x1802bab7},
      {501, 300'620, 0x1802aef5},
      {1001, 589'738, 0x180291ad}}},
    {"power goes up",
     1,
     0,
     0x1802aee8,
     {{101, 20'372, 0x18024899}, {501, 29'563, 0x1800e793}, {1001, 33'365, 0x17469789}}},
    {"power goes down",
     1,
     0,
     0x1802aee8,
     {{101, 333'916, 0x180807f0}, {401, 4'883'769, 0x1b139eeb}, {501, 7'462'933, 0x1d00ffff}}},
    {"heights of 32 bits",
     2'147'483'642,
     1'234'567'290,
     0x1802aee8,
     {{2'147'483'643, 1'234'568'190, 0x1802ae16}, {2'147'483'652, 1'234'570'890, 0x1802a6b7}}},
    {"heights of 64 bits",
     9'223'372'036'854'775'802U,
     2'147'483'047,
     0x1802aee8,
     {{9'223'372'036'854'775'803U, 2'147'484'547, 0x1802afbb},
      {9'223'372'036'854'775'812U, 2'147'492'647, 0x1802b73d}}},
    {"times that go back",
     1,
     10'000,
     0x1802aee8,
     {{3, 11'199, 0x1802ad44},
      {101, 11'101, 0x18021d10},
      {1200, 10'002, 0x172640b0},
      {1203, 9'999, 0x1725fa01},
      {5001, 6'201, 0x160106b7},
      {10'000, 1'202, 0x13647d71}}},
};

TEST(Asert, PublishedVectors) {
    for (const PublishedRun& run : runs) {
        for (const Vector& vector : run.vectors) {
            const Int128 heights = static_cast<Int128>(vector.height - run.anchor_height) + 1;
            const Int128 drift = vector.time - run.anchor_parent_time - spacing * heights;
            const U256 target = scaled_target(expanded(run.anchor_bits), drift, half_life, limit);
            EXPECT_EQ(compact(target), vector.bits) << run.what << ", height " << vector.height;
        }
    }
}

// The corner cases of the reference implementation's own test.
TEST(Asert, CornersOfTheReference) {
    const U256 most = (U256(1) << 224) - 1;
    const auto scaled = [&](const U256& anchor, int64_t time, int64_t heights) {
        return scaled_target(anchor, Int128{time} - Int128{spacing} * heights, half_life, most);
    };
    constexpr int64_t half_life_blocks = 288;
    EXPECT_EQ(scaled(most, 0, half_life_blocks), most >> 1);
    EXPECT_EQ(scaled(most, 0, 2 * half_life_blocks), most >> 2);
    EXPECT_EQ(scaled(most >> 3, 0, half_life_blocks), most >> 4);
    EXPECT_EQ(scaled(most, 0, 222 * half_life_blocks), U256(3));
    EXPECT_EQ(scaled(most, 0, 222 * half_life_blocks + 119), U256(3));
    EXPECT_EQ(scaled(most, 0, 222 * half_life_blocks + 120), U256(2));
    EXPECT_EQ(scaled(most, 0, 223 * half_life_blocks - 1), U256(2));
    EXPECT_EQ(scaled(most, 0, 223 * half_life_blocks), U256(1));
    EXPECT_EQ(scaled(most, 0, 224 * half_life_blocks), U256(1));
    EXPECT_EQ(scaled(1, 0, 224 * half_life_blocks), U256(1));
    EXPECT_EQ(scaled(1, (512 - 64) * 144 * spacing, 0), most);
    EXPECT_EQ(scaled(most, 300, 1),
              *U256::parse("0xffb1ffffffffffffffffffffffffffffffffffffffffffffffffffff"));
    EXPECT_EQ(scaled(*U256::parse("0x8000000000000000000fffffffffffffffffffffffffffffffffffff"),
                     spacing * 33 * half_life_blocks, 0),
              most);
    EXPECT_EQ(scaled(1, spacing * 256 * half_life_blocks, 0), most);
    EXPECT_EQ(scaled(1, spacing * 224 * half_life_blocks - 1, 0), U256(0xffff8) << 204);
}

/// 2^(f/65536) by the same cubic, and everything else bit by bit on 640 bits.
U256 dumb_target(const U256& anchor, int64_t drift, uint64_t halving, const U256& most) {
    const Int128 exponent = Int128{drift} * 65536 / static_cast<Int128>(halving);
    Int128 whole = exponent / 65536;
    Int128 fraction = exponent % 65536;
    if (fraction < 0) {
        fraction += 65536;
        --whole;
    }
    const Wide f = static_cast<Wide>(fraction);
    const Wide factor =
        65536 +
        ((195'766'423'245'049 * f + 971'821'376 * f * f + 5127 * f * f * f + (Wide{1} << 47)) >>
         48);
    std::vector<bool> bits(1400);  // of the product, point at 700
    for (unsigned i = 0; i < 17; ++i) {
        if ((factor >> i & 1) == 0) continue;
        unsigned carry = 0;
        for (unsigned j = 0; j < 300; ++j) {
            const unsigned one = j < 256 ? static_cast<unsigned>((anchor >> j).low64() & 1) : 0;
            const unsigned sum = one + carry + (bits[700 + i + j] ? 1 : 0);
            bits[700 + i + j] = (sum & 1) != 0;
            carry = sum >> 1;
        }
    }
    U256 target;
    for (int i = 0; i < 1400; ++i) {
        if (!bits[static_cast<size_t>(i)]) continue;
        const Int128 place = i - 700 - 16 + whole;
        if (place >= 256) return most;
        if (place >= 0) target += U256(1) << static_cast<unsigned>(place);
    }
    if (target.is_zero()) return 1;
    return std::min(target, most);
}

TEST(Asert, DumbTwin) {
    Random random(1);
    for (int i = 0; i < 3000; ++i) {
        const U256 anchor(random.next(), random.next(), random.next(), random.next());
        const U256 some = (anchor >> static_cast<unsigned>(random.below(255))) + 1;
        const U256 most = U256(1) << 254;
        const uint64_t halving = random.between(1, 1'000'000);
        const auto span = static_cast<int64_t>(halving) * 300;
        const int64_t drift =
            static_cast<int64_t>(random.below(2 * static_cast<uint64_t>(span))) - span;
        EXPECT_EQ(scaled_target(some, drift, halving, most),
                  dumb_target(some, drift, halving, most))
            << some.to_hex_quantity() << " " << drift << " / " << halving;
    }
}

TEST(Work, IsTheRoundedQuotient) {
    EXPECT_EQ(work_of(U256{} - 1), U256(1));
    EXPECT_EQ(work_of((U256(1) << 255) - 1), U256(2));
    EXPECT_EQ(work_of(U256(1) << 255), U256(1));
    EXPECT_EQ(work_of((U256(1) << 224) - 1), U256(1) << 32);
    EXPECT_EQ(work_of(expanded(0x1d00ffff)), U256(0x1'0001'0001));  // of Bitcoin's first blocks
    EXPECT_EQ(work_of(1), U256(1) << 255);
    // 2^256 / 3 is 0x5555...5
    EXPECT_EQ(work_of(2), (U256{} - 1) / 3);
}

Rules three_seconds() {
    return {.genesis = Hash32{{1}},
            .genesis_time_ms = 1'700'000'000'000,
            .genesis_target = U256(1) << 232,
            .target_max = U256(1) << 240,
            .interval_ms = 3000,
            .half_life_ms = 600'000,
            .final_depth = 20};
}

double as_double(const U256& value) {
    return std::ldexp(static_cast<double>((value >> 192).low64()), 192) +
           std::ldexp(static_cast<double>((value >> 128).low64()), 128);
}

/// Milliseconds that `blocks` blocks take at so many hashes a second.
class Miners {
  public:
    explicit Miners(uint64_t seed) : random_(seed) {}
    double mine(int blocks, double hashes_per_second) {
        const WallMillis before = time_;
        for (int i = 0; i < blocks; ++i) {
            const U256 target = next_target(rules_, height_, time_);
            const double hashes = std::ldexp(1.0, 256) / as_double(target);
            const double draw =
                -std::log(1 - std::ldexp(static_cast<double>(random_.next() >> 11), -53));
            time_ += std::max<WallMillis>(
                1, static_cast<WallMillis>(draw * hashes / hashes_per_second * 1000));
            ++height_;
        }
        return static_cast<double>(time_ - before);
    }

  private:
    Random random_;
    Rules rules_ = three_seconds();
    WallMillis time_ = rules_.genesis_time_ms;
    uint64_t height_ = 0;
};

// The interval stays within 5 % over 1000 blocks, also after the power has doubled or halved. The
// schedule is absolute: what a change of power made it lose or gain, it makes up for, so the mean
// is taken when the target has followed, five half-lives later.
TEST(Schedule, HoldsTheInterval) {
    for (uint64_t seed = 1; seed <= 20; ++seed) {
        Miners miners(seed);
        const double power = std::ldexp(1.0, 24) / 3;  // what the first target takes
        for (const double factor : {1.0, 2.0, 0.5, 1.0}) {
            miners.mine(1000, power * factor);
            EXPECT_NEAR(miners.mine(1000, power * factor) / 1000, 3000, 150)
                << "seed " << seed << ", power times " << factor;
        }
    }
}

TEST(Rules, WhatNoChainCanLiveWith) {
    EXPECT_EQ(problem_of(three_seconds()), "");
    Rules rules = three_seconds();
    rules.genesis_target = 0;
    EXPECT_NE(problem_of(rules), "");
    rules = three_seconds();
    rules.half_life_ms = 0;
    EXPECT_NE(problem_of(rules), "");
    rules = three_seconds();
    rules.target_max = U256(1) << 255;
    EXPECT_NE(problem_of(rules), "");
    rules = three_seconds();
    rules.interval_ms = schedule_ms_max + 1;
    EXPECT_NE(problem_of(rules), "");
    rules = three_seconds();
    rules.final_depth = 0;
    EXPECT_NE(problem_of(rules), "");
}

}  // namespace
}  // namespace holdfast::pow
