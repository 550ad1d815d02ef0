// The voters of an epoch.
#include "consensus/bft/books.h"

namespace holdfast::bft {

Epoch::Epoch(uint64_t number_given, const consensus::Members& voters)
    : number(number_given), members(voters), whole(consensus::total_weight(voters)) {
    for (const consensus::Voter& one : voters.voters) turns.push_back({one.id, one.weight});
}

const consensus::Voter* Epoch::voter(NodeId id) const {
    const auto at = std::ranges::lower_bound(members.voters, id, {}, &consensus::Voter::id);
    return at != members.voters.end() && at->id == id ? &*at : nullptr;
}

bool Epoch::has_quorum(const Certificate& certificate) const {
    consensus::Weight weight = 0;
    for (const auto& [signer, signature] : certificate.signatures) {
        const consensus::Voter* one = voter(signer);
        if (one == nullptr) return false;
        weight += one->weight;
    }
    return consensus::more_than_two_thirds(weight, whole);
}

}  // namespace holdfast::bft
