// Pending transactions: bounded, fair between senders, replaced by price. What it holds is a
// promise to nobody; what it refuses, it refuses with a name.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "chain/account.h"
#include "chain/block.h"

namespace holdfast::mempool {

namespace errc {
inline constexpr Errc already_known{"transaction.already_known"};
inline constexpr Errc nonce_too_low{"transaction.nonce_too_low"};
inline constexpr Errc nonce_too_far{
    "transaction.nonce_too_far"};  ///< beyond senders' share of the pool
inline constexpr Errc insufficient_funds{
    "transaction.insufficient_funds"};  ///< counts what is pooled already
inline constexpr Errc underpriced{
    "transaction.underpriced"};  ///< below the floor, or below what a full pool holds
inline constexpr Errc replacement_underpriced{"transaction.replacement_underpriced"};
inline constexpr Errc gas_above_block{"transaction.gas_above_block_limit"};
inline constexpr Errc pool_full{"transaction.pool_full"};
}  // namespace errc

struct Limits {
    size_t transactions_max = 65'536;
    size_t bytes_max = 64 << 20;
    size_t per_sender_max = 4096;     ///< transactions of one sender, gaps included
    uint64_t nonce_ahead_max = 4096;  ///< beyond the account's nonce
    uint64_t replace_percent = 10;    ///< both fees must rise by this much [geth]
};

using TransactionPtr = std::shared_ptr<const chain::RecoveredTransaction>;
/// Nonce and balance in the latest executed state.
using AccountSource = std::function<chain::Account(const Address&)>;

class Mempool {
  public:
    Mempool(const Limits& limits, uint64_t block_gas_limit, AccountSource accounts);

    /// Errors: errc above. `base_fee` is that of the next block.
    Status add(TransactionPtr transaction, const U256& base_fee);

    struct Selection {
        std::vector<TransactionPtr> transactions;
        size_t bytes = 0;  ///< encoded, with per-transaction overhead
    };
    /// The best executable transactions in nonce order per sender and by tip between senders, not
    /// among `excluded` (payloads on their way; their senders' later nonces follow on them).
    /// Deterministic given the order of calls.
    [[nodiscard]] Selection select(const std::unordered_set<Hash32>& excluded, size_t bytes_max,
                                   uint64_t gas_max, const U256& base_fee) const;
    /// Is there anything that `select` would give beyond `excluded`? Cheap.
    [[nodiscard]] bool has_ready(const std::unordered_set<Hash32>& excluded) const;

    /// A block was executed: its transactions and all with lower nonces leave; funds are looked at
    /// anew for the senders it touched.
    void executed(const std::vector<TransactionPtr>& transactions, const U256& base_fee);
    /// Blocks were taken back, the lowest first, and the state is that before them; to be told
    /// before any other block is executed. Their transactions wait again, as if they came anew
    /// [geth]; but where a sender has no room or funds for them and later ones, the later ones go.
    /// What does not come in again is remembered as dropped.
    void taken_back(const std::vector<chain::Block>& blocks, const U256& base_fee);
    /// The state was replaced by that of a later block: every sender is looked at anew.
    void jumped(const U256& base_fee);
    /// A delivered payload left it out for good.
    void drop(const Hash32& hash, const Error& reason);

    [[nodiscard]] TransactionPtr find(const Hash32& hash) const;
    /// The next nonce to use after everything pooled in sequence: eth_getTransactionCount(pending).
    [[nodiscard]] uint64_t next_nonce(const Address& sender) const;
    /// Why a transaction that was once here is gone; null if unknown. Bounded memory.
    [[nodiscard]] std::optional<Error> dropped_because(const Hash32& hash) const;

    [[nodiscard]] size_t size() const;
    [[nodiscard]] size_t size_bytes() const;
    [[nodiscard]] size_t ready() const;  ///< executable now, without a nonce gap

  private:
    struct Impl;
    std::shared_ptr<Impl> impl_;
};

}  // namespace holdfast::mempool
