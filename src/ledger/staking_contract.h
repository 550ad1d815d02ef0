// The staking contract in the middle of a call.
#pragma once

#include "ledger/staking_store.h"

namespace holdfast::ledger {

class Staking {
  public:
    Staking(Host& host, Meter& meter, const NativeCall& call, const Rules& rules)
        : store_(host, meter),
          caller_(call.caller),
          value_(call.value),
          epoch_(rules.epoch_of(host.block().number)),
          rules_(rules) {}

    static std::span<const Method<Staking>> methods();
    Bytes output;

  private:
    Reason on_bond(abi::Decoder& in);
    Reason on_bond_more(abi::Decoder& in);
    Reason on_unbond(abi::Decoder& in);
    Reason on_withdraw(abi::Decoder& in);
    Reason on_unjail(abi::Decoder& in);
    Reason on_delegate(abi::Decoder& in);
    Reason on_undelegate(abi::Decoder& in);
    Reason on_redelegate(abi::Decoder& in);
    Reason on_candidate(abi::Decoder& in);
    Reason on_candidates(abi::Decoder& in);
    Reason on_holding(abi::Decoder& in);
    Reason on_withdrawals(abi::Decoder& in);
    Reason on_duty(abi::Decoder& in);
    Reason on_totals(abi::Decoder& in);

    [[nodiscard]] bool has_delegates() const { return rules_.bft.policy == chain::Policy::dpos; }
    bool operates(NodeId id) { return store_.member(id).operator_account == caller_; }
    Reason put_in(NodeId id, const U256& amount);
    Reason take_out(NodeId id, const U256& amount, U256& taken);
    Reason set_aside(NodeId id, const U256& amount);
    void take_place(NodeId id);
    Bytes candidate_tuple(NodeId id);

    StakingStore store_;
    Address caller_;
    U256 value_;
    uint64_t epoch_;
    const Rules& rules_;
};

}  // namespace holdfast::ledger
