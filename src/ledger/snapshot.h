// State in pieces: what a node that fell too far behind takes from a peer instead of replaying
// blocks.
//
// A piece is a list of items in the order of the whole stream: an account, then its slots, then the
// next account; at the end all code. Roots are computed as pieces arrive, so a lie is found before
// anything of the old state is touched. Who may vouch for the root follows from what this ledger
// knows itself: from its own newest certified members, through every change of them, to those who
// attested the snapshot's block.
#pragma once

#include <set>

#include "base/codec.h"
#include "chain/account.h"
#include "chain/genesis.h"
#include "chain/member_history.h"
#include "env/state_store.h"
#include "ledger/rules.h"
#include "ledger/sorted_trie.h"

namespace holdfast::ledger {

/// Of one piece, and of all pieces together.
inline constexpr size_t snapshot_piece_bytes_max = 16 << 20;
inline constexpr uint64_t snapshot_pieces_max = 1 << 24;

enum class SnapshotItemKind : uint8_t { account = 1, slot = 2, code = 3 };

struct SnapshotItem {
    SnapshotItemKind kind = SnapshotItemKind::account;
    Hash32 key;      ///< hashed address, hashed slot, or hash of the code
    ByteView value;  ///< as the flat columns hold it
};

/// Follows the stream, refuses what is out of order, and hands tries' nodes and items on.
class SnapshotStream {
  public:
    struct Sinks {
        std::function<void(const SnapshotItem&, const Hash32& account)> item;
        std::function<void(env::Column, Bytes key, const Bytes& node)> node;
    };
    explicit SnapshotStream(Sinks sinks);
    SnapshotStream(const SnapshotStream&) = delete;
    SnapshotStream& operator=(const SnapshotStream&) = delete;

    /// Errors: errc::bad_snapshot.
    Status add(ByteView piece);
    /// The state root of everything added. Errors: errc::bad_snapshot.
    Result<Hash32> finish();
    [[nodiscard]] const U256& total_balance() const { return total_balance_; }

  private:
    Status on_account(const SnapshotItem& item);
    Status on_slot(const SnapshotItem& item);
    Status on_code(const SnapshotItem& item);
    Status end_account();

    Sinks sinks_;
    SortedTrie accounts_, slots_;
    std::optional<Hash32> account_key_, slot_key_, code_key_;
    chain::Account account_;
    std::set<Hash32> code_wanted_;
    U256 total_balance_;
};

class SnapshotImport {
  public:
    /// Drops what an earlier import left behind. `history` begins with what is trusted here.
    SnapshotImport(env::StateStore& store, const Rules& rules, chain::MemberHistory history);
    /// Stages the next change of the members, once it is found good.
    Status follow(const chain::MemberChange& change);
    [[nodiscard]] const chain::MemberHistory& history() const { return history_; }
    Status add(ByteView piece);
    /// Compares, then puts the new state in the place of the old one, and keeps the history.
    Status finish(const chain::CertifiedHeader& block, const chain::MemberSet& members,
                  ByteView mark);
    /// At start: ends an installation that was interrupted, drops the rest of anything else.
    static void recover(env::StateStore& store);

  private:
    env::StateStore& store_;
    chain::MemberHistory history_;
    U256 issued_;
    SnapshotStream stream_;
    uint64_t pieces_ = 0, changes_ = 0;
};

/// Erases bodies, receipts, marks and the places of transactions below `keep_from`. Safe to
/// interrupt.
void prune_bodies(env::StateStore& store, Height keep_from);

}  // namespace holdfast::ledger
