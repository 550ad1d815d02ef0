// The names of everything that can be wrong with a value, with the rule each one breaks.
#pragma once

#include "base/result.h"

namespace holdfast::chain::errc {

// RLP [YP §App. B]
inline constexpr Errc rlp_truncated{"rlp.truncated"};          ///< ended inside an item
inline constexpr Errc rlp_not_canonical{"rlp.not_canonical"};  ///< a longer form than needed
inline constexpr Errc rlp_too_deep{"rlp.too_deep"};            ///< nested beyond the limit
inline constexpr Errc rlp_unexpected{"rlp.unexpected"};  ///< a list for a string, a wrong length
inline constexpr Errc rlp_trailing{"rlp.trailing"};      ///< bytes after the item

// transactions
inline constexpr Errc tx_type_unknown{"transaction.type_unknown"};  ///< [EIP-2718]
inline constexpr Errc tx_type_refused{
    "transaction.type_refused"};  ///< a known type not served here
inline constexpr Errc tx_too_large{"transaction.too_large"};
inline constexpr Errc tx_chain_id{"transaction.wrong_chain_id"};
inline constexpr Errc tx_unprotected{"transaction.unprotected"};  ///< no chain id [EIP-155]
inline constexpr Errc tx_fee_order{"transaction.tip_above_fee_cap"};
inline constexpr Errc tx_gas_below_intrinsic{"transaction.gas_below_intrinsic"};
inline constexpr Errc tx_gas_above_limit{"transaction.gas_above_limit"};
inline constexpr Errc tx_nonce_max{"transaction.nonce_max"};                      ///< [EIP-2681]
inline constexpr Errc tx_init_code_too_large{"transaction.init_code_too_large"};  ///< [EIP-3860]
inline constexpr Errc tx_bad_signature{
    "transaction.bad_signature"};                       ///< r, s or parity out of range
inline constexpr Errc tx_high_s{"transaction.high_s"};  ///< [EIP-2]
inline constexpr Errc tx_value_overflow{"transaction.value_overflow"};  ///< a field over its width

// payloads, genesis, proofs
inline constexpr Errc payload_malformed{"payload.malformed"};
inline constexpr Errc payload_too_large{"payload.too_large"};
inline constexpr Errc genesis_malformed{
    "genesis.malformed"};  ///< not JSON, or a field of a wrong type
inline constexpr Errc genesis_unknown_field{"genesis.unknown_field"};
inline constexpr Errc genesis_invalid{"genesis.invalid"};  ///< well formed, but breaks a rule
inline constexpr Errc proof_invalid{"proof.invalid"};      ///< does not lead to the root
inline constexpr Errc proof_malformed{"proof.malformed"};  ///< not a proof file in its one form
inline constexpr Errc proof_too_large{"proof.too_large"};
inline constexpr Errc proof_other_genesis{"proof.other_genesis"};  ///< of another ledger
inline constexpr Errc proof_order{"proof.order"};  ///< the blocks of the history do not ascend
inline constexpr Errc proof_other_members{
    "proof.other_members"};  ///< not the set that the certified header names

}  // namespace holdfast::chain::errc
