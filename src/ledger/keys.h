// Where everything lies in the state store. Numbers in keys are big-endian, so that keys sort by
// height; numbers in values are little-endian, as everywhere in our own encodings.
//
//   meta          names below; "members" ~height -> the member set in force from that height on
//   blocks        part height -> header (hash, RLP), body, receipts, engine's mark
//   hashes        block hash -> height; transaction hash -> height, index
//   certificates  height -> certificate; empty: a later one vouches for the block
//   accounts      Keccak(address) -> RLP account
//   slots         Keccak(address) Keccak(slot) -> value, big-endian without leading zeros
//   account_trie  path -> node RLP
//   slot_trie     Keccak(address) path -> node RLP
//   undo          height shard -> what the block overwrote (see undo.h)
#pragma once

#include "base/bytes.h"
#include "base/number.h"

namespace holdfast::ledger::keys {

inline constexpr std::string_view genesis = "genesis";      ///< hash of the genesis object
inline constexpr std::string_view head = "head";            ///< height, block hash
inline constexpr std::string_view lowest_block = "lowest";  ///< lowest height with a body
inline constexpr std::string_view state_from =
    "state_from";                                           ///< no state below: a snapshot's height
inline constexpr std::string_view undo_from = "undo_from";  ///< all undo records from here on
inline constexpr std::string_view burnt = "burnt";          ///< base fees and stakes, since genesis
inline constexpr std::string_view issued = "issued";        ///< see Reader::issued; absent: nothing
inline constexpr std::string_view supply = "supply";        ///< sum of balances at genesis
inline constexpr std::string_view certified = "certified";  ///< see Reader::certified
inline constexpr std::string_view final = "final";          ///< see Reader::final
inline constexpr std::string_view importing = "importing";  ///< a verified snapshot to be installed
inline constexpr std::string_view import_piece = "import/";  ///< staged pieces of a snapshot
inline constexpr std::string_view import_change = "import_change/";  ///< staged changes of members
inline constexpr std::string_view members_prefix = "members/";

/// Parts come first in the key, so that bodies can be erased as one range while headers stay.
enum class BlockPart : uint8_t { header = 1, body = 2, receipts = 3, mark = 4 };

inline void append_big_endian(Bytes& key, uint64_t number) {
    for (int shift = 56; shift >= 0; shift -= 8)
        key.push_back(static_cast<uint8_t>(number >> shift));
}
inline uint64_t read_big_endian(ByteView bytes) {
    uint64_t number = 0;
    for (const uint8_t byte : bytes.first(std::min<size_t>(8, bytes.size())))
        number = number << 8 | byte;
    return number;
}
inline Bytes of_height(Height height) {
    Bytes key;
    key.reserve(9);
    append_big_endian(key, height.value);
    return key;
}
inline Bytes block_part(BlockPart part, Height height) {
    Bytes key;
    key.reserve(9);
    key.push_back(static_cast<uint8_t>(part));
    append_big_endian(key, height.value);
    return key;
}
/// Heights are inverted: the first key at or after that of `height` is the last change up to it.
inline Bytes members_at(Height height) {
    Bytes key = to_bytes(members_prefix);
    append_big_endian(key, ~height.value);
    return key;
}
inline Bytes import_piece_at(uint64_t number) {
    Bytes key = to_bytes(import_piece);
    append_big_endian(key, number);
    return key;
}
inline Bytes import_change_at(uint64_t number) {
    Bytes key = to_bytes(import_change);
    append_big_endian(key, number);
    return key;
}
inline Bytes joined(ByteView first, ByteView second) {
    Bytes key;
    key.reserve(first.size() + second.size());
    append(key, first);
    append(key, second);
    return key;
}

}  // namespace holdfast::ledger::keys
