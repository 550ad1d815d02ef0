// Byzantine agreement as an engine: weighted Simplex [Simplex], with the rules numbered R1
// to R10 as README.md lists them. Order of reading: README.md, bft.h, gate.h, slot.h, core.h.
#pragma once

#include <memory>

#include "chain/genesis.h"
#include "consensus/engine.h"

namespace holdfast::bft {

struct Config {
    NodeId self;
    crypto::NodeSeed voting_seed;  ///< of the key that signs statements
    Hash32 genesis;                ///< of the ledger: every signature names it
    uint64_t seed = 0;             ///< for draws of no consequence: whom to ask
    uint64_t incarnation = 0;      ///< of this node's journal, from its birth record
    /// How long a message may take while the network is well: never for safety.
    Duration delta{150'000};
    /// How long an idle leader may wait for something to propose.
    Duration empty_interval{1'000'000};
    /// The block at each multiple of this closes an epoch: after it the next set of members votes.
    uint64_t epoch_blocks = 256;
    size_t payload_bytes_max = 1'000'000;
    size_t unfinal_blocks_max = 16;         ///< notarized beyond the last final: no more payloads
    size_t journal_bytes_max = 8 << 20;     ///< written before what is settled may be forgotten
    size_t candidates_bytes_max = 8 << 20;  ///< of delivered payloads kept for slower peers
};

/// What genesis says of it; keys, seeds and incarnation are left to the caller.
Config config_for(const chain::Genesis& genesis);

/// The only constructor: a crash is destroy and restore. `base.mark` must be of `base.applied`, as
/// delivered or synced.
std::unique_ptr<consensus::Engine> restore(const Config& config, const consensus::Base& base,
                                           const std::vector<consensus::JournalRecord>& records,
                                           consensus::JournalHealth health, Instant now,
                                           consensus::Effects& out);

}  // namespace holdfast::bft
