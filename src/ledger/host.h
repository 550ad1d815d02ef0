// What code that runs on the ledger may see and do: accounts, storage, logs, the block around it.
// Native contracts use it now; an interpreter would see the world through the same door.
#pragma once

#include "base/number.h"
#include "base/time.h"
#include "chain/account.h"
#include "chain/receipt.h"

namespace holdfast::ledger {

/// The block that a transaction runs in.
struct BlockContext {
    uint64_t chain_id = 0;
    Height number;
    uint64_t timestamp = 0;  ///< seconds
    WallMillis time_ms = 0;
    Address beneficiary;
    uint64_t gas_limit = 0;
    U256 base_fee;
    Hash32 prev_randao;
};

/// An account with its place in the trie, so that its address is hashed once.
struct KeyedAccount {
    Hash32 key;  ///< Keccak-256 of the address
    chain::Account account;
};

/// State as it was before the block: what a journal of changes is laid upon.
class StateSource {
  public:
    virtual ~StateSource() = default;
    /// chain::new_account() if there is none.
    virtual KeyedAccount account(const Address& address) = 0;
    virtual U256 slot(const Hash32& account_key, const Hash32& slot_key) = 0;
    virtual Bytes code(const Hash32& code_hash) = 0;
};

/// State in the middle of a block. Every write is journaled, so that a failed call leaves no trace.
class Host {
  public:
    virtual ~Host() = default;

    [[nodiscard]] virtual const BlockContext& block() const = 0;
    /// Valid until the next write; chain::new_account() if there is none.
    virtual const chain::Account& account(const Address& address) = 0;
    virtual Bytes code(const Address& address) = 0;
    virtual U256 storage(const Address& address, const Hash32& key) = 0;

    virtual void set_nonce(const Address& address, uint64_t nonce) = 0;
    /// The caller has made sure that it fits.
    virtual void add_balance(const Address& address, const U256& amount) = 0;
    virtual void take_balance(const Address& address, const U256& amount) = 0;
    virtual void set_storage(const Address& address, const Hash32& key, const U256& value) = 0;
    virtual void emit(chain::Log log) = 0;

    /// A point to go back to; points nest.
    [[nodiscard]] virtual size_t snapshot() const = 0;
    virtual void revert_to(size_t snapshot) = 0;
};

}  // namespace holdfast::ledger
