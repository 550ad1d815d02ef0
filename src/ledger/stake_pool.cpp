// Shares of a pool of stake.
#include "ledger/stake_pool.h"

namespace holdfast::ledger {

U256 worth_of(const Pool& pool, const U256& shares) {
    if (shares == pool.shares) return pool.stake;
    return shares * pool.stake / pool.shares;
}

std::optional<U256> shares_worth(const Pool& pool, const U256& amount) {
    if (amount > pool.stake) return std::nullopt;
    if (pool.stake.is_zero()) return U256{};
    return (amount * pool.shares + (pool.stake - U256(1))) / pool.stake;
}

std::optional<U256> join(Pool& pool, const U256& amount) {
    if (amount.is_zero() || amount.bit_length() > pool_stake_bits_max) return std::nullopt;
    const U256 stake = pool.stake + amount;
    if (stake.bit_length() > pool_stake_bits_max) return std::nullopt;
    U256 shares = amount;
    if (!pool.shares.is_zero()) {
        if (pool.stake.is_zero()) return std::nullopt;
        const U256 product = amount * pool.shares;
        shares = product / pool.stake;
        if (shares < U256(joining_shares_min) && shares * pool.stake != product)
            return std::nullopt;
    }
    if (shares.is_zero() || (pool.shares + shares).bit_length() > pool_shares_bits_max)
        return std::nullopt;
    pool = {.stake = stake, .shares = pool.shares + shares};
    return shares;
}

std::optional<U256> leave(Pool& pool, const U256& shares) {
    if (shares > pool.shares) return std::nullopt;
    const U256 amount = worth_of(pool, shares);
    pool.stake -= amount;
    pool.shares -= shares;
    return amount;
}

bool earn(Pool& pool, const U256& amount) {
    if (pool.shares.is_zero() || pool.stake.is_zero()) return false;
    const U256 stake = pool.stake + amount;
    if (stake.bit_length() > pool_stake_bits_max) return false;
    pool.stake = stake;
    return true;
}

U256 cut(Pool& pool, uint64_t per_mille) {
    const U256 lost = pool.stake * U256(per_mille) / U256(1000);
    pool.stake -= lost;
    return lost;
}

}  // namespace holdfast::ledger
