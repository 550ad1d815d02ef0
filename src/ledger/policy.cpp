// The end of blocks and epochs, for each policy.
#include "ledger/policy.h"

#include "ledger/duty.h"
#include "ledger/policy_committee.h"
#include "ledger/policy_poa.h"
#include "ledger/rewards.h"
#include "ledger/slashing.h"

namespace holdfast::ledger {
namespace {

chain::MemberSet with_epoch(const chain::MemberSet& now, std::vector<chain::Member> members) {
    const bool same = members == now.members;
    return {.epoch = now.epoch + (same ? 0 : 1), .members = std::move(members)};
}

std::vector<Applicant> applicants_of(StakingStore& store, const Rules& rules, uint64_t epoch) {
    std::vector<Applicant> applicants;
    for (const NodeId id : store.listed()) {
        applicants.push_back(
            {.id = id,
             .stake = store.pool(id).stake,
             .barred = store.standing(id).is_barred(),
             .absent = is_absent(store.duty(id, epoch), rules.bft.missed_per_mille)});
    }
    return applicants;
}

std::vector<Seat> seats_of(const std::vector<Applicant>& applicants, const Rules& rules) {
    return rules.bft.policy == chain::Policy::dpos ? committee_by_votes(applicants, rules.bft)
                                                   : committee_by_stake(applicants, rules.bft);
}

/// If nobody qualifies, the members stay: somebody must go on.
chain::MemberSet seated(StakingStore& store, const chain::MemberSet& now,
                        const std::vector<Seat>& seats) {
    if (seats.empty()) return now;
    std::vector<chain::Member> members;
    for (const Seat& seat : seats) {
        members.push_back(store.member(seat.id));
        members.back().weight = seat.weight;
    }
    return with_epoch(now, std::move(members));
}

void close_epoch_by_authority(Host& host, Meter& meter, const chain::MemberSet& now,
                              const Rules& rules) {
    ValidatorsStore store(host, meter);
    const auto pending = store.pending();
    if (pending.empty()) return;
    AuthorityOutcome outcome = next_by_authority(now, pending);
    const chain::MemberSet next = with_epoch(now, std::move(outcome.members.members));
    store.set_pending(outcome.stays);
    if (next.epoch == now.epoch) return;
    store.replace_members(now, next);
    auto proposals = store.proposals();
    drop_stale(proposals, operators_of(next), host.block().number,
               rules.parameters.approval_blocks_max);
    store.set_proposals(proposals);
}

void close_epoch_by_stake(Host& host, Meter& meter, const chain::MemberSet& now,
                          const Rules& rules) {
    StakingStore staking(host, meter);
    const uint64_t epoch = rules.epoch_of(host.block().number);
    const auto applicants = applicants_of(staking, rules, epoch);
    const auto seats = seats_of(applicants, rules);
    const chain::MemberSet next = seated(staking, now, seats);
    if (next.epoch != now.epoch) ValidatorsStore(host, meter).replace_members(now, next);
    for (const Applicant& applicant : applicants) {
        // Votes can pass over a silent one for once; with nobody to vote, it must come back itself.
        if (rules.bft.policy == chain::Policy::pos && applicant.absent && !applicant.barred &&
            !seats.empty())
            jail(staking, rules, applicant.id, epoch);
        if (applicant.stake < rules.bft.stake_min || staking.standing(applicant.id).tombstoned)
            staking.take_off_list(applicant.id);
    }
}

}  // namespace

chain::MemberSet next_members(Host& host, Meter& meter, const chain::MemberSet& now,
                              const Rules& rules) {
    if (!rules.has_epochs()) return now;
    if (!rules.has_stakes()) {
        auto outcome = next_by_authority(now, ValidatorsStore(host, meter).pending());
        return with_epoch(now, std::move(outcome.members.members));
    }
    StakingStore store(host, meter);
    const uint64_t epoch = rules.epoch_of(host.block().number);
    return seated(store, now, seats_of(applicants_of(store, rules, epoch), rules));
}

void close_block(Host& host, const Rules& rules, const chain::MemberSet& members,
                 const chain::Origin& origin, const chain::Origin& parent) {
    if (!rules.has_epochs()) return;
    Meter meter(unlimited_gas);
    const Height height = host.block().number;
    if (rules.has_stakes()) {
        StakingStore staking(host, meter);
        count_turns(staking, rules, height, members, origin, parent);
        pay_block_reward(staking, origin.proposer, rules.bft.block_reward);
    }
    if (!chain::is_boundary(height, rules.bft.epoch_blocks)) return;
    if (rules.has_stakes())
        close_epoch_by_stake(host, meter, members, rules);
    else
        close_epoch_by_authority(host, meter, members, rules);
}

}  // namespace holdfast::ledger
