// Calls that change nothing: what eth_call and eth_estimateGas ask.
#include <algorithm>

#include "chain/errors.h"
#include "ledger/keys.h"
#include "ledger/ledger.h"
#include "ledger/live_state.h"
#include "ledger/transition.h"

namespace holdfast::ledger {
namespace {

void apply(JournaledState& state, const AccountOverride& wish) {
    if (wish.balance) {
        const U256 had = state.account(wish.address).balance;
        state.take_balance(wish.address, had);
        state.add_balance(wish.address, *wish.balance);
    }
    if (wish.nonce) state.set_nonce(wish.address, *wish.nonce);
}

// No sum of balances may leave 256 bits, with money from nowhere no less than without.
Status check_overrides(const Call& call, const chain::Genesis& genesis) {
    if (call.overrides.empty()) return {};
    std::optional<U256> total = U256();
    for (const auto& [address, account] : genesis.alloc)
        if (total) total = checked_add(*total, account.balance);
    // What was issued beside them, and may be yet.
    if (total && genesis.has_stakes())
        total = checked_add(*total, U256(1) << chain::stake_bits_max);
    for (const AccountOverride& wish : call.overrides)
        if (total && wish.balance) total = checked_add(*total, *wish.balance);
    if (!total) return fail(errc::override_too_large, "all balances together exceed 256 bits");
    return {};
}

}  // namespace

Result<CallResult> simulate(const Reader& reader, const chain::Genesis& genesis, Height height,
                            const Call& call) {
    // Also tells whether state is kept for this height.
    const auto from = reader.account(call.from, height);
    if (!from) return std::unexpected(from.error());
    const auto header = reader.header(height);
    if (!header) return fail(errc::unknown_height, "no such block here");
    const auto extra = chain::decode_extra(header->extra_data);

    PastState past(reader.view(), height, reader.head());
    JournaledState state(past, {.chain_id = genesis.chain_id,
                                .number = header->number,
                                .timestamp = header->timestamp,
                                .time_ms = extra ? extra->time_ms : header->timestamp * 1000,
                                .beneficiary = header->beneficiary,
                                .gas_limit = header->gas_limit,
                                .base_fee = header->base_fee_per_gas,
                                .prev_randao = header->prev_randao});
    const Rules rules = rules_of(genesis, reader.genesis());
    if (auto target = check_target(state, call.to, rules); !target)
        return std::unexpected(target.error());
    if (auto ok = check_overrides(call, genesis); !ok) return std::unexpected(ok.error());
    for (const AccountOverride& wish : call.overrides) apply(state, wish);
    if (const U256 balance = state.account(call.from).balance; balance < call.value) {
        return fail(errc::insufficient_funds,
                    fmt::format("has {}, sends {}", balance.to_decimal(), call.value.to_decimal()));
    }
    chain::Transaction shape;
    shape.to = call.to;
    shape.data = call.data;
    const uint64_t intrinsic = chain::intrinsic_gas(shape), floor = chain::floor_gas(shape);
    const uint64_t gas_limit = call.gas_limit == 0 ? header->gas_limit : call.gas_limit;
    if (gas_limit < std::max(intrinsic, floor)) {
        return fail(chain::errc::tx_gas_below_intrinsic,
                    fmt::format("gas {} of {}", gas_limit, std::max(intrinsic, floor)));
    }
    RunResult run =
        run_call(state, call.from, *call.to, call.value, call.data, gas_limit - intrinsic, rules);
    return CallResult{.success = run.success,
                      .output = std::move(run.output),
                      .gas_used = std::max(intrinsic + run.gas_used, floor),
                      .logs = state.end_transaction()};
}

}  // namespace holdfast::ledger
