// What each block overwrote, so that older state and its proofs can be read (see
// Reader::oldest_state), and so that the newest blocks can be taken back (see Ledger::take_back).
// Of the state that is everything; of the meta column, the sums that no other record tells.
//
// The old values of one block are spread over `undo_shards` records by a hash of their key: a full
// block costs a few dozen writes instead of thousands, and looking one key up reads one small
// record a block. A record is a list of {column, key, old value}; the index record, under the shard
// number 255, holds which shards exist, so that old ones are deleted without a search.
#pragma once

#include <array>
#include <memory>
#include <optional>

#include "base/codec.h"
#include "env/state_store.h"

namespace holdfast::ledger {

inline constexpr size_t undo_shards = 64;

class UndoRecorder {
  public:
    /// `old` is null if the key was not there.
    void add(env::Column column, ByteView key, const std::optional<Bytes>& old);
    /// Appends the records of the block at `height`.
    void finish(Height height, env::Batch& batch);

  private:
    std::array<Writer, undo_shards> shards_;
};

/// All undo records from this height on are here, with the view standing at `head`.
Height first_undo(const env::StateView& view, Height head);

/// Appends deletes of the undo records of `height`.
void erase_undo(const env::StateView& view, Height height, env::Batch& batch);

/// Appends the writes that bring back what the block at `height`, the newest, overwrote, and
/// deletes its records.
void restore_before(const env::StateView& view, Height height, env::Batch& batch);

/// The value of `key` as it was after `height`, with the store standing at `head`.
std::optional<Bytes> get_at(const env::StateView& view, env::Column column, ByteView key,
                            Height height, Height head);

/// Accounts and slots as they were after `height`, with the view standing at `head`; everything
/// else as it is. Reads the undo records of the blocks between once, and keeps what they overwrote.
std::shared_ptr<const env::StateView> flat_state_at(std::shared_ptr<const env::StateView> view,
                                                    Height height, Height head);

}  // namespace holdfast::ledger
