// Bytes, hex, fixed sizes, strong integers, results, seeded randomness.
#include "base/bytes.h"

#include <map>

#include <gtest/gtest.h>

#include "base/check.h"
#include "base/number.h"
#include "base/random.h"
#include "base/result.h"

namespace holdfast {
namespace {

TEST(Bytes, HexBothWays) {
    const Bytes bytes{0x00, 0x1f, 0xab, 0xff};
    EXPECT_EQ(to_hex(bytes), "001fabff");
    EXPECT_EQ(to_hex0x(bytes), "0x001fabff");
    EXPECT_EQ(from_hex("001fabff"), bytes);
    EXPECT_EQ(from_hex("0x001FABff"), bytes);
    EXPECT_EQ(from_hex(""), Bytes{});
    EXPECT_EQ(from_hex("0x"), Bytes{});
}

TEST(Bytes, HexRefusesOddAndStrange) {
    for (const auto* text : {"0", "0x0", "0g", "g0", " 00", "00 ", "0x0x00", "-1"})
        EXPECT_EQ(from_hex(text), std::nullopt) << text;
}

TEST(Bytes, FixedTakesItsOwnSizeOnly) {
    EXPECT_TRUE(Address::from(Bytes(20)));
    EXPECT_FALSE(Address::from(Bytes(19)));
    EXPECT_FALSE(Address::from(Bytes(21)));
    EXPECT_FALSE(fixed_from_hex<Address>("0x00"));
    EXPECT_FALSE(fixed_from_hex<Address>("not hex"));
    EXPECT_TRUE(Address{}.is_zero());
}

TEST(Bytes, FixedIsOrderedLikeItsBytes) {
    const auto low = fixed_from_hex<Hash32>(std::string(63, '0') + "1");
    const auto high = fixed_from_hex<Hash32>("1" + std::string(63, '0'));
    ASSERT_TRUE(low && high);
    EXPECT_LT(*low, *high);
    EXPECT_EQ(std::hash<Hash32>{}(*low), std::hash<Hash32>{}(*low));
}

TEST(Bytes, TextAndViews) {
    EXPECT_EQ(text_of(view_of("abc")), "abc");
    EXPECT_EQ(to_bytes(std::string_view("ab")), (Bytes{'a', 'b'}));
    Bytes bytes{1};
    append(bytes, Bytes{2, 3});
    EXPECT_TRUE(equal(bytes, Bytes{1, 2, 3}));
    EXPECT_FALSE(equal(bytes, Bytes{1, 2}));
    EXPECT_EQ(*make_buffer(Bytes{4}), Bytes{4});
}

TEST(Number, CountsAndCompares) {
    Height height(7);
    EXPECT_EQ(height.next(), Height(8));
    EXPECT_EQ(height.previous(), Height(6));
    EXPECT_EQ(++height, Height(8));
    EXPECT_EQ(height + 2, Height(10));
    EXPECT_EQ(height - 2, Height(6));
    EXPECT_EQ(Height(10) - Height(4), 6U);
    EXPECT_LT(Height(1), Height(2));
    EXPECT_EQ(fmt::format("{}", NodeId(3)), "3");
}

TEST(Result, NamesWhatFailed) {
    static constexpr Errc code{"test.reason"};
    const Status status = fail(code, "three of two");
    ASSERT_FALSE(status);
    EXPECT_EQ(describe(status.error()), "test.reason: three of two");
    EXPECT_EQ(describe(Error{.code = code, .detail = {}}), "test.reason");
    // Equality is of codes: words are for people.
    EXPECT_EQ(status.error(), (Error{.code = code, .detail = "other words"}));
}

TEST(CheckDeathTest, SaysWhatBroke) {
    EXPECT_DEATH(CHECK(1 + 1 == 3, "sums hold"), "CHECK failed: sums hold \\(1 \\+ 1 == 3\\)");
    EXPECT_EXIT(fatal("disk gone"), testing::ExitedWithCode(70), "fatal: disk gone");
}

TEST(Random, IsSplitMix64) {
    // The reference implementation's first values for this seed.
    Random random(1234567);
    EXPECT_EQ(random.next(), 6457827717110365317U);
    EXPECT_EQ(random.next(), 3203168211198807973U);
    EXPECT_EQ(random.next(), 9817491932198370423U);
}

TEST(Random, StaysInItsBounds) {
    Random random(42);
    std::map<uint64_t, int> seen;
    for (int i = 0; i < 10'000; ++i) {
        ++seen[random.below(10)];
        const uint64_t value = random.between(5, 7);
        EXPECT_TRUE(value >= 5 && value <= 7);
    }
    EXPECT_EQ(seen.size(), 10U);
    EXPECT_EQ(seen.rbegin()->first, 9U);
    for (const auto& [value, count] : seen) EXPECT_NEAR(count, 1000, 150) << value;
    EXPECT_FALSE(random.chance(0, 10));
    EXPECT_TRUE(random.chance(10, 10));
}

}  // namespace
}  // namespace holdfast
