// What genesis lays down for execution, in one piece.
#pragma once

#include "chain/epochs.h"
#include "chain/genesis.h"

namespace holdfast::ledger {

struct Rules {
    chain::EngineKind engine = chain::EngineKind::raft;
    chain::Parameters parameters;
    chain::BftParameters bft;
    Hash32 genesis;  ///< hash of the genesis object: what signatures name

    /// Members change at the boundaries of epochs only, and can be accused.
    [[nodiscard]] bool has_epochs() const { return engine == chain::EngineKind::bft; }
    /// Members are candidates with something at stake.
    [[nodiscard]] bool has_stakes() const {
        return has_epochs() && bft.policy != chain::Policy::poa;
    }
    [[nodiscard]] uint64_t epoch_of(Height height) const {
        return chain::epoch_of(height, bft.epoch_blocks);
    }
    /// The block that ends the epoch of `height`.
    [[nodiscard]] Height boundary_of(Height height) const {
        return Height((epoch_of(height) + 1) * bft.epoch_blocks);
    }
};

inline Rules rules_of(const chain::Genesis& genesis, const Hash32& genesis_hash) {
    return {.engine = genesis.engine,
            .parameters = genesis.parameters,
            .bft = genesis.bft,
            .genesis = genesis_hash};
}

}  // namespace holdfast::ledger
