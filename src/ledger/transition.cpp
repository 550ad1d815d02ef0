// The rules of one transaction. [YP §6]
#include "ledger/transition.h"

#include <fmt/format.h>

#include "base/check.h"
#include "chain/errors.h"
#include "crypto/hash.h"

namespace holdfast::ledger {
namespace {

/// Highest address of a precompiled contract of Prague, and the one of [EIP-7951].
constexpr uint64_t precompiles_max = 0x11;
constexpr uint64_t precompile_p256 = 0x100;

bool is_precompile(const Address& address) {
    if (!std::ranges::all_of(std::span(address.bytes).first<18>(),
                             [](uint8_t b) { return b == 0; }))
        return false;
    const uint64_t low = uint64_t{address.bytes[18]} << 8 | address.bytes[19];
    return (low >= 1 && low <= precompiles_max) || low == precompile_p256;
}

std::unexpected<Refusal> refuse(Errc code, std::string detail, bool may_fit_later) {
    return std::unexpected(Refusal{{code, std::move(detail)}, may_fit_later});
}

/// gas_limit * fee cap + value, or null if that is more than any balance. [EIP-1559]
std::optional<U256> upfront_cost(const chain::Transaction& transaction) {
    const auto gas = checked_mul(U256(transaction.gas_limit), transaction.max_fee_per_gas);
    return gas ? checked_add(*gas, transaction.value) : std::nullopt;
}

std::optional<Refusal> check_against_state(JournaledState& state,
                                           const chain::RecoveredTransaction& recovered,
                                           uint64_t gas_left, uint64_t gas_least) {
    const chain::Transaction& transaction = recovered.transaction;
    const auto because = [](Errc code, std::string detail, bool later) {
        return Refusal{{code, std::move(detail)}, later};
    };
    if (transaction.gas_limit < gas_least) {
        return because(chain::errc::tx_gas_below_intrinsic,
                       fmt::format("gas {} of {}", transaction.gas_limit, gas_least), false);
    }
    if (transaction.gas_limit > gas_left) {
        return because(
            errc::block_gas_exceeded,
            fmt::format("wants {}, the block has {} left", transaction.gas_limit, gas_left),
            transaction.gas_limit <= state.block().gas_limit);
    }
    const chain::Account& sender = state.account(recovered.sender);
    if (transaction.nonce < sender.nonce) {
        return because(errc::nonce_too_low,
                       fmt::format("{}, the account is at {}", transaction.nonce, sender.nonce),
                       false);
    }
    if (transaction.nonce > sender.nonce) {
        return because(errc::nonce_too_high,
                       fmt::format("{}, the account is at {}", transaction.nonce, sender.nonce),
                       true);
    }
    const auto cost = upfront_cost(transaction);
    if (!cost || *cost > sender.balance) {
        return because(errc::insufficient_funds,
                       fmt::format("has {}, needs {}", sender.balance.to_decimal(),
                                   cost ? cost->to_decimal() : "more than any account can hold"),
                       cost.has_value());
    }
    // An account with code cannot have signed. [EIP-3607]
    if (sender.code_hash != chain::new_account().code_hash)
        return because(errc::code_not_supported, "the sender is a contract", false);
    return std::nullopt;
}

}  // namespace

Status check_target(Host& host, const std::optional<Address>& to, const Rules& rules) {
    if (!to) return fail(errc::code_not_supported, "creates a contract");
    if (is_native_contract(*to, rules)) return {};
    // Deviation [YP §App. E]: even a plain transfer to a precompiled contract would run it.
    if (is_precompile(*to)) return fail(errc::code_not_supported, "calls a precompiled contract");
    if (host.account(*to).code_hash != chain::new_account().code_hash)
        return fail(errc::code_not_supported, "calls a contract");
    return {};
}

RunResult run_call(Host& host, const Address& from, const Address& to, const U256& value,
                   ByteView data, uint64_t gas, const Rules& rules) {
    if (is_native_contract(to, rules))
        return call_native(host, to, {.caller = from, .value = value, .data = data, .gas = gas},
                           rules);
    if (host.account(from).balance < value) return {};
    host.take_balance(from, value);
    host.add_balance(to, value);
    return {.success = true, .gas_used = 0, .output = {}};
}

std::expected<Applied, Refusal> apply_transaction(JournaledState& state,
                                                  const chain::RecoveredTransaction& recovered,
                                                  uint64_t gas_left, const Rules& rules) {
    const chain::Transaction& transaction = recovered.transaction;
    const BlockContext& block = state.block();
    const auto price = chain::effective_gas_price(transaction, block.base_fee);
    if (!price) {
        return refuse(errc::fee_cap_below_base_fee,
                      fmt::format("{} of {}", transaction.max_fee_per_gas.to_decimal(),
                                  block.base_fee.to_decimal()),
                      true);
    }
    const uint64_t intrinsic = chain::intrinsic_gas(transaction);
    const uint64_t floor = chain::floor_gas(transaction);
    if (auto bad = check_against_state(state, recovered, gas_left, std::max(intrinsic, floor)))
        return std::unexpected(std::move(*bad));
    if (auto target = check_target(state, transaction.to, rules); !target)
        return std::unexpected(Refusal{target.error(), false});

    // Buy all the gas, run, give the rest back: as far as any code can see, that is what happens.
    // The price is below the cap, so no product here overflows.
    state.take_balance(recovered.sender, *price * U256(transaction.gas_limit));
    state.set_nonce(recovered.sender, transaction.nonce + 1);
    const RunResult run = run_call(state, recovered.sender, *transaction.to, transaction.value,
                                   transaction.data, transaction.gas_limit - intrinsic, rules);

    // Data costs at least its floor, however little was executed. [EIP-7623]
    Applied applied{.success = run.success,
                    .gas_used = std::max(intrinsic + run.gas_used, floor),
                    .base_fee_burnt = {},
                    .logs = {}};
    CHECK(applied.gas_used <= transaction.gas_limit, "a call never uses more gas than it is given");
    state.add_balance(recovered.sender, *price * U256(transaction.gas_limit - applied.gas_used));
    // The tip goes to whom the payload names, the base fee to nobody. [EIP-1559]
    state.add_balance(block.beneficiary, (*price - block.base_fee) * U256(applied.gas_used));
    applied.base_fee_burnt = block.base_fee * U256(applied.gas_used);
    applied.logs = state.end_transaction();
    return applied;
}

}  // namespace holdfast::ledger
