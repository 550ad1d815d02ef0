// Turns taken and missed. It needs no witness: a quorum has certified that the views between a
// block's and its parent's were skipped, and whose turns they were is known to all.
#pragma once

#include "chain/block.h"
#include "ledger/staking_store.h"

namespace holdfast::ledger {

/// Of the views skipped before one block only so many are counted, the first ones: after a long
/// silence of everybody the rest would tell nothing new.
inline constexpr uint64_t skipped_views_max = 1024;

/// Counts the turn that gave the block, and those missed since its parent in the same epoch of the
/// engine. `members` are in force for the block.
void count_turns(StakingStore& store, const Rules& rules, Height height,
                 const chain::MemberSet& members, const chain::Origin& origin,
                 const chain::Origin& parent);

/// Missed more of its turns than a member may.
bool is_absent(const Duty& duty, uint64_t missed_per_mille);

}  // namespace holdfast::ledger
