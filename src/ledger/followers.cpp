// Reading the list of candidates outside execution.
#include "ledger/followers.h"

#include <algorithm>

#include "ledger/contract.h"
#include "ledger/journaled_state.h"
#include "ledger/live_state.h"
#include "ledger/staking_store.h"

namespace holdfast::ledger {

std::vector<chain::Member> followers(const Reader& reader, const chain::Genesis& genesis) {
    if (!genesis.has_stakes()) return {};
    const Height head = reader.head();
    const chain::MemberSet members = reader.members(head).value_or(chain::MemberSet{});
    PastState past(reader.view(), head, head);
    JournaledState state(past, {.number = head});
    Meter meter(unlimited_gas);
    StakingStore store(state, meter);

    std::vector<std::pair<U256, NodeId>> order;
    for (const NodeId id : store.listed()) {
        const U256 stake = store.pool(id).stake;
        if (members.find(id) == nullptr && stake >= genesis.bft.stake_min &&
            !store.standing(id).tombstoned)
            order.emplace_back(stake, id);
    }
    std::ranges::sort(order, [](const auto& a, const auto& b) {
        return a.first != b.first ? a.first > b.first : a.second < b.second;
    });
    if (order.size() > followers_max) order.resize(followers_max);
    std::vector<chain::Member> result;
    result.reserve(order.size());
    for (const auto& [stake, id] : order) result.push_back(store.member(id));
    std::ranges::sort(result, {}, &chain::Member::id);
    return result;
}

// What moves a stake or bars a candidate says so, but for the end of an epoch.
bool may_change_followers(const chain::Block& block, const std::vector<chain::Receipt>& receipts,
                          const chain::Genesis& genesis) {
    if (!genesis.has_stakes()) return false;
    if (genesis.is_boundary(block.header.number)) return true;
    return std::ranges::any_of(receipts, [](const chain::Receipt& receipt) {
        return std::ranges::any_of(
            receipt.logs, [](const chain::Log& log) { return log.address == staking_address(); });
    });
}

}  // namespace holdfast::ledger
