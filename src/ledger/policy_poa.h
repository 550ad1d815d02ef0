// Proof of authority: the members' operators approve each change of the members, and what they have
// decided waits for the end of the epoch.
#pragma once

#include <set>

#include "ledger/validators_store.h"

namespace holdfast::ledger {

/// The accounts whose approval counts.
std::set<Address> operators_of(const chain::MemberSet& set);
/// Drops approvals that have expired or whose account no longer operates a member: who leaves takes
/// his approvals along, and does not find them again if he returns.
void drop_stale(std::vector<Proposal>& proposals, const std::set<Address>& operators, Height now,
                uint64_t approval_blocks_max);

struct AuthorityOutcome {
    chain::MemberSet members;          ///< its epoch is that of `now`
    std::vector<PendingChange> stays;  ///< a removal that would leave nobody waits on
};
/// What the changes, in their order, make of the members. Who is added and removed again was never
/// there.
AuthorityOutcome next_by_authority(const chain::MemberSet& now,
                                   const std::vector<PendingChange>& pending);

/// Guilt was proven: the member leaves at the end of the epoch, unless that is decided already.
void expel(ValidatorsStore& store, NodeId id);

}  // namespace holdfast::ledger
