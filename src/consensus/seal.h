// What a Seal asks for: proof that somebody worked. A sealed header hashes to a number at or below
// its target, and its last eight bytes are the nonce that was searched for. One definition for
// the engine that judges, the miner that searches, and the tests that pretend.
#pragma once

#include <array>
#include <optional>

#include "base/bytes.h"

namespace holdfast::consensus {

using Target = std::array<uint8_t, 32>;  ///< a number, big-endian

inline constexpr size_t nonce_bytes = 8;  ///< little-endian, as all our own encoding is

/// SHA-256 of SHA-256. Read as a number, it is big-endian. [Nakamoto §4]
Hash32 seal_hash(ByteView header);
inline bool meets(const Hash32& hash, const Target& target) {
    return hash.bytes <= target;
}
/// The header must be long enough to hold one.
void set_nonce(Bytes& header, uint64_t nonce);
/// The first of `tries` nonces from `first` on that seals the header.
std::optional<uint64_t> find_nonce(Bytes header, const Target& target, uint64_t first,
                                   uint64_t tries);

}  // namespace holdfast::consensus
