// 256-bit arithmetic on four 64-bit limbs.
#include "base/u256.h"

#include <bit>
#include <utility>

#include "base/wide.h"

namespace holdfast {
namespace {

constexpr size_t limb_count = 4;
constexpr size_t decimal_digits_max = 78;  // of 2^256-1
constexpr size_t hex_digits_max = 64;

constexpr uint64_t low_of(Wide value) {
    return static_cast<uint64_t>(value);
}
constexpr uint64_t high_of(Wide value) {
    return static_cast<uint64_t>(value >> 64);
}

size_t used_limbs(const U256& value) {
    size_t used = limb_count;
    while (used > 0 && value.limbs[used - 1] == 0) --used;
    return used;
}

/// Adds in place; the carry out of the top limb.
bool add_carry(U256& to, const U256& more) {
    uint64_t carry = 0;
    for (size_t i = 0; i < limb_count; ++i) {
        const Wide sum = Wide{to.limbs[i]} + more.limbs[i] + carry;
        to.limbs[i] = low_of(sum);
        carry = high_of(sum);
    }
    return carry != 0;
}

/// The eight limbs of the whole product.
std::array<uint64_t, 2 * limb_count> multiply_whole(const U256& a, const U256& b) {
    std::array<uint64_t, 2 * limb_count> product{};
    for (size_t i = 0; i < limb_count; ++i) {
        uint64_t carry = 0;
        for (size_t j = 0; j < limb_count; ++j) {
            const Wide sum = Wide{a.limbs[i]} * b.limbs[j] + product[i + j] + carry;
            product[i + j] = low_of(sum);
            carry = high_of(sum);
        }
        product[i + limb_count] = carry;
    }
    return product;
}

struct Division {
    U256 quotient;
    U256 remainder;
};

Division divide_by_limb(const U256& a, uint64_t divisor) {
    Division result;
    uint64_t rest = 0;
    for (size_t i = limb_count; i-- > 0;) {
        const Wide part = Wide{rest} << 64 | a.limbs[i];
        result.quotient.limbs[i] = low_of(part / divisor);
        rest = low_of(part % divisor);
    }
    result.remainder = rest;
    return result;
}

using Dividend = std::array<uint64_t, limb_count + 1>;

/// One quotient digit, and the dividend less that multiple of the divisor.
/// [Knuth, The Art of Computer Programming, volume 2, 4.3.1, algorithm D, steps D3 to D6]
uint64_t divide_step(Dividend& u, const U256& v, size_t v_limbs, size_t at) {
    const uint64_t top = v.limbs[v_limbs - 1];
    const Wide head = Wide{u[at + v_limbs]} << 64 | u[at + v_limbs - 1];
    Wide digit = head / top;
    Wide rest = head % top;
    // The guess is at most two too large; the second limb shows nearly all of that.
    while (high_of(digit) != 0 ||
           digit * v.limbs[v_limbs - 2] > (rest << 64 | u[at + v_limbs - 2])) {
        --digit;
        rest += top;
        if (high_of(rest) != 0) break;
    }

    uint64_t carry = 0;
    uint64_t borrow = 0;
    for (size_t i = 0; i < v_limbs; ++i) {
        const Wide product = digit * v.limbs[i] + carry;
        carry = high_of(product);
        const Wide difference = Wide{u[at + i]} - low_of(product) - borrow;
        u[at + i] = low_of(difference);
        borrow = high_of(difference) != 0 ? 1 : 0;
    }
    const Wide difference = Wide{u[at + v_limbs]} - carry - borrow;
    u[at + v_limbs] = low_of(difference);
    if (high_of(difference) == 0) return low_of(digit);

    // One too large after all (rare): add the divisor back.
    carry = 0;
    for (size_t i = 0; i < v_limbs; ++i) {
        const Wide sum = Wide{u[at + i]} + v.limbs[i] + carry;
        u[at + i] = low_of(sum);
        carry = high_of(sum);
    }
    u[at + v_limbs] += carry;
    return low_of(digit) - 1;
}

Division divide(const U256& a, const U256& b) {
    if (b.is_zero()) return {};
    if (a < b) return {.quotient = {}, .remainder = a};
    if (b.fits_u64()) return divide_by_limb(a, b.low64());

    const size_t b_limbs = used_limbs(b);
    const size_t a_limbs = used_limbs(a);
    const auto shift = static_cast<unsigned>(std::countl_zero(b.limbs[b_limbs - 1]));
    const U256 divisor = b << shift;
    const U256 shifted = a << shift;
    Dividend rest{};
    std::ranges::copy(shifted.limbs, rest.begin());
    if (shift != 0) rest[limb_count] = a.limbs[limb_count - 1] >> (64 - shift);

    Division result;
    for (size_t at = a_limbs - b_limbs + 1; at-- > 0;)
        result.quotient.limbs[at] = divide_step(rest, divisor, b_limbs, at);
    U256 remainder;
    std::copy_n(rest.begin(), limb_count, remainder.limbs.begin());
    result.remainder = remainder >> shift;
    return result;
}

int hex_value(char digit) {
    if (digit >= '0' && digit <= '9') return digit - '0';
    if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
    if (digit >= 'A' && digit <= 'F') return digit - 'A' + 10;
    return -1;
}

std::optional<U256> parse_hex(std::string_view digits) {
    if (digits.empty() || digits.size() > hex_digits_max) return std::nullopt;
    U256 value;
    for (const char digit : digits) {
        const int part = hex_value(digit);
        if (part < 0) return std::nullopt;
        value = value << 4;
        value.limbs[0] |= static_cast<uint64_t>(part);
    }
    return value;
}

std::optional<U256> parse_decimal(std::string_view digits) {
    if (digits.empty() || digits.size() > decimal_digits_max) return std::nullopt;
    std::optional<U256> value = U256{};
    for (const char digit : digits) {
        if (digit < '0' || digit > '9') return std::nullopt;
        value = checked_mul(*value, 10);
        if (value) value = checked_add(*value, static_cast<uint64_t>(digit - '0'));
        if (!value) return std::nullopt;
    }
    return value;
}

}  // namespace

std::strong_ordering U256::operator<=>(const U256& other) const {
    for (size_t i = limb_count; i-- > 0;) {
        if (limbs[i] != other.limbs[i]) return limbs[i] <=> other.limbs[i];
    }
    return std::strong_ordering::equal;
}

U256& U256::operator+=(const U256& other) {
    add_carry(*this, other);
    return *this;
}

U256& U256::operator-=(const U256& other) {
    uint64_t borrow = 0;
    for (size_t i = 0; i < limb_count; ++i) {
        const Wide difference = Wide{limbs[i]} - other.limbs[i] - borrow;
        limbs[i] = low_of(difference);
        borrow = high_of(difference) != 0 ? 1 : 0;
    }
    return *this;
}

U256& U256::operator*=(const U256& other) {
    const auto product = multiply_whole(*this, other);
    std::copy_n(product.begin(), limb_count, limbs.begin());
    return *this;
}

U256 operator/(const U256& a, const U256& b) {
    return divide(a, b).quotient;
}

U256 operator%(const U256& a, const U256& b) {
    return divide(a, b).remainder;
}

U256 operator<<(const U256& a, unsigned bits) {
    U256 result;
    if (bits >= 256) return result;
    const size_t whole = bits / 64;
    const unsigned part = bits % 64;
    for (size_t i = limb_count; i-- > whole;) {
        result.limbs[i] = a.limbs[i - whole] << part;
        // A shift by 64 is undefined, so an aligned one takes nothing from the limb below.
        if (part != 0 && i > whole) result.limbs[i] |= a.limbs[i - whole - 1] >> (64 - part);
    }
    return result;
}

U256 operator>>(const U256& a, unsigned bits) {
    U256 result;
    if (bits >= 256) return result;
    const size_t whole = bits / 64;
    const unsigned part = bits % 64;
    for (size_t i = 0; i + whole < limb_count; ++i) {
        result.limbs[i] = a.limbs[i + whole] >> part;
        if (part != 0 && i + whole + 1 < limb_count)
            result.limbs[i] |= a.limbs[i + whole + 1] << (64 - part);
    }
    return result;
}

unsigned U256::bit_length() const {
    const size_t used = used_limbs(*this);
    if (used == 0) return 0;
    return static_cast<unsigned>(used * 64) -
           static_cast<unsigned>(std::countl_zero(limbs[used - 1]));
}

std::array<uint8_t, 32> U256::to_big_endian() const {
    std::array<uint8_t, 32> bytes{};
    for (size_t i = 0; i < bytes.size(); ++i)
        bytes[31 - i] = static_cast<uint8_t>(limbs[i / 8] >> (8 * (i % 8)));
    return bytes;
}

Bytes U256::to_minimal_bytes() const {
    const auto bytes = to_big_endian();
    const size_t size = (bit_length() + 7) / 8;
    return {bytes.end() - static_cast<std::ptrdiff_t>(size), bytes.end()};
}

std::optional<U256> U256::from_big_endian(ByteView bytes) {
    if (bytes.size() > 32) return std::nullopt;
    U256 value;
    for (size_t i = 0; i < bytes.size(); ++i)
        value.limbs[i / 8] |= static_cast<uint64_t>(bytes[bytes.size() - 1 - i]) << (8 * (i % 8));
    return value;
}

std::string U256::to_decimal() const {
    if (is_zero()) return "0";
    std::string reversed;
    for (U256 rest = *this; !rest.is_zero();) {
        const auto [quotient, remainder] = divide_by_limb(rest, 10);
        reversed.push_back(static_cast<char>('0' + remainder.low64()));
        rest = quotient;
    }
    return {reversed.rbegin(), reversed.rend()};
}

std::string U256::to_hex_quantity() const {
    static constexpr std::string_view digits = "0123456789abcdef";
    if (is_zero()) return "0x0";
    std::string text = "0x";
    for (unsigned nibble = (bit_length() + 3) / 4; nibble-- > 0;)
        text.push_back(digits[limbs[nibble / 16] >> (4 * (nibble % 16)) & 15]);
    return text;
}

std::optional<U256> U256::parse(std::string_view text) {
    if (text.starts_with("0x") || text.starts_with("0X")) return parse_hex(text.substr(2));
    return parse_decimal(text);
}

std::optional<U256> checked_add(const U256& a, const U256& b) {
    U256 sum = a;
    if (add_carry(sum, b)) return std::nullopt;
    return sum;
}

std::optional<U256> checked_sub(const U256& a, const U256& b) {
    if (a < b) return std::nullopt;
    return a - b;
}

std::optional<U256> checked_mul(const U256& a, const U256& b) {
    const auto product = multiply_whole(a, b);
    U256 result;
    std::copy_n(product.begin(), limb_count, result.limbs.begin());
    if (std::any_of(product.begin() + limb_count, product.end(),
                    [](auto limb) { return limb != 0; }))
        return std::nullopt;
    return result;
}

}  // namespace holdfast
