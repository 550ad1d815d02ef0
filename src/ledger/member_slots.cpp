// Members as slots and tuples.
#include "ledger/member_slots.h"

#include <algorithm>

namespace holdfast::ledger {
namespace {

constexpr uint64_t used_flag = 1, present_flag = 2;
constexpr size_t endpoint_slots_max = member_slots - 4;
constexpr uint64_t member_head_words = 6;

bool is_host_and_port(std::string_view endpoint) {
    const size_t colon = endpoint.rfind(':');
    if (colon == std::string_view::npos || colon == 0) return false;
    const std::string_view port = endpoint.substr(colon + 1);
    if (port.empty() || port.size() > 5 || port[0] == '0') return false;
    uint32_t number = 0;
    for (const char digit : port) {
        if (digit < '0' || digit > '9') return false;
        number = number * 10 + static_cast<uint32_t>(digit - '0');
    }
    return number <= 65'535 &&
           std::ranges::all_of(endpoint, [](char c) { return c > ' ' && c < 127; });
}

}  // namespace

bool member_was_used(const U256& first_slot) {
    return (first_slot.limbs[1] & used_flag) != 0;
}

bool member_is_present(const U256& first_slot) {
    return (first_slot.limbs[1] & present_flag) != 0;
}

Address address_of_slot(const U256& value) {
    const auto bytes = value.to_big_endian();
    return Address::from(ByteView(bytes).last(20)).value_or(Address{});
}

chain::Member read_member(Storage& storage, uint8_t area, uint64_t index, uint16_t first_field) {
    const auto read = [&](size_t field) {
        return storage.read(slot_key(area, index, field_after(first_field, field)));
    };
    chain::Member member;
    const U256 packed = read(0);
    member.weight = packed.limbs[0];
    member.id = NodeId(packed.limbs[2]);
    member.voting_key = key_of_slot<crypto::NodePublicKey>(read(1));
    member.transport_key = key_of_slot<crypto::NodePublicKey>(read(2));
    member.operator_account = address_of_slot(read(3));
    const size_t length = std::min<size_t>(packed.limbs[1] >> 8, chain::endpoint_bytes_max);
    for (size_t at = 0; at < length; at += 32) {
        const auto chunk = read(4 + at / 32).to_big_endian();
        member.endpoint.append(text_of(ByteView(chunk).first(std::min<size_t>(32, length - at))));
    }
    return member;
}

void write_member(Storage& storage, uint8_t area, uint64_t index, uint16_t first_field,
                  const chain::Member& member) {
    const auto write = [&](size_t field, const U256& value) {
        storage.write(slot_key(area, index, field_after(first_field, field)), value);
    };
    const uint64_t flags = used_flag | present_flag;
    write(0, U256(0, member.id.value, member.endpoint.size() << 8 | flags, member.weight));
    write(1, number_of_bytes(member.voting_key.view()));
    write(2, number_of_bytes(member.transport_key.view()));
    write(3, number_of_bytes(member.operator_account.view()));
    for (size_t at = 0; at < endpoint_slots_max * 32; at += 32) {
        std::array<uint8_t, 32> chunk{};
        if (at < member.endpoint.size()) {
            const ByteView part = view_of(member.endpoint).subspan(at);
            std::ranges::copy(part.first(std::min<size_t>(32, part.size())), chunk.begin());
        }
        write(4 + at / 32, number_of_bytes(chunk));
    }
}

void clear_member(Storage& storage, uint8_t area, uint64_t index, uint16_t first_field) {
    for (size_t field = 0; field < member_slots; ++field)
        storage.write(slot_key(area, index, field_after(first_field, field)), U256{});
}

U256 used_member_slot(NodeId id) {
    return U256(0, id.value, used_flag, 0);
}

Bytes member_tuple(const chain::Member& member) {
    abi::Encoder out;
    out.word(member.id.value)
        .raw(member.voting_key.view())
        .raw(member.transport_key.view())
        .address(member.operator_account)
        .word(member_head_words * abi::word_bytes)
        .word(member.weight)
        .bytes(view_of(member.endpoint));
    return out.take();
}

std::optional<chain::Member> read_member_tuple(abi::Decoder& in) {
    chain::Member member;
    member.id = NodeId(in.number64());
    member.voting_key.bytes = in.hash().bytes;
    member.transport_key.bytes = in.hash().bytes;
    member.operator_account = in.address();
    in.expect(member_head_words * abi::word_bytes);
    member.weight = in.number64();
    member.endpoint = text_of(in.bytes(chain::endpoint_bytes_max));
    return in.done() ? std::optional(std::move(member)) : std::nullopt;
}

Reason refuse_member(const chain::Member& member) {
    if (member.voting_key.is_zero() || member.transport_key.is_zero()) return "a key is zero";
    if (member.voting_key == member.transport_key) return "the two keys are the same";
    if (member.operator_account.is_zero()) return "account is zero";
    if (!is_host_and_port(member.endpoint)) return "endpoint is not host:port";
    if (member.weight == 0 || member.weight > chain::member_weight_max)
        return "weight out of range";
    return std::nullopt;
}

}  // namespace holdfast::ledger
