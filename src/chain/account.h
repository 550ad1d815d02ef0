// An account as the state trie holds it.
#pragma once

#include "base/result.h"
#include "base/u256.h"

namespace holdfast::chain {

/// [YP §4.1]
struct Account {
    uint64_t nonce = 0;
    U256 balance;
    Hash32 storage_root;  ///< empty_trie_root() when it has no storage
    Hash32 code_hash;     ///< Keccak-256 of nothing when it has no code

    bool operator==(const Account&) const = default;
    /// No nonce, no balance, no code: not stored. [EIP-161]
    [[nodiscard]] bool is_empty() const;
};

/// With neither storage nor code.
Account new_account();
Bytes encode_account(const Account& account);  ///< RLP
Result<Account> decode_account(ByteView rlp);

}  // namespace holdfast::chain
