// Stake that many own in shares: what is earned or lost changes the worth of a share, so it costs
// the same however many there are. Rounding is always for the pool, so the shares are never worth
// more than it holds.
#pragma once

#include <optional>

#include "base/u256.h"

namespace holdfast::ledger {

/// All stakes together stay below 2^112 (chain::stake_bits_max, and as much issued again), so with
/// these bounds no product leaves 256 bits.
inline constexpr unsigned pool_stake_bits_max = 112;
inline constexpr unsigned pool_shares_bits_max = 144;
/// Whoever joins gets so many shares at least, or loses nothing by rounding: else the last fraction
/// of a dear share would be a gift to the others.
inline constexpr uint64_t joining_shares_min = 1000;

struct Pool {
    U256 stake;
    U256 shares;
    bool operator==(const Pool&) const = default;
};

/// What so many shares are worth now.
U256 worth_of(const Pool& pool, const U256& shares);
/// The fewest shares that are worth the amount; null if all of them are not.
std::optional<U256> shares_worth(const Pool& pool, const U256& amount);
/// The new shares; null if the amount is too small or too large for the pool, or if the pool has
/// lost everything: a share of it has no price. The pool is then as before.
std::optional<U256> join(Pool& pool, const U256& amount);
/// What the shares were worth; null, and nothing changes, if they are more than there are.
std::optional<U256> leave(Pool& pool, const U256& shares);
/// False, and nothing changes, if there is nobody to earn it.
bool earn(Pool& pool, const U256& amount);
/// What the pool lost.
U256 cut(Pool& pool, uint64_t per_mille);

}  // namespace holdfast::ledger
