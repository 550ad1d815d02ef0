// Multi-Paxos as an engine: [PMS], [PMMC] and [PML], with a stable leader and seats that move at
// slot + alpha. Order of reading: paxos.h, configuration.h, slots.h, messages.h, records.h, core.h.
#pragma once

#include <memory>

#include "consensus/engine.h"

namespace holdfast::paxos {

/// A place in the sequence of values. Fillers and configurations take slots, but no height.
using Slot = Ordinal<struct SlotTag>;

/// How far a leader may go ahead of what it knows to be chosen; and how far behind a chosen
/// configuration the slots lie that it governs. The same on all nodes of a ledger. [PMS §3]
inline constexpr size_t alpha_slots = 64;

struct Config {
    NodeId self;
    uint64_t seed = 0;  ///< for the draw of election timeouts
    uint64_t incarnation =
        0;  ///< of this node's journal, from its birth record: a rejoined disk is another voter
    Duration election_timeout{300'000};  ///< drawn from [this, twice this)
    Duration heartbeat{50'000};
    size_t payload_bytes_max = 1'000'000;
    size_t message_values_bytes_max = 1'000'000;  ///< in one message; one value always fits
    size_t messages_in_flight_max = 32;           ///< per peer
    size_t retained_bytes_max = 64 << 20;         ///< of delivered values kept for slow followers
    size_t alpha = alpha_slots;                   ///< less in tests only
};

/// The only constructor: a crash is destroy and restore. The effects that open an incarnation
/// (timers, first messages, redelivery) are appended to `out`.
std::unique_ptr<consensus::Engine> restore(const Config& config, const consensus::Base& base,
                                           const std::vector<consensus::JournalRecord>& records,
                                           consensus::JournalHealth health, Instant now,
                                           consensus::Effects& out);

}  // namespace holdfast::paxos
