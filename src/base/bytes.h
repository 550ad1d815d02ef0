// Bytes and fixed-size byte strings: the raw material of everything above.
#pragma once

#include <algorithm>
#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast {

using Bytes = std::vector<uint8_t>;
using ByteView = std::span<const uint8_t>;

/// An immutable, shared byte string: a payload travels network -> journal -> ledger uncopied.
using Buffer = std::shared_ptr<const Bytes>;

inline Buffer make_buffer(Bytes bytes) {
    return std::make_shared<const Bytes>(std::move(bytes));
}
inline Bytes to_bytes(ByteView view) {
    return {view.begin(), view.end()};
}
inline Bytes to_bytes(std::string_view text) {
    return {text.begin(), text.end()};
}
inline ByteView view_of(std::string_view text) {
    return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}
inline std::string_view text_of(ByteView view) {
    return {reinterpret_cast<const char*>(view.data()), view.size()};
}
inline void append(Bytes& to, ByteView more) {
    to.insert(to.end(), more.begin(), more.end());
}
inline bool equal(ByteView a, ByteView b) {
    return std::ranges::equal(a, b);
}
/// By unsigned bytes, a prefix first: how stores order their keys.
struct ByteOrder {
    using is_transparent = void;
    bool operator()(ByteView a, ByteView b) const { return text_of(a) < text_of(b); }
};

/// A byte string of N bytes with a type of its own: FixedBytes of two tags do not mix.
template <size_t N, class Tag>
struct FixedBytes {
    std::array<uint8_t, N> bytes{};

    static constexpr size_t size_bytes = N;

    /// Null unless `view` holds exactly N bytes.
    static std::optional<FixedBytes> from(ByteView view) {
        if (view.size() != N) return std::nullopt;
        FixedBytes result;
        std::memcpy(result.bytes.data(), view.data(), N);
        return result;
    }
    [[nodiscard]] ByteView view() const { return bytes; }
    [[nodiscard]] bool is_zero() const {
        return std::ranges::all_of(bytes, [](uint8_t byte) { return byte == 0; });
    }
    auto operator<=>(const FixedBytes&) const = default;
};

/// A 32-byte hash. Which function made it is said where it is used.
using Hash32 = FixedBytes<32, struct HashTag>;
/// An account: the last 20 bytes of the Keccak-256 of its public key. [YP §4.1]
using Address = FixedBytes<20, struct AddressTag>;

/// Lower-case hexadecimal, without a prefix.
std::string to_hex(ByteView view);
/// Lower-case hexadecimal behind "0x".
std::string to_hex0x(ByteView view);
/// Null unless `text` is an even number of hex digits, with or without "0x".
std::optional<Bytes> from_hex(std::string_view text);
/// Null unless `text` is exactly the hex form of the fixed-size type.
template <class Fixed>
std::optional<Fixed> fixed_from_hex(std::string_view text) {
    auto bytes = from_hex(text);
    if (!bytes) return std::nullopt;
    return Fixed::from(*bytes);
}

}  // namespace holdfast

/// Hashes inside are uniform already, so their first eight bytes do. Never let the order of a hash
/// table reach a decision.
template <size_t N, class Tag>
struct std::hash<holdfast::FixedBytes<N, Tag>> {
    size_t operator()(const holdfast::FixedBytes<N, Tag>& value) const noexcept {
        size_t result = 0;
        std::memcpy(&result, value.bytes.data(), sizeof result);
        return result;
    }
};
