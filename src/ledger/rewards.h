// What a block earns, beside the tips that go to whom the payload names.
#pragma once

#include "ledger/staking_store.h"

namespace holdfast::ledger {

/// Issues the block reward to the stake behind the proposer: to all who own a share of it, in
/// proportion. Nothing if nobody has a stake there, or if no more can be issued.
void pay_block_reward(StakingStore& store, NodeId proposer, const U256& reward);

}  // namespace holdfast::ledger
