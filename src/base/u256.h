// 256-bit unsigned integers: amounts and fees, and later the words of the EVM.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace holdfast {

/// Arithmetic wraps modulo 2^256, as the EVM's does; use the checked forms for money.
class U256 {
  public:
    constexpr U256() = default;
    constexpr U256(uint64_t low) : limbs{low, 0, 0, 0} {}  // NOLINT(google-explicit-constructor)
    constexpr U256(uint64_t a3, uint64_t a2, uint64_t a1, uint64_t a0) : limbs{a0, a1, a2, a3} {}

    std::array<uint64_t, 4> limbs{};  ///< least significant first

    bool operator==(const U256&) const = default;
    std::strong_ordering operator<=>(const U256& other) const;

    U256& operator+=(const U256& other);
    U256& operator-=(const U256& other);
    U256& operator*=(const U256& other);
    friend U256 operator+(U256 a, const U256& b) { return a += b; }
    friend U256 operator-(U256 a, const U256& b) { return a -= b; }
    friend U256 operator*(U256 a, const U256& b) { return a *= b; }
    /// Division by zero gives zero, as in the EVM.
    friend U256 operator/(const U256& a, const U256& b);
    friend U256 operator%(const U256& a, const U256& b);
    friend U256 operator<<(const U256& a, unsigned bits);
    friend U256 operator>>(const U256& a, unsigned bits);

    [[nodiscard]] bool is_zero() const { return (limbs[0] | limbs[1] | limbs[2] | limbs[3]) == 0; }
    [[nodiscard]] bool fits_u64() const { return (limbs[1] | limbs[2] | limbs[3]) == 0; }
    [[nodiscard]] uint64_t low64() const { return limbs[0]; }
    [[nodiscard]] unsigned bit_length() const;

    [[nodiscard]] std::array<uint8_t, 32> to_big_endian() const;
    /// Big-endian without leading zeros; empty for zero: RLP's form.
    [[nodiscard]] Bytes to_minimal_bytes() const;
    /// Null if longer than 32 bytes. Leading zeros are accepted here.
    static std::optional<U256> from_big_endian(ByteView bytes);
    [[nodiscard]] std::string to_decimal() const;
    [[nodiscard]] std::string to_hex_quantity() const;  ///< "0x0", "0x1f": JSON-RPC's quantity
    /// Decimal, or hex behind "0x". Null if malformed or over 2^256-1.
    static std::optional<U256> parse(std::string_view text);
};

/// Null on overflow or underflow.
std::optional<U256> checked_add(const U256& a, const U256& b);
std::optional<U256> checked_sub(const U256& a, const U256& b);
std::optional<U256> checked_mul(const U256& a, const U256& b);

}  // namespace holdfast
