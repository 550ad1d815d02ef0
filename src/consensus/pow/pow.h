// Proof of work as an engine: blocks in a tree, the chain with the most work in it, and everybody
// may join. [Nakamoto]. Order of reading: rules.h, header.h, difficulty.h, tree.h, messages.h,
// records.h, core.h.
#pragma once

#include <memory>

#include "consensus/engine.h"
#include "consensus/pow/rules.h"

namespace holdfast::pow {

struct Config {
    NodeId self;
    Rules rules;
    bool mines = false;                   ///< from the start; Admin switches it
    Duration refresh{2'000'000};          ///< so often a fresher payload is asked for
    Duration request_timeout{2'000'000};  ///< then the next peer is asked
    Duration announce_again{10'000'000};  ///< what was lost on the way is told once more
    Duration later_again{500'000};        ///< a block whose time is ahead is looked at again
    Duration mute{60'000'000};            ///< who sends what breaks a rule is not heard for so long
    size_t headers_max = 4096;            ///< in memory, some 400 bytes each
    size_t headers_per_message = 500;
    size_t retained_blocks = 256;          ///< below final, for peers that are slow
    size_t retained_bytes_max = 64 << 20;  ///< their bodies
    size_t bodies_in_flight_max = 16;      ///< asked for and not here
    size_t bodies_in_flight_per_peer_max = 4;
    size_t bodies_ahead_max = 64;  ///< beyond what is delivered, besides `final_depth`
    size_t neighbours_max = 64;    ///< whom it talks to
};

/// The only constructor: a crash is destroy and restore. The effects that open an incarnation
/// (timers, redelivery) are appended to `out`.
std::unique_ptr<consensus::Engine> restore(const Config& config, const consensus::Base& base,
                                           const std::vector<consensus::JournalRecord>& records,
                                           consensus::JournalHealth health, Instant now,
                                           consensus::Effects& out);

}  // namespace holdfast::pow
