// Counting turns.
#include "ledger/duty.h"

#include <map>

namespace holdfast::ledger {

void count_turns(StakingStore& store, const Rules& rules, Height height,
                 const chain::MemberSet& members, const chain::Origin& origin,
                 const chain::Origin& parent) {
    const uint64_t epoch = rules.epoch_of(height);
    std::map<NodeId, Duty> counted;
    const auto duty_of = [&](NodeId id) -> Duty& {
        const auto [place, fresh] = counted.try_emplace(id);
        if (fresh) place->second = store.duty(id, epoch);
        return place->second;
    };
    if (members.find(origin.proposer) != nullptr) ++duty_of(origin.proposer).proposed;

    // The first block of an epoch has its parent in another one, whose views are none of this.
    const bool same_epoch = parent.epoch == origin.epoch && height.value > 1;
    const uint64_t first = same_epoch ? parent.view + 1 : chain::first_view;
    const auto turns = chain::turns_of(members);
    for (uint64_t i = 0; i < skipped_views_max && first + i < origin.view; ++i)
        ++duty_of(chain::leader_of(turns, origin.epoch, first + i)).missed;
    for (const auto& [id, duty] : counted) store.set_duty(id, duty);
}

bool is_absent(const Duty& duty, uint64_t missed_per_mille) {
    // Counts of one epoch, of at most 10^9 blocks with 1024 views each: far from 2^64 / 1000.
    return duty.missed * 1000 > missed_per_mille * (duty.proposed + duty.missed);
}

}  // namespace holdfast::ledger
