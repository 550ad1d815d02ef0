// Signed Ethereum transactions of type 0, 1 and 2, and every rule about them that needs no state.
#pragma once

#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/u256.h"
#include "crypto/secp256k1.h"

namespace holdfast::chain {

enum class TxType : uint8_t {
    legacy = 0,       ///< [YP §4.2], with [EIP-155] replay protection
    access_list = 1,  ///< [EIP-2930]
    dynamic_fee = 2,  ///< [EIP-1559]
};

struct AccessListEntry {
    Address address;
    std::vector<Hash32> storage_keys;
    bool operator==(const AccessListEntry&) const = default;
};

struct Transaction {
    TxType type = TxType::dynamic_fee;
    std::optional<uint64_t>
        chain_id;  ///< absent only in a legacy transaction without replay protection
    uint64_t nonce = 0;
    U256 max_priority_fee_per_gas;  ///< gas price, for types 0 and 1
    U256 max_fee_per_gas;           ///< gas price, for types 0 and 1
    uint64_t gas_limit = 0;
    std::optional<Address> to;  ///< absent: creates a contract
    U256 value;
    Bytes data;
    std::vector<AccessListEntry> access_list;
    crypto::RecoverableSignature signature;

    bool operator==(const Transaction&) const = default;
};

/// A transaction that has been decoded, checked and whose sender is known: what travels inside a
/// node. Immutable and shared.
struct RecoveredTransaction {
    Transaction transaction;
    Address sender;
    Hash32 hash;  ///< Keccak-256 of `raw`
    Bytes raw;    ///< as it was received: the canonical encoding [EIP-2718]
};

/// Largest encoded transaction taken from anyone, bytes. [geth txMaxSize]
inline constexpr size_t transaction_bytes_max = 128 * 1024;

/// What a transaction is held against.
struct TxRules {
    uint64_t chain_id = 0;
    bool require_chain_id = true;  ///< refuse legacy transactions without [EIP-155] protection
    uint64_t gas_limit_max = 16'777'216;  ///< [EIP-7825]
};

/// Canonical encodings only: what `encode` would not have written is refused. Never recovers.
Result<Transaction> decode_transaction(ByteView raw);
Bytes encode_transaction(const Transaction& transaction);

/// The digest that the sender signed.
Hash32 signing_hash(const Transaction& transaction);
/// Fills in the signature. Errors: crypto::errc::bad_secret_key.
Status sign_transaction(Transaction& transaction, const crypto::SecretKey& key);

/// Every stateless rule: chain id, fee order, gas limit against intrinsic gas and cap, init code
/// size, nonce below 2^64-1, r and s in range, low s [EIP-2].
Status check_transaction(const Transaction& transaction, const TxRules& rules);
/// Gas charged before execution: 21000, data, access list, creation; and the floor of [EIP-7623].
uint64_t intrinsic_gas(const Transaction& transaction);
uint64_t floor_gas(const Transaction& transaction);

/// decode, check, recover. The one way in for bytes from outside; costs one signature recovery only
/// if every cheaper rule holds.
Result<RecoveredTransaction> recover_transaction(ByteView raw, const TxRules& rules);

/// What the sender pays per gas at this base fee; null if it does not even cover the base fee.
/// [EIP-1559]
std::optional<U256> effective_gas_price(const Transaction& transaction, const U256& base_fee);

}  // namespace holdfast::chain
