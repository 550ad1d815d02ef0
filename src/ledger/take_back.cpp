// Taking the newest blocks back, for engines that do so: each leaves the store as it found it.
#include <algorithm>

#include "base/check.h"
#include "ledger/block_records.h"
#include "ledger/keys.h"
#include "ledger/ledger.h"
#include "ledger/live_state.h"
#include "ledger/snapshot.h"
#include "ledger/undo.h"

namespace holdfast::ledger {
namespace {

using env::Column;
using keys::BlockPart;

void erase_if_there(const env::StateView& store, Column column, Bytes key, env::Batch& batch) {
    if (store.get(column, key)) batch.push_back({column, std::move(key), std::nullopt});
}

/// Everything that speaks of the block, but for the state.
void erase_block(const env::StateView& store, const chain::Block& block, env::Batch& batch) {
    const Height height = block.header.number;
    for (const BlockPart part :
         {BlockPart::header, BlockPart::body, BlockPart::receipts, BlockPart::mark})
        batch.push_back({Column::blocks, keys::block_part(part, height), std::nullopt});
    batch.push_back({Column::hashes, to_bytes(block.hash.view()), std::nullopt});
    for (const auto& transaction : block.transactions)
        batch.push_back({Column::hashes, to_bytes(transaction->hash.view()), std::nullopt});
    erase_if_there(store, Column::meta, keys::members_at(height), batch);
    // Whoever stands at this height next has to earn a certificate of its own.
    erase_if_there(store, Column::certificates, keys::of_height(height), batch);
    if (meta_number(store, keys::certified).value_or(0) < height.value) return;
    // Genesis and snapshots need no word that they are.
    const bool is_ground = height.value - 1 <= meta_number(store, keys::state_from).value_or(0);
    batch.push_back({Column::meta, to_bytes(keys::certified),
                     is_ground ? std::nullopt : std::optional(encode_number(height.value - 1))});
}

}  // namespace

Status Ledger::check_reach(Height above) const {
    const Reader reader = reader_at_head(store_);
    if (above < reader.final())
        return fail(errc::already_final,
                    fmt::format("back to block {}, but {} is final", above, reader.final()));
    if (above.next() < undo_from_)
        return fail(errc::out_of_reach, fmt::format("back to block {}, but what later blocks "
                                                    "overwrote is kept from {} on",
                                                    above, undo_from_));
    // The engine goes on from the mark of the block that is to be the head.
    if (above.next() < reader.lowest_block() || !reader.mark(above))
        return fail(errc::out_of_reach, fmt::format("back to block {}, but blocks are kept from {}",
                                                    above, reader.lowest_block()));
    return {};
}

Result<TakenBack> Ledger::take_back(Height above) {
    if (above >= head()) return TakenBack{};
    if (auto possible = check_reach(above); !possible) return std::unexpected(possible.error());
    // Whom it trusts it has from blocks that may go.
    import_.reset();
    TakenBack taken;
    const Reader reader = reader_at_head(store_);
    for (Height height = head(); height > above; height = height.previous()) {
        auto block = reader.block(height);
        auto receipts = reader.receipts(height);
        CHECK(block && receipts, "blocks that are kept can be read");
        env::Batch batch;
        restore_before(store_, height, batch);
        erase_block(store_, *block, batch);
        batch.push_back({Column::meta, to_bytes(keys::head),
                         encode_head({height.previous(), block->header.parent_hash})});
        store_.write(batch);
        taken.blocks.push_back(std::move(*block));
        taken.receipts.push_back(std::move(*receipts));
    }
    std::ranges::reverse(taken.blocks);
    std::ranges::reverse(taken.receipts);
    // Caches and all: the store was changed behind their back.
    const Status loaded = load_head();
    CHECK(loaded.has_value(), "the block below one that was executed here can be loaded");
    return taken;
}

}  // namespace holdfast::ledger
