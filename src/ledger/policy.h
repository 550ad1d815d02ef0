// Who takes part, by the policy of genesis: what the end of a block and of an epoch makes of it.
#pragma once

#include "chain/block.h"
#include "ledger/contract.h"

namespace holdfast::ledger {

/// The members that the end of the epoch would give if it were now; with a new epoch number if they
/// are others than `now`. Never empty.
chain::MemberSet next_members(Host& host, Meter& meter, const chain::MemberSet& now,
                              const Rules& rules);

/// What a block does beside its transactions: counts turns and pays the reward, where there are
/// stakes, and in the last block of an epoch changes the members. It leaves no logs, for it belongs
/// to no transaction. `members` are in force for the block, `parent` is the origin of its parent.
void close_block(Host& host, const Rules& rules, const chain::MemberSet& members,
                 const chain::Origin& origin, const chain::Origin& parent);

}  // namespace holdfast::ledger
