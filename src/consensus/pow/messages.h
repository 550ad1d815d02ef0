// What nodes say to each other, and the encoding, with a bound on everything. A message that breaks
// one is refused whole: bytes from outside never reach a CHECK. Headers go first, bodies when
// asked for. [Nakamoto §5] [Bitcoin, headers-first synchronization]
#pragma once

#include <variant>

#include "consensus/pow/header.h"

namespace holdfast::pow {

inline constexpr size_t payload_bytes_limit = size_t{12} * 1024 * 1024;
inline constexpr size_t locator_max = 80;  ///< hashes: enough for 2^62 blocks
inline constexpr size_t headers_per_message_max = 1000;
inline constexpr size_t bodies_per_request_max = 16;

/// My chain ends here.
struct Announce {
    Header tip;
};
/// What follows the first of these that is on your chain?
struct AskHeaders {
    std::vector<Hash32> locator;
};
/// Each follows the one before; none if the asker has them all.
struct Headers {
    std::vector<Header> headers;
    bool more = false;  ///< ask again, from the last of these
};
/// The headers that you lack are beyond what I remember: blocks before `first` are in my ledger
/// only.
struct Gap {
    Height first;
    Height tip;
};
struct AskBodies {
    std::vector<Hash32> blocks;
};
struct Body {
    Hash32 block;
    Buffer payload;
};
/// Of what was asked for, this is not here.
struct NoBody {
    Hash32 block;
};

using Message = std::variant<Announce, AskHeaders, Headers, Gap, AskBodies, Body, NoBody>;

Buffer encode(const Message& message);
/// Errors: codec_errc. In decoded Headers each names the one before as its parent.
Result<Message> decode(ByteView bytes);

}  // namespace holdfast::pow
