// What both policies of stake share: who may sit at all, and who comes first.
#include "ledger/policy_committee.h"

#include <algorithm>

namespace holdfast::ledger {

std::vector<Applicant> in_order(std::vector<Applicant> applicants,
                                const chain::BftParameters& rules) {
    std::erase_if(applicants, [&](const Applicant& applicant) {
        return applicant.barred || applicant.stake < rules.stake_min;
    });
    std::ranges::sort(applicants, [](const Applicant& a, const Applicant& b) {
        return a.stake != b.stake ? a.stake > b.stake : a.id < b.id;
    });
    return applicants;
}

}  // namespace holdfast::ledger
