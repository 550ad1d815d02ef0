// Proof of stake: seats and weights by stake.
#include <algorithm>

#include "ledger/policy_committee.h"

namespace holdfast::ledger {

std::vector<Seat> committee_by_stake(std::vector<Applicant> applicants,
                                     const chain::BftParameters& rules) {
    std::erase_if(applicants, &Applicant::absent);
    applicants = in_order(std::move(applicants), rules);
    if (applicants.size() > rules.committee_max) applicants.resize(rules.committee_max);
    if (applicants.empty()) return {};

    // A stake is below 2^112 and the largest weight below 2^30: no product overflows.
    const U256 most = applicants.front().stake / rules.stake_per_weight;
    const U256 weight_max(chain::member_weight_max);
    std::vector<Seat> seats;
    for (const Applicant& applicant : applicants) {
        U256 weight = applicant.stake / rules.stake_per_weight;
        if (most > weight_max) weight = weight * weight_max / most;
        seats.push_back({applicant.id, std::max<uint64_t>(weight.low64(), 1)});
    }
    std::ranges::sort(seats, {}, &Seat::id);
    return seats;
}

}  // namespace holdfast::ledger
