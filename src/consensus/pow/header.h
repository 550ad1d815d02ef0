// A header: what work is done on, what names a block, and all that a chain is judged by.
#pragma once

#include "base/codec.h"
#include "consensus/pow/rules.h"
#include "consensus/seal.h"
#include "consensus/step.h"

namespace holdfast::pow {

inline constexpr uint64_t ordinal_max = uint64_t{1} << 62;  ///< so that adding to one never wraps
/// A block's time must be above the median of so many before it. [Bitcoin, GetMedianTimePast]
inline constexpr size_t median_blocks = 11;

struct Header {
    Hash32 parent;
    Height height;
    Hash32 payload;  ///< SHA-256 of it
    /// What the miner calls itself. Nobody checks it and nothing rests on it: the reward goes to
    /// the fee recipient inside the payload, which the digest above covers. It tells the tool that
    /// shows the chain whom to name, and keeps miners of the same payload from the same search.
    NodeId miner;
    WallMillis time_ms = 0;  ///< the payload's own
    /// In full: 28 bytes more than a compact form, and no rounding, no second way to write it. It
    /// follows from the ancestors, and stands here so that the seal can be judged without them.
    U256 target;
    uint64_t nonce = 0;
    bool operator==(const Header&) const = default;
};

/// version, then the fields in order, numbers little-endian, the target big-endian.
inline constexpr size_t header_bytes = 1 + 32 + 8 + 32 + 8 + 8 + 32 + consensus::nonce_bytes;

Bytes encode(const Header& header);
/// Fails the reader for another version, height 0, or a number out of bounds.
Header read_header(Reader& in);
/// The block's name, and its proof of work.
Hash32 hash_of(const Header& header);
/// The hash is at or below the target that the header itself tells.
bool is_sealed(const Header& header);

/// Stored with a block and served with it: from one of these a node may begin, and each can be
/// checked against the one before (see `follows`).
struct Mark {
    Header header;
    U256 work;                      ///< of the chain up to here
    std::vector<WallMillis> times;  ///< of up to ten blocks before it, oldest first
    bool operator==(const Mark&) const = default;
};

Bytes encode(const Mark& mark);
/// Errors: codec_errc. It is well formed and sealed; its ancestors are not looked at.
Result<Mark> decode_mark(ByteView bytes);

/// The one that a block's time must be above; `times` of its newest ancestors, at least one.
WallMillis median_of(std::vector<WallMillis> times);

/// All that a header must keep to, given its parent. Genesis is a header that nobody sealed.
enum class Flaw : uint8_t { none, seal, height, target, time };
Flaw flaw_of(const Rules& rules, const Header& parent, const std::vector<WallMillis>& times,
             const Header& header);

/// For whoever fetches blocks one after the other: does `mark` follow `parent`, null for genesis?
/// Then its header keeps all rules, and its work and times are what they must be.
bool follows(const Rules& rules, const std::optional<Mark>& parent, const Mark& mark);

/// As if it were a block: what the first header follows.
Header genesis_header(const Rules& rules);

}  // namespace holdfast::pow
