// A member as storage slots, as the contracts keep it, and as the tuple of the ABI.
//
// From the first field on: {used, present, endpoint length, weight}, voting key, transport key,
// account, endpoint with 32 bytes a slot.
#pragma once

#include "chain/member.h"
#include "ledger/contract.h"

namespace holdfast::ledger {

inline constexpr size_t member_slots = 4 + (chain::endpoint_bytes_max + 31) / 32;

/// Of a member's first slot: how far its id has come. Ids are never used twice.
bool member_was_used(const U256& first_slot);
bool member_is_present(const U256& first_slot);

chain::Member read_member(Storage& storage, uint8_t area, uint64_t index, uint16_t first_field);
void write_member(Storage& storage, uint8_t area, uint64_t index, uint16_t first_field,
                  const chain::Member& member);
void clear_member(Storage& storage, uint8_t area, uint64_t index, uint16_t first_field);
/// What stays of a member that is gone.
U256 used_member_slot(NodeId id);

template <class Key>
Key key_of_slot(const U256& value) {
    return {value.to_big_endian()};
}
inline U256 number_of_bytes(ByteView bytes) {
    return U256::from_big_endian(bytes).value_or(U256{});
}
Address address_of_slot(const U256& value);

/// The tuple (uint64 id, bytes32 votingKey, bytes32 transportKey, address account, string endpoint,
/// uint64 weight); also the arguments of addMember.
Bytes member_tuple(const chain::Member& member);
/// Null unless it is exactly what `member_tuple` writes: equal arguments are equal bytes, so the
/// hash of the call names the proposal.
std::optional<chain::Member> read_member_tuple(abi::Decoder& in);

/// What no member may be, whatever else is on the ledger; null if it is sound.
Reason refuse_member(const chain::Member& member);

}  // namespace holdfast::ledger
