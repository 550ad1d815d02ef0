// What messages of engines for crash faults have in common: a follower asks its leader for a read,
// and a leader says that it has forgotten what a follower needs.
#pragma once

#include "base/codec.h"
#include "base/number.h"

namespace holdfast::consensus {

/// Far beyond any honest life, and far enough from 2^64 that adding to one never wraps.
inline constexpr uint64_t ordinal_max = uint64_t{1} << 62;

/// Fails the reader above `ordinal_max`.
template <class O>
O read_ordinal(Reader& in) {
    const uint64_t value = in.u64();
    if (value > ordinal_max) in.fail_with(codec_errc::bad_value);
    return O(value);
}

/// What you need, I remember no more.
struct Behind {
    Height upto;
    uint64_t round = 0;
};
/// Of a node: a journal begun anew counts its boots anew too.
struct Life {
    uint64_t incarnation = 0;
    uint64_t boot = 0;
    bool operator==(const Life&) const = default;
};
struct ReadRequest {
    Life asker;  ///< which life of it asks
    uint64_t number = 0;
};
struct ReadReply {
    Life asker;
    uint64_t number = 0;
    bool granted = false;
    Height height;
};

void write(Writer& out, const Behind& message);
Behind read_behind(Reader& in);
void write(Writer& out, const ReadRequest& message);
ReadRequest read_read_request(Reader& in);
void write(Writer& out, const ReadReply& message);
ReadReply read_read_reply(Reader& in);

}  // namespace holdfast::consensus
