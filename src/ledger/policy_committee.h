// Who sits in the next epoch, where members have something at stake: the rule of each policy, as a
// function of plain values.
#pragma once

#include "chain/genesis.h"

namespace holdfast::ledger {

struct Applicant {
    NodeId id;
    U256 stake;           ///< its own, and what others put behind it
    bool barred = false;  ///< in jail, or never again
    bool absent = false;  ///< missed too many of its turns in the epoch that ends
};

struct Seat {
    NodeId id;
    uint64_t weight = 1;
    bool operator==(const Seat&) const = default;
};

/// Proof of stake: the `committee_max` with most at stake, nobody below `stake_min`, nobody absent;
/// of equal stakes the lower id. Weight is stake by `stake_per_weight`, at least 1; if that makes
/// the greatest too large, all shrink in proportion. By ascending id; empty: nobody qualifies.
std::vector<Seat> committee_by_stake(std::vector<Applicant> applicants,
                                     const chain::BftParameters& rules);

/// Delegated proof of stake: the `committee_max` with most votes, nobody below `stake_min`; of
/// equal votes the lower id. Who was absent is passed over if a standby can take the seat. All
/// weights are 1. By ascending id; empty: nobody qualifies.
std::vector<Seat> committee_by_votes(std::vector<Applicant> applicants,
                                     const chain::BftParameters& rules);

/// Those who may sit, the order in which they do.
std::vector<Applicant> in_order(std::vector<Applicant> applicants,
                                const chain::BftParameters& rules);

}  // namespace holdfast::ledger
