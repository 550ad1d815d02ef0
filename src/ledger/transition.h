// One transaction's effect on the state: fees, nonce, value, the call. Pure: the same state and
// transaction give the same receipt or the same refusal on every node.
#pragma once

#include "ledger/contract.h"
#include "ledger/journaled_state.h"
#include "ledger/ledger.h"

namespace holdfast::ledger {

/// A refusal leaves no trace in the state.
struct Refusal {
    Error reason;
    bool may_fit_later = false;
};

struct Applied {
    bool success = false;
    uint64_t gas_used = 0;
    U256 base_fee_burnt;
    std::vector<chain::Log> logs;
};

/// Can a call to `to` run here? Errors: errc::code_not_supported.
Status check_target(Host& host, const std::optional<Address>& to, const Rules& rules);
/// Moves the value and runs what lives at `to`. On failure the state is as before.
RunResult run_call(Host& host, const Address& from, const Address& to, const U256& value,
                   ByteView data, uint64_t gas, const Rules& rules);

/// `gas_left` is what the block has room for.
std::expected<Applied, Refusal> apply_transaction(JournaledState& state,
                                                  const chain::RecoveredTransaction& recovered,
                                                  uint64_t gas_left, const Rules& rules);

}  // namespace holdfast::ledger
