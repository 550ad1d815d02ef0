// What a node knows of those whom it can reach, and what it has asked them for.
#pragma once

#include <map>

#include "base/time.h"
#include "consensus/pow/header.h"

namespace holdfast::pow {

/// Longer nobody waits for the first answers of a life.
inline constexpr int introduction_timeouts = 5;

struct Peer {
    Hash32 tip;          ///< the newest block that it is known to have; null: none
    bool asked = false;  ///< it was asked for headers in this life, and answered or let it pass
    std::optional<Instant> headers_due;  ///< an answer to AskHeaders is
    bool has_more = false;               ///< headers, after its tip
    std::optional<Instant> muted_until;
    size_t bodies_asked = 0;  ///< and not here yet
    /// It did not give these bodies, so it is not asked again; true: it said that it has none.
    std::map<Hash32, bool> lacks;
};

/// A body that was asked for.
struct Fetch {
    NodeId from;
    Instant due;
};

/// What went wrong, or well, in this life.
struct Counters {
    uint64_t orphans = 0;       ///< headers whose parent was unknown: a reason to ask, not kept
    uint64_t flawed = 0;        ///< headers that break a rule
    uint64_t wrong_bodies = 0;  ///< not what the header names
    uint64_t bad_blocks = 0;    ///< as the ledger found
    uint64_t wrong_nonces = 0;  ///< from this node's own miner
    uint64_t mined = 0;
    uint64_t reorganisations = 0;
    uint64_t deepest = 0;  ///< blocks that one of them took back
};

}  // namespace holdfast::pow
