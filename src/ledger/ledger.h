// The ledger: a deterministic function from ordered payloads to blocks and state. Every node that
// executes the same payloads computes the same hashes, whatever its engine, clock or hash tables.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "chain/block.h"
#include "chain/genesis.h"
#include "chain/member_history.h"
#include "chain/receipt.h"
#include "env/state_store.h"
#include "ledger/reader.h"
#include "ledger/rules.h"

namespace holdfast::ledger {

class JournaledState;
class LiveState;
class SnapshotImport;

using TransactionPtr = std::shared_ptr<const chain::RecoveredTransaction>;

/// A payload whose position is agreed, with the senders of its transactions recovered. Transactions
/// that could not even be decoded or recovered are not in `transactions`: every node leaves out the
/// same ones.
struct OrderedPayload {
    Height height;
    WallMillis time_ms = 0;
    Address fee_recipient;
    Hash32 payload_hash;  ///< SHA-256 of the payload's bytes as they were agreed
    chain::Origin origin;
    Bytes mark;  ///< the engine's, stored with the block, not part of any hash
    std::vector<TransactionPtr> transactions;
};

/// A transaction that no longer fits: it leaves no trace in the block.
struct LeftOut {
    TransactionPtr transaction;
    Error reason;  ///< one of errc below
    bool may_fit_later = false;
};

namespace errc {
inline constexpr Errc nonce_too_low{"transaction.nonce_too_low"};
inline constexpr Errc nonce_too_high{"transaction.nonce_too_high"};
inline constexpr Errc insufficient_funds{
    "transaction.insufficient_funds"};  ///< gas * price + value
inline constexpr Errc fee_cap_below_base_fee{"transaction.fee_cap_below_base_fee"};  ///< [EIP-1559]
inline constexpr Errc block_gas_exceeded{"transaction.block_gas_exceeded"};
inline constexpr Errc code_not_supported{
    "transaction.code_not_supported"};                        ///< creates or calls a contract
inline constexpr Errc wrong_genesis{"ledger.wrong_genesis"};  ///< the store holds another ledger
inline constexpr Errc no_ledger{"ledger.missing"};  ///< the store holds none: `holdfast init`
inline constexpr Errc already_exists{"ledger.already_exists"};  ///< `create` on a store in use
inline constexpr Errc bad_snapshot{"ledger.bad_snapshot"};  ///< does not hash to the certified root
inline constexpr Errc unknown_height{"ledger.unknown_height"};  ///< never existed here, or pruned
inline constexpr Errc already_final{"ledger.already_final"};    ///< see Reader::final
inline constexpr Errc out_of_reach{
    "ledger.out_of_reach"};  ///< what going back that far takes is kept no more
inline constexpr Errc override_too_large{
    "ledger.override_too_large"};  ///< no sum of balances may leave 256 bits
inline constexpr Errc call_reverted{
    "execution.reverted"};  ///< detail: the reason; data in `output`
}  // namespace errc

/// Blocks that are no more, the lowest first: so are their transactions in an order that the pool
/// can take.
struct TakenBack {
    std::vector<chain::Block> blocks;
    std::vector<std::vector<chain::Receipt>> receipts;  ///< of each of them
};

struct Executed {
    chain::Block block;
    std::vector<chain::Receipt> receipts;
    std::vector<LeftOut> left_out;
    chain::MemberSet members;      ///< in force in the state after this block
    bool members_changed = false;  ///< by this block
};

/// What eth_call and eth_estimateGas ask.
/// What an account has in a simulation, whatever it has in truth.
struct AccountOverride {
    Address address;
    std::optional<U256> balance;
    std::optional<uint64_t> nonce;
};
struct Call {
    Address from;
    std::optional<Address> to;
    uint64_t gas_limit = 0;  ///< 0: the block's
    U256 value;
    Bytes data;
    std::vector<AccountOverride> overrides;
};
struct CallResult {
    bool success = false;
    Bytes output;  ///< return data, or the revert data
    uint64_t gas_used = 0;
    std::vector<chain::Log> logs;
};

/// Not thread-safe: one owner executes, others read through `Reader` on a snapshot.
class Ledger {
  public:
    ~Ledger();
    /// Writes block 0 and the genesis state into an empty store. Errors: errc::already_exists,
    /// chain::errc::genesis_invalid (the supply overflows, or the alloc uses the address of a
    /// native contract).
    static Status create(env::StateStore& store, const chain::Genesis& genesis);
    /// Ends an import that a crash interrupted. Errors: errc::no_ledger, errc::wrong_genesis.
    static Result<std::unique_ptr<Ledger>> open(env::StateStore& store,
                                                const chain::Genesis& genesis);

    /// Executes the payload at head + 1 and writes block, receipts, indexes, state and undo in one
    /// atomic batch. Transactions that do not fit are left out and told.
    Executed execute(const OrderedPayload& payload);

    /// Takes back all blocks above `above`, the newest first, each in one atomic batch. The store
    /// is then what it was when the block at `above` was the head, except for what was forgotten
    /// since (undo records too old, pruned bodies), and for certificates of blocks that stay; those
    /// of others go. A crash leaves it standing at a block between. Ends an import under way;
    /// nobody may put certificates meanwhile. Nothing is taken back if `above` is the head or
    /// higher. Errors, with nothing changed: errc::already_final, errc::out_of_reach.
    Result<TakenBack> take_back(Height above);

    [[nodiscard]] Height head() const { return head_.header.number; }
    [[nodiscard]] const chain::Block& head_block() const { return head_; }
    [[nodiscard]] const chain::MemberSet& members() const { return members_; }

    /// Forgets blocks and receipts below `keep_from` (headers and certificates stay), and lets the
    /// store give the space back. With an engine that takes blocks back, what is final at most.
    void prune(Height keep_from);

    /// Takes a new state from a peer's snapshot: pieces are staged beside the old state, which
    /// stays in force until `finish_import` has found that they hash to the header's state root,
    /// and that those have attested the header to whom the changes of members lead from the newest
    /// certified block here. From then on the switch is certain: if a crash interrupts it, `open`
    /// ends it. What an import that never finished has staged is dropped by the next
    /// `begin_import` or `open`.
    void begin_import();
    /// Changes of members, the oldest first, above `import_history_at`. Errors: as of
    /// chain::MemberHistory; those before the bad one are kept.
    Status import_history(const std::vector<chain::MemberChange>& changes);
    [[nodiscard]] Height import_history_at() const;
    /// Whether the members known so far attested it. Errors: as of chain::MemberHistory.
    [[nodiscard]] Status check_attested(const chain::CertifiedHeader& block) const;
    /// Errors: errc::bad_snapshot, for a piece malformed or out of order.
    Status import_chunk(ByteView chunk);
    /// `block` must be above the head; `members` are in force after it. Errors: bad_snapshot, and
    /// as of `check_attested`.
    Status finish_import(const chain::CertifiedHeader& block, const chain::MemberSet& members,
                         ByteView mark);

  private:
    Ledger(env::StateStore& store, const chain::Genesis& genesis, const Hash32& genesis_hash);
    Status load_head();
    chain::Header begin_header(const OrderedPayload& payload) const;
    [[nodiscard]] Status check_reach(Height above) const;
    void erase_old_undo(Height height, env::Batch& batch);
    void seal(const OrderedPayload& payload, JournaledState& state, const U256& burnt_here,
              Executed& executed);

    env::StateStore& store_;
    chain::Genesis genesis_;
    Rules rules_;
    chain::Block head_;
    chain::Origin head_origin_;
    WallMillis head_time_ms_ = 0;
    chain::MemberSet members_;
    U256 burnt_, issued_;
    Height undo_from_;  ///< no undo records below
    std::unique_ptr<LiveState> state_;
    std::unique_ptr<SnapshotImport> import_;
};

/// Runs a call on the state after `height`, changing nothing. Errors: errc::unknown_height,
/// code_not_supported, insufficient_funds, transaction.gas_below_intrinsic.
Result<CallResult> simulate(const Reader& reader, const chain::Genesis& genesis, Height height,
                            const Call& call);

/// The flat state of the reader's view in pieces that `import_chunk` takes: starts after `cursor`
/// (empty: from the beginning) and sets it to where the next piece starts; empty again when done.
Bytes export_chunk(const Reader& reader, Bytes& cursor, size_t bytes_max);

}  // namespace holdfast::ledger
