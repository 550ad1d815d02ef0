// Contract ABI encoding, strict in what it reads.
#include "ledger/abi.h"

#include "crypto/hash.h"

namespace holdfast::ledger::abi {
namespace {

constexpr std::string_view error_signature = "Error(string)";
constexpr size_t reason_bytes_max = 1024;

size_t padding_of(size_t size) {
    return (word_bytes - size % word_bytes) % word_bytes;
}

}  // namespace

std::array<uint8_t, 4> selector(std::string_view signature) {
    const Hash32 hash = crypto::keccak256(view_of(signature));
    return {hash.bytes[0], hash.bytes[1], hash.bytes[2], hash.bytes[3]};
}

Hash32 topic(std::string_view signature) {
    return crypto::keccak256(view_of(signature));
}

Encoder& Encoder::word(const U256& value) {
    return raw(value.to_big_endian());
}

Encoder& Encoder::hash(const Hash32& value) {
    return raw(value.view());
}

Encoder& Encoder::address(const Address& value) {
    return hash(word_of(value));
}

Encoder& Encoder::bytes(ByteView value) {
    word(value.size());
    raw(value);
    out_.resize(out_.size() + padding_of(value.size()));
    return *this;
}

Encoder& Encoder::array(const std::vector<Bytes>& tuples) {
    word(tuples.size());
    size_t offset = tuples.size() * word_bytes;
    for (const Bytes& tuple : tuples) {
        word(offset);
        offset += tuple.size();
    }
    for (const Bytes& tuple : tuples) raw(tuple);
    return *this;
}

Encoder& Encoder::raw(ByteView encoded) {
    append(out_, encoded);
    return *this;
}

ByteView Decoder::take(size_t size) {
    if (failed_ || in_.size() < size) {
        failed_ = true;
        return {};
    }
    const ByteView view = in_.first(size);
    in_ = in_.subspan(size);
    return view;
}

uint64_t Decoder::number64() {
    const auto value = U256::from_big_endian(take(word_bytes));
    failed_ |= !value || !value->fits_u64();
    return failed_ ? 0 : value->low64();
}

U256 Decoder::number() {
    return U256::from_big_endian(take(word_bytes)).value_or(U256{});
}

Hash32 Decoder::hash() {
    return Hash32::from(take(word_bytes)).value_or(Hash32{});
}

Address Decoder::address() {
    const ByteView word = take(word_bytes);
    if (failed_) return {};
    failed_ = !std::ranges::all_of(word.first(12), [](uint8_t byte) { return byte == 0; });
    return failed_ ? Address{} : Address::from(word.last(20)).value_or(Address{});
}

ByteView Decoder::bytes(size_t bytes_max) {
    const uint64_t size = number64();
    if (failed_ || size > bytes_max) {
        failed_ = true;
        return {};
    }
    const ByteView value = take(size);
    const ByteView padding = take(padding_of(size));
    failed_ |= !std::ranges::all_of(padding, [](uint8_t byte) { return byte == 0; });
    return failed_ ? ByteView{} : value;
}

Bytes encode_revert(std::string_view reason) {
    Encoder out;
    out.raw(selector(error_signature)).word(word_bytes).bytes(view_of(reason));
    return out.take();
}

std::optional<std::string> decode_revert(ByteView output) {
    if (output.size() < 4 || !equal(output.first(4), selector(error_signature)))
        return std::nullopt;
    Decoder in(output.subspan(4));
    in.expect(word_bytes);
    std::string reason(text_of(in.bytes(reason_bytes_max)));
    if (!in.done()) return std::nullopt;
    return reason;
}

Hash32 word_of(const Address& address) {
    Hash32 word;
    std::ranges::copy(address.bytes, word.bytes.begin() + 12);
    return word;
}

Hash32 word_of(uint64_t number) {
    return {U256(number).to_big_endian()};
}

}  // namespace holdfast::ledger::abi
