// Raft as an engine: [Raft] and [RaftDiss], with the fixes that the field has learned since.
// Order of reading: raft.h, log.h, election.cpp, replication.cpp, membership.cpp, reads.cpp.
#pragma once

#include <memory>

#include "consensus/engine.h"

namespace holdfast::raft {

using Term = Ordinal<struct TermTag>;
using Index = Ordinal<struct IndexTag>;

struct Config {
    NodeId self;
    uint64_t seed = 0;  ///< for the draw of election timeouts
    uint64_t incarnation =
        0;  ///< of this node's journal, from its birth record: a rejoined disk is another voter
    Duration election_timeout{300'000};  ///< drawn from [this, twice this)
    Duration heartbeat{50'000};
    size_t payload_bytes_max = 1'000'000;
    size_t entries_in_flight_max = 64;     ///< proposed but not yet committed
    size_t append_bytes_max = 1'000'000;   ///< of entries in one message; one entry always fits
    size_t appends_in_flight_max = 32;     ///< per peer
    size_t log_bytes_retained = 64 << 20;  ///< of delivered entries kept for slow followers
};

/// The only constructor: a crash is destroy and restore. The effects that open an incarnation
/// (timers, first messages, redelivery) are appended to `out`.
std::unique_ptr<consensus::Engine> restore(const Config& config, const consensus::Base& base,
                                           const std::vector<consensus::JournalRecord>& records,
                                           consensus::JournalHealth health, Instant now,
                                           consensus::Effects& out);

}  // namespace holdfast::raft
