// How decided changes compose, and whose approvals still count.
#include "ledger/policy_poa.h"

#include <algorithm>

namespace holdfast::ledger {

std::set<Address> operators_of(const chain::MemberSet& set) {
    std::set<Address> operators;
    for (const chain::Member& member : set.members) operators.insert(member.operator_account);
    return operators;
}

void drop_stale(std::vector<Proposal>& proposals, const std::set<Address>& operators, Height now,
                uint64_t approval_blocks_max) {
    for (Proposal& proposal : proposals) {
        std::erase_if(proposal.approvals, [&](const Approval& approval) {
            return now - approval.at > approval_blocks_max || !operators.contains(approval.account);
        });
    }
    std::erase_if(proposals, [](const Proposal& proposal) { return proposal.approvals.empty(); });
}

AuthorityOutcome next_by_authority(const chain::MemberSet& now,
                                   const std::vector<PendingChange>& pending) {
    AuthorityOutcome outcome{.members = now, .stays = {}};
    std::vector<chain::Member>& members = outcome.members.members;
    for (const PendingChange& change : pending) {
        const auto place =
            std::ranges::lower_bound(members, change.member.id, {}, &chain::Member::id);
        const bool is_member = place != members.end() && place->id == change.member.id;
        if (change.action == Action::add) {
            if (!is_member) members.insert(place, change.member);
        } else if (is_member) {
            if (members.size() > 1)
                members.erase(place);
            else
                outcome.stays.push_back(change);
        }
    }
    return outcome;
}

void expel(ValidatorsStore& store, NodeId id) {
    auto pending = store.pending();
    const auto is_decided = [id](const PendingChange& change) {
        return change.action == Action::remove && change.member.id == id;
    };
    if (std::ranges::any_of(pending, is_decided)) return;
    pending.push_back({.action = Action::remove, .member = {.id = id, .weight = 0}});
    store.set_pending(pending);
}

}  // namespace holdfast::ledger
