// The block reward.
#include "ledger/rewards.h"

namespace holdfast::ledger {

void pay_block_reward(StakingStore& store, NodeId proposer, const U256& reward) {
    if (reward.is_zero()) return;
    // Bounded for ever, so that no sum or product of stakes overflows, however long the chain.
    const U256 issued = store.issued() + reward;
    if (issued.bit_length() > chain::stake_bits_max) return;
    Pool pool = store.pool(proposer);
    if (!earn(pool, reward)) return;
    store.set_pool(proposer, pool);
    store.set_issued(issued);
    store.storage().host().add_balance(staking_address(), reward);
}

}  // namespace holdfast::ledger
