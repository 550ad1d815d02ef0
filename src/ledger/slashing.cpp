// Slashing, jail, and never again.
#include "ledger/slashing.h"

#include <algorithm>

namespace holdfast::ledger {
namespace {

constexpr std::string_view slashed_event = "Slashed(uint64,address,uint256,uint256)";
constexpr std::string_view jailed_event = "Jailed(uint64,address,uint64,uint64)";

U256 cut_everything(StakingStore& store, NodeId id, uint64_t from_epoch, uint64_t upto_epoch,
                    uint64_t per_mille) {
    Pool pool = store.pool(id);
    U256 lost = cut(pool, per_mille);
    store.set_pool(id, pool);
    for (uint64_t epoch = from_epoch; epoch <= upto_epoch; ++epoch) {
        Pool leaving = store.leaving(id, epoch);
        lost += cut(leaving, per_mille);
        store.set_leaving(id, epoch, leaving);
    }
    return lost;
}

}  // namespace

void jail(StakingStore& store, const Rules& rules, NodeId id, uint64_t epoch) {
    Standing standing = store.standing(id);
    standing.jailed = true;
    standing.jailed_until = std::max(standing.jailed_until, epoch + rules.bft.jail_epochs);
    store.set_standing(id, standing);
}

void punish_candidate(StakingStore& store, const Rules& rules, NodeId id, uint64_t guilt_epoch,
                      uint64_t guilts, const Address& accuser) {
    Storage& storage = store.storage();
    Host& host = storage.host();
    const uint64_t epoch = rules.epoch_of(host.block().number);
    const U256 lost = cut_everything(store, id, guilt_epoch, epoch, rules.bft.slash_per_mille);
    const U256 paid = lost * U256(rules.bft.accuser_per_mille) / U256(1000);
    store.set_slashed(store.slashed() + (lost - paid));
    // Without gas the sums are made up, and the call fails anyway.
    if (storage.out_of_gas()) return;
    host.take_balance(staking_address(), lost);
    host.add_balance(accuser, paid);

    jail(store, rules, id, epoch);
    Standing standing = store.standing(id);
    standing.tombstoned |= guilts >= rules.bft.guilts_max;
    store.set_standing(id, standing);
    storage.emit(slashed_event, abi::word_of(id.value), abi::word_of(accuser),
                 abi::Encoder().word(lost - paid).word(paid).take());
    storage.emit(
        jailed_event, abi::word_of(id.value), abi::word_of(store.member(id).operator_account),
        abi::Encoder().word(standing.jailed_until).word(standing.tombstoned ? 1 : 0).take());
}

}  // namespace holdfast::ledger
