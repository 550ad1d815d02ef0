// Reading the ledger: blocks, receipts, accounts and proofs, on one consistent view of the store.
#pragma once

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "chain/account.h"
#include "chain/block.h"
#include "chain/certificate.h"
#include "chain/genesis.h"
#include "chain/receipt.h"
#include "env/state_store.h"

namespace holdfast::ledger {

/// How many blocks back state (balances, nonces, slots, proofs) can be asked for.
inline constexpr uint64_t history_blocks = 256;

struct TransactionPlace {
    Height height;
    uint32_t index = 0;
};

/// EIP-1186's answer, verified against the header's state root of the same height.
struct AccountProof {
    chain::Account account;
    std::vector<Bytes> account_proof;
    struct Slot {
        Hash32 key;
        U256 value;
        std::vector<Bytes> proof;
    };
    std::vector<Slot> slots;
};

/// Thread-safe, cheap to make. "Null" means unknown here: never existed, or pruned.
class Reader {
  public:
    explicit Reader(std::shared_ptr<const env::StateView> view) : view_(std::move(view)) {}

    /// The hash of the genesis object.
    [[nodiscard]] Hash32 genesis() const;
    [[nodiscard]] Height head() const;
    [[nodiscard]] Height lowest_block()
        const;  ///< with a body; above 0 after pruning or a snapshot
    [[nodiscard]] std::optional<chain::Header> header(Height height) const;
    [[nodiscard]] std::optional<Hash32> block_hash(Height height) const;
    [[nodiscard]] std::optional<chain::Block> block(Height height) const;
    [[nodiscard]] std::optional<std::vector<chain::Receipt>> receipts(Height height) const;
    [[nodiscard]] std::optional<Bytes> mark(Height height) const;
    [[nodiscard]] std::optional<Height> height_of(const Hash32& block_hash) const;
    [[nodiscard]] std::optional<TransactionPlace> place_of(const Hash32& transaction_hash) const;
    [[nodiscard]] std::optional<chain::Certificate> certificate(Height height) const;
    /// Never got a certificate of its own; a later one, that names its hash by parents, is enough.
    [[nodiscard]] bool vouched_for(Height height) const;
    /// The highest block with a certificate such that every block below has one, is vouched for, or
    /// came certified.
    [[nodiscard]] Height certified() const;
    /// Everything up to here is for ever, says the engine: see `put_final`. 0 if it never said so.
    [[nodiscard]] Height final() const;
    /// The higher of the two: nobody will ask for the state before it.
    [[nodiscard]] Height settled() const { return std::max(certified(), final()); }
    /// Up to the head: what was burnt (base fees, slashed stakes), and what was issued beside the
    /// balances of genesis (stakes of its members, block rewards).
    [[nodiscard]] U256 burnt() const;
    [[nodiscard]] U256 issued() const;
    /// In force in the state after `height`; a snapshot brings those from before it.
    [[nodiscard]] std::optional<chain::MemberSet> members(Height height) const;

    /// The newest set, and whoever of `also` is not in it but was in an older one, as was said of
    /// him last. Nobody is in it twice, by id or by key.
    [[nodiscard]] chain::MemberSet members_and(std::span<const NodeId> also) const;

    /// State after this height and all above can be read: `history_blocks` back, and at least back
    /// to the newest certified or final block, whose state is offered to whoever is far behind.
    /// Less far back after blocks were taken back: what was forgotten before stays so.
    [[nodiscard]] Height oldest_state() const;
    /// State after `height`. Errors: errc::unknown_height below `oldest_state`.
    [[nodiscard]] Result<chain::Account> account(const Address& address, Height height) const;
    /// The same at this view's head, which is always there: one look into the store.
    [[nodiscard]] chain::Account account_at_head(const Address& address) const;
    [[nodiscard]] Result<U256> slot(const Address& address, const Hash32& key, Height height) const;
    [[nodiscard]] Result<Bytes> code(const Address& address, Height height) const;
    [[nodiscard]] Result<AccountProof> proof(const Address& address,
                                             const std::vector<Hash32>& slots, Height height) const;
    /// The same ledger with the flat state as it was after `height`, for `export_chunk`. Null
    /// below `oldest_state`.
    [[nodiscard]] std::shared_ptr<const Reader> back_at(Height height) const;
    [[nodiscard]] const env::StateView& view() const { return *view_; }

  private:
    std::shared_ptr<const env::StateView> view_;
};

/// Of the store itself and not of a snapshot, which it must outlive: for the one thread that writes
/// it.
Reader reader_at_head(const env::StateView& store);

/// Thread-safe with respect to one executing Ledger: writes a certificate beside its block.
void put_certificate(env::StateStore& store, const chain::Certificate& certificate);
/// The certificate of block `by`, which is there, is to be enough for those without one below it.
void vouch(env::StateStore& store, Height by);

/// For engines that take blocks back: those up to `height` are never taken back, and what that
/// would need may be forgotten. Monotone. Thread-safe as above; one thread at a time.
void put_final(env::StateStore& store, Height height);

/// Re-checks a whole store: parent links, header hashes, transaction and receipt roots, every
/// certificate against the membership of its height, the state trie rebuilt from the flat state
/// against the head's root, the sum of balances, and that nothing speaks of blocks that are not
/// there. Calls `progress` now and then.
struct VerifyReport {
    uint64_t blocks = 0, transactions = 0, certificates = 0, accounts = 0;
    Height head;
    Hash32 head_hash;
    U256 total_balance;
    std::vector<std::string> problems;  ///< empty: the store is sound
};
VerifyReport verify(const Reader& reader, const chain::Genesis& genesis,
                    const std::function<void(Height)>& progress);

}  // namespace holdfast::ledger
