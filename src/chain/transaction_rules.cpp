// The rules about a transaction that need no state, and what it costs before it runs.
#include <limits>

#include "chain/errors.h"
#include "chain/transaction.h"

namespace holdfast::chain {
namespace {

constexpr uint64_t transaction_gas = 21'000;         // [YP §App. G]
constexpr uint64_t creation_gas = 32'000;            // [EIP-2]
constexpr uint64_t zero_byte_gas = 4;                // [YP §App. G]
constexpr uint64_t data_byte_gas = 16;               // [EIP-2028]
constexpr uint64_t access_list_address_gas = 2'400;  // [EIP-2930]
constexpr uint64_t access_list_key_gas = 1'900;      // [EIP-2930]
constexpr uint64_t init_code_word_gas = 2;           // [EIP-3860]
constexpr size_t init_code_bytes_max = 49'152;       // [EIP-3860]
constexpr uint64_t floor_token_gas = 10;             // [EIP-7623]
constexpr uint64_t tokens_per_data_byte = 4;         // [EIP-7623]

struct DataBytes {
    uint64_t zero = 0;
    uint64_t other = 0;
};

DataBytes count_bytes(ByteView data) {
    const auto zero = static_cast<uint64_t>(std::ranges::count(data, uint8_t{0}));
    return {.zero = zero, .other = data.size() - zero};
}

Status check_chain(const Transaction& transaction, const TxRules& rules) {
    if (!transaction.chain_id) {
        if (transaction.type != TxType::legacy)
            return fail(errc::tx_chain_id, "a typed transaction without one");
        if (rules.require_chain_id) return fail(errc::tx_unprotected);
        return {};
    }
    if (*transaction.chain_id != rules.chain_id)
        return fail(errc::tx_chain_id, "chain id " + std::to_string(*transaction.chain_id) +
                                           ", not " + std::to_string(rules.chain_id));
    return {};
}

Status check_gas(const Transaction& transaction, const TxRules& rules) {
    if (transaction.gas_limit > rules.gas_limit_max)
        return fail(errc::tx_gas_above_limit, "gas " + std::to_string(transaction.gas_limit) +
                                                  ", at most " +
                                                  std::to_string(rules.gas_limit_max));
    const uint64_t least = std::max(intrinsic_gas(transaction), floor_gas(transaction));
    if (transaction.gas_limit < least)
        return fail(errc::tx_gas_below_intrinsic, "gas " + std::to_string(transaction.gas_limit) +
                                                      ", at least " + std::to_string(least));
    return {};
}

}  // namespace

uint64_t intrinsic_gas(const Transaction& transaction) {
    const DataBytes data = count_bytes(transaction.data);
    uint64_t gas = transaction_gas + data.zero * zero_byte_gas + data.other * data_byte_gas;
    if (!transaction.to) {
        const uint64_t words = (transaction.data.size() + 31) / 32;
        gas += creation_gas + words * init_code_word_gas;
    }
    for (const AccessListEntry& entry : transaction.access_list)
        gas += access_list_address_gas + access_list_key_gas * entry.storage_keys.size();
    return gas;
}

uint64_t floor_gas(const Transaction& transaction) {
    const DataBytes data = count_bytes(transaction.data);
    return transaction_gas + floor_token_gas * (data.zero + tokens_per_data_byte * data.other);
}

Status check_transaction(const Transaction& transaction, const TxRules& rules) {
    if (auto status = check_chain(transaction, rules); !status) return status;
    // The account's next nonce must fit as well. [EIP-2681]
    if (transaction.nonce == std::numeric_limits<uint64_t>::max()) return fail(errc::tx_nonce_max);
    if (transaction.max_priority_fee_per_gas > transaction.max_fee_per_gas)
        return fail(errc::tx_fee_order, transaction.max_priority_fee_per_gas.to_decimal() +
                                            " above " + transaction.max_fee_per_gas.to_decimal());
    // A cost that is no number could never be paid; whether this one can is a question of state.
    if (!checked_mul(transaction.max_fee_per_gas, transaction.gas_limit))
        return fail(errc::tx_value_overflow, "gas times fee is over 2^256-1");
    if (!transaction.to && transaction.data.size() > init_code_bytes_max)
        return fail(errc::tx_init_code_too_large, std::to_string(transaction.data.size()) +
                                                      " bytes, at most " +
                                                      std::to_string(init_code_bytes_max));
    if (auto status = check_gas(transaction, rules); !status) return status;
    if (!crypto::is_in_range(transaction.signature)) return fail(errc::tx_bad_signature);
    if (!crypto::has_low_s(transaction.signature)) return fail(errc::tx_high_s);
    return {};
}

std::optional<U256> effective_gas_price(const Transaction& transaction, const U256& base_fee) {
    const auto room = checked_sub(transaction.max_fee_per_gas, base_fee);
    if (!room) return std::nullopt;
    return base_fee + std::min(*room, transaction.max_priority_fee_per_gas);
}

}  // namespace holdfast::chain
