// Our own wire and disk encoding: fixed-width little-endian integers and length-prefixed bytes,
// each with a bound that the reader states. One encoding per value; trailing bytes are an error.
#pragma once

#include <concepts>
#include <cstdint>
#include <string_view>

#include "base/bytes.h"
#include "base/number.h"
#include "base/result.h"

namespace holdfast::codec_errc {
inline constexpr Errc truncated{"codec.truncated"};  ///< ended inside a value
inline constexpr Errc too_long{"codec.too_long"};    ///< a length over its stated bound
inline constexpr Errc trailing{"codec.trailing"};    ///< bytes left after the last value
inline constexpr Errc bad_value{"codec.bad_value"};  ///< an enumerator or flag out of range
}  // namespace holdfast::codec_errc

namespace holdfast {

class Writer {
  public:
    Writer() = default;
    explicit Writer(size_t reserve_bytes) { out_.reserve(reserve_bytes); }

    template <std::unsigned_integral T>
    void number(T value) {
        for (size_t i = 0; i < sizeof(T); ++i)
            out_.push_back(static_cast<uint8_t>(static_cast<uint64_t>(value) >> (8 * i)));
    }
    void u8(uint8_t value) { number(value); }
    void u16(uint16_t value) { number(value); }
    void u32(uint32_t value) { number(value); }
    void u64(uint64_t value) { number(value); }
    void boolean(bool value) { u8(value ? 1 : 0); }
    template <class Tag>
    void ordinal(Ordinal<Tag> value) {
        u64(value.value);
    }
    /// Exactly these bytes; the reader must know how many.
    void raw(ByteView bytes) { append(out_, bytes); }
    template <size_t N, class Tag>
    void fixed(const FixedBytes<N, Tag>& value) {
        raw(value.view());
    }
    /// A 32-bit length, then the bytes.
    void bytes(ByteView value) {
        u32(static_cast<uint32_t>(value.size()));
        raw(value);
    }
    void text(std::string_view value) { bytes(view_of(value)); }
    /// A 32-bit count, to be followed by that many elements.
    void count(size_t value) { u32(static_cast<uint32_t>(value)); }

    [[nodiscard]] size_t size() const { return out_.size(); }
    [[nodiscard]] Bytes take() { return std::move(out_); }

  private:
    Bytes out_;
};

/// Reads what Writer wrote. The first failure sticks: later reads give zeros, and `finish` names
/// it. So a decoder reads straight through and asks once at the end; loops are safe because `count`
/// gives 0 after a failure.
class Reader {
  public:
    explicit Reader(ByteView in) : in_(in) {}

    template <std::unsigned_integral T>
    T number() {
        const ByteView view = raw(sizeof(T));
        uint64_t value = 0;
        for (size_t i = 0; i < view.size(); ++i) value |= static_cast<uint64_t>(view[i]) << (8 * i);
        return static_cast<T>(value);
    }
    uint8_t u8() { return number<uint8_t>(); }
    uint16_t u16() { return number<uint16_t>(); }
    uint32_t u32() { return number<uint32_t>(); }
    uint64_t u64() { return number<uint64_t>(); }
    bool boolean() {
        const uint8_t value = u8();
        if (value > 1) fail_with(codec_errc::bad_value);
        return value == 1;
    }
    template <class O>
    O ordinal() {
        return O(u64());
    }
    ByteView raw(size_t size) {
        if (failed() || in_.size() < size) {
            fail_with(codec_errc::truncated);
            return {};
        }
        const ByteView view = in_.first(size);
        in_ = in_.subspan(size);
        return view;
    }
    template <class Fixed>
    Fixed fixed() {
        return Fixed::from(raw(Fixed::size_bytes)).value_or(Fixed{});
    }
    ByteView bytes(size_t bytes_max) {
        const size_t size = u32();
        if (size > bytes_max) {
            fail_with(codec_errc::too_long);
            return {};
        }
        return raw(size);
    }
    Bytes bytes_copy(size_t bytes_max) { return to_bytes(bytes(bytes_max)); }
    std::string text(size_t bytes_max) { return std::string(text_of(bytes(bytes_max))); }
    size_t count(size_t count_max) {
        const size_t value = u32();
        if (value > count_max) fail_with(codec_errc::too_long);
        return failed() ? 0 : value;
    }

    /// Marks the input as bad; the first mark stays.
    void fail_with(Errc code) {
        if (!failed()) errc_ = code;
    }
    [[nodiscard]] bool failed() const { return !errc_.name.empty(); }
    [[nodiscard]] size_t left() const { return in_.size(); }
    /// Everything not yet read.
    ByteView rest() { return raw(in_.size()); }

    /// An error if any read failed or bytes are left over.
    Status finish() {
        if (!failed() && !in_.empty()) fail_with(codec_errc::trailing);
        if (failed()) return fail(errc_);
        return {};
    }

  private:
    ByteView in_;
    Errc errc_{};
};

}  // namespace holdfast
