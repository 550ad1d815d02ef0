// The part of Solidity's contract ABI that the native contracts speak: words, byte strings, arrays
// of dynamic tuples, revert reasons.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/u256.h"

namespace holdfast::ledger::abi {

inline constexpr size_t word_bytes = 32;

/// The first four bytes of the Keccak-256 of a signature such as "members()".
std::array<uint8_t, 4> selector(std::string_view signature);
/// The first topic of an event's log.
Hash32 topic(std::string_view signature);

class Encoder {
  public:
    Encoder& word(const U256& value);
    Encoder& hash(const Hash32& value);
    Encoder& address(const Address& value);
    /// Length, bytes, zeros up to a whole word.
    Encoder& bytes(ByteView value);
    /// Length, offsets, then the encoded tuples.
    Encoder& array(const std::vector<Bytes>& tuples);
    Encoder& raw(ByteView encoded);
    [[nodiscard]] size_t size() const { return out_.size(); }
    [[nodiscard]] Bytes take() { return std::move(out_); }

  private:
    Bytes out_;
};

/// Reads words in order. A value over its type's width, or reading past the end, fails for good.
class Decoder {
  public:
    explicit Decoder(ByteView in) : in_(in) {}
    uint64_t number64();
    U256 number();
    Hash32 hash();
    Address address();
    /// Length, bytes, and padding that must be zero.
    ByteView bytes(size_t bytes_max);
    void expect(uint64_t value) { failed_ |= number64() != value; }
    /// Everything was read and well formed.
    [[nodiscard]] bool done() const { return !failed_ && in_.empty(); }

  private:
    ByteView take(size_t size);
    ByteView in_;
    bool failed_ = false;
};

/// Error(string), as `require` gives it.
Bytes encode_revert(std::string_view reason);
/// Null unless it is an Error(string).
std::optional<std::string> decode_revert(ByteView output);

Hash32 word_of(const Address& address);
Hash32 word_of(uint64_t number);

}  // namespace holdfast::ledger::abi
