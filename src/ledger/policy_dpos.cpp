// Delegated proof of stake: seats by votes, and standbys in the place of who was silent.
#include <algorithm>

#include "ledger/policy_committee.h"

namespace holdfast::ledger {

std::vector<Seat> committee_by_votes(std::vector<Applicant> applicants,
                                     const chain::BftParameters& rules) {
    applicants = in_order(std::move(applicants), rules);
    // The silent ones fall behind all standbys, and sit only where there is none.
    std::ranges::stable_partition(applicants,
                                  [](const Applicant& applicant) { return !applicant.absent; });
    if (applicants.size() > rules.committee_max) applicants.resize(rules.committee_max);
    std::vector<Seat> seats;
    seats.reserve(applicants.size());
    for (const Applicant& applicant : applicants) seats.push_back({.id = applicant.id});
    std::ranges::sort(seats, {}, &Seat::id);
    return seats;
}

}  // namespace holdfast::ledger
