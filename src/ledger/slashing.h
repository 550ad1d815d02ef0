// What guilt costs a candidate and those behind it.
#pragma once

#include "ledger/staking_store.h"

namespace holdfast::ledger {

/// Takes `slash_per_mille` of what stands behind the candidate, and of what was taken back from it
/// in the epoch of the guilt or since: that stood behind it then. A share goes to the accuser if
/// genesis says so, the rest is burnt. The candidate leaves at the end of the epoch, to jail, or
/// for ever if it was proven guilty `guilts_max` times.
void punish_candidate(StakingStore& store, const Rules& rules, NodeId id, uint64_t guilt_epoch,
                      uint64_t guilts, const Address& accuser);

/// Sends to jail from the next epoch on, or leaves there longer.
void jail(StakingStore& store, const Rules& rules, NodeId id, uint64_t epoch);

}  // namespace holdfast::ledger
