// U256 against a dumb twin that counts in bits and bytes, and at the edges.
#include "base/u256.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "base/random.h"
#include "base/wide.h"

namespace holdfast {
namespace {

const U256 zero;
const U256 one{1};
const U256 largest{~uint64_t{0}, ~uint64_t{0}, ~uint64_t{0}, ~uint64_t{0}};

/// Random with random length, and often with limbs of all zeros or all ones: where carries live.
U256 random_value(Random& random) {
    U256 value;
    for (auto& limb : value.limbs) {
        switch (random.below(5)) {
            case 0:
                limb = 0;
                break;
            case 1:
                limb = ~uint64_t{0};
                break;
            case 2:
                limb = random.next() >> random.below(64);
                break;
            default:
                limb = random.next();
        }
    }
    return value >> static_cast<unsigned>(random.below(256));
}

bool bit(const U256& value, unsigned at) {
    return (value.limbs[at / 64] >> (at % 64) & 1) != 0;
}

/// a * b modulo 2^512 in bytes, least significant first.
std::array<uint8_t, 64> byte_product(const U256& a, const U256& b) {
    auto left = a.to_big_endian();
    auto right = b.to_big_endian();
    std::ranges::reverse(left);
    std::ranges::reverse(right);
    std::array<uint32_t, 65> sums{};
    for (size_t i = 0; i < 32; ++i)
        for (size_t j = 0; j < 32; ++j) sums[i + j] += uint32_t{left[i]} * right[j];
    std::array<uint8_t, 64> product{};
    uint32_t carry = 0;
    for (size_t i = 0; i < 64; ++i) {
        const uint32_t sum = sums[i] + carry;
        product[i] = static_cast<uint8_t>(sum);
        carry = sum >> 8;
    }
    return product;
}

/// Long division, one bit at a time.
std::pair<U256, U256> bit_division(const U256& a, const U256& b) {
    U256 quotient;
    U256 rest;
    for (unsigned i = 256; i-- > 0;) {
        const bool overflow = bit(rest, 255);
        rest = rest << 1;
        if (bit(a, i)) rest += one;
        quotient = quotient << 1;
        if (overflow || rest >= b) {
            rest -= b;
            quotient += one;
        }
    }
    return {quotient, rest};
}

TEST(U256, AddsAndSubtractsLikeIntegersOf128Bits) {
    Random random(1);
    for (int i = 0; i < 2000; ++i) {
        const uint64_t a1 = random.next() >> random.below(64);
        const uint64_t a0 = random.next();
        const uint64_t b1 = random.next() >> random.below(64);
        const uint64_t b0 = random.next();
        const U256 a{0, 0, a1, a0};
        const U256 b{0, 0, b1, b0};
        const Wide wide_a = Wide{a1} << 64 | a0;
        const Wide wide_b = Wide{b1} << 64 | b0;
        const Wide difference = wide_a - wide_b;
        const U256 found = a - b;
        EXPECT_EQ(found.limbs[0], static_cast<uint64_t>(difference));
        EXPECT_EQ(found.limbs[1], static_cast<uint64_t>(difference >> 64));
        EXPECT_EQ(found.limbs[3], wide_a < wide_b ? ~uint64_t{0} : 0);
        EXPECT_EQ(a < b, wide_a < wide_b);
        EXPECT_EQ((a + b) - b, a);
    }
}

TEST(U256, WrapsModulo2To256) {
    EXPECT_EQ(largest + one, zero);
    EXPECT_EQ(zero - one, largest);
    EXPECT_EQ(largest * largest, one);
}

TEST(U256, MultipliesLikeTheTwin) {
    Random random(2);
    for (int i = 0; i < 2000; ++i) {
        const U256 a = random_value(random);
        const U256 b = random_value(random);
        auto twin = byte_product(a, b);
        const bool overflows =
            std::any_of(twin.begin() + 32, twin.end(), [](uint8_t byte) { return byte != 0; });
        std::reverse(twin.begin(), twin.begin() + 32);
        const auto wanted = U256::from_big_endian(ByteView(twin).first(32));
        EXPECT_EQ(a * b, wanted);
        EXPECT_EQ(checked_mul(a, b), overflows ? std::nullopt : wanted);
    }
}

TEST(U256, DividesLikeTheTwin) {
    Random random(3);
    for (int i = 0; i < 5000; ++i) {
        const U256 a = random_value(random);
        const U256 b = random_value(random);
        if (b.is_zero()) continue;
        const auto [quotient, rest] = bit_division(a, b);
        EXPECT_EQ(a / b, quotient) << a.to_hex_quantity() << " / " << b.to_hex_quantity();
        EXPECT_EQ(a % b, rest) << a.to_hex_quantity() << " % " << b.to_hex_quantity();
    }
}

TEST(U256, DivisionCorrectsAGuessThatIsTooLarge) {
    // Knuth's step D6: the top limbs agree, so the guessed digit is one too large.
    const U256 a{0x7fffffffffffffff, 0x8000000000000000, 0, 0};
    const U256 b{0, 0x8000000000000000, 0, 1};
    const auto [quotient, rest] = bit_division(a, b);
    EXPECT_EQ(a / b, quotient);
    EXPECT_EQ(a % b, rest);
    EXPECT_EQ((a / b) * b + a % b, a);
}

TEST(U256, DivisionByZeroIsZero) {
    EXPECT_EQ(largest / zero, zero);
    EXPECT_EQ(largest % zero, zero);
}

TEST(U256, ShiftsAcrossLimbs) {
    for (unsigned bits = 0; bits < 256; ++bits) {
        const U256 shifted = one << bits;
        EXPECT_TRUE(bit(shifted, bits));
        EXPECT_EQ(shifted.bit_length(), bits + 1);
        EXPECT_EQ(shifted >> bits, one);
    }
    EXPECT_EQ(largest << 256, zero);
    EXPECT_EQ(largest >> 256, zero);
    EXPECT_EQ(largest << 300, zero);
    EXPECT_EQ((largest >> 1) << 1, largest - one);
}

TEST(U256, CheckedFormsRefuseWhatDoesNotFit) {
    EXPECT_EQ(checked_add(largest, one), std::nullopt);
    EXPECT_EQ(checked_add(largest - one, one), largest);
    EXPECT_EQ(checked_sub(one, U256{2}), std::nullopt);
    EXPECT_EQ(checked_sub(U256{2}, U256{2}), zero);
    EXPECT_EQ(checked_mul(one << 128, one << 128), std::nullopt);
    EXPECT_EQ(checked_mul(one << 127, one << 128), one << 255);
}

TEST(U256, BigEndianBytesBothWays) {
    EXPECT_TRUE(zero.to_minimal_bytes().empty());
    EXPECT_EQ(U256{0x100}.to_minimal_bytes(), (Bytes{1, 0}));
    EXPECT_EQ(U256::from_big_endian(Bytes{}), zero);
    EXPECT_EQ(U256::from_big_endian(Bytes{0, 0, 1, 0}), U256{0x100});
    EXPECT_EQ(U256::from_big_endian(Bytes(33, 0)), std::nullopt);
    Random random(4);
    for (int i = 0; i < 200; ++i) {
        const U256 value = random_value(random);
        EXPECT_EQ(U256::from_big_endian(value.to_minimal_bytes()), value);
        EXPECT_EQ(U256::from_big_endian(value.to_big_endian()), value);
    }
}

TEST(U256, TextBothWays) {
    const std::string most =
        "115792089237316195423570985008687907853269984665640564039457584007913129639935";
    EXPECT_EQ(largest.to_decimal(), most);
    EXPECT_EQ(U256::parse(most), largest);
    EXPECT_EQ(zero.to_decimal(), "0");
    EXPECT_EQ(zero.to_hex_quantity(), "0x0");
    EXPECT_EQ(U256{0x1f}.to_hex_quantity(), "0x1f");
    EXPECT_EQ(largest.to_hex_quantity(), "0x" + std::string(64, 'f'));
    Random random(5);
    for (int i = 0; i < 200; ++i) {
        const U256 value = random_value(random);
        EXPECT_EQ(U256::parse(value.to_decimal()), value);
        EXPECT_EQ(U256::parse(value.to_hex_quantity()), value);
    }
}

TEST(U256, ParseRefusesWhatIsNoNumber) {
    for (const auto* text : {"", "0x", "-1", "+1", " 1", "1 ", "1.0", "1e3", "0xg", "abc",
                             // one more than the largest, in both forms
                             "115792089237316195423570985008687907853269984665640564039457584007913"
                             "129639936",
                             "0x10000000000000000000000000000000000000000000000000000000000000000"})
        EXPECT_EQ(U256::parse(text), std::nullopt) << text;
    EXPECT_EQ(U256::parse("0XAb"), U256{0xab});
}

}  // namespace
}  // namespace holdfast
