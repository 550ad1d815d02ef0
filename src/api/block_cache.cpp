// The newest blocks with their receipts, and a few older ones.
#include "api/block_cache.h"

#include <algorithm>

namespace holdfast::api {

void BlockCache::forget_oldest() {
    for (const auto& transaction : recent_.front()->block.transactions)
        index_.erase(transaction->hash);
    recent_transactions_ -= recent_.front()->block.transactions.size();
    recent_.pop_front();
}

void BlockCache::forget_newest() {
    for (const auto& transaction : recent_.back()->block.transactions)
        index_.erase(transaction->hash);
    recent_transactions_ -= recent_.back()->block.transactions.size();
    recent_.pop_back();
}

void BlockCache::add(BlockPtr block) {
    const Height height = block->block.header.number;
    const std::scoped_lock lock(mutex_);
    // A proof-of-work chain may take blocks back, and a snapshot may jump ahead.
    while (!recent_.empty() && recent_.back()->block.header.number >= height) forget_newest();
    if (!recent_.empty() && recent_.back()->block.header.number.next() != height)
        while (!recent_.empty()) forget_newest();

    const auto& transactions = block->block.transactions;
    for (size_t i = 0; i < transactions.size(); ++i)
        index_[transactions[i]->hash] = {height, static_cast<uint32_t>(i)};
    recent_transactions_ += transactions.size();
    recent_.push_back(std::move(block));
    while (recent_.size() > recent_blocks_max ||
           (recent_.size() > 1 && recent_transactions_ > recent_transactions_max))
        forget_oldest();
}

BlockPtr BlockCache::recent(Height height) const {
    const std::scoped_lock lock(mutex_);
    if (recent_.empty()) return nullptr;
    const Height first = recent_.front()->block.header.number;
    if (height < first || height - first >= recent_.size()) return nullptr;
    return recent_[height - first];
}

BlockPtr BlockCache::newest() const {
    const std::scoped_lock lock(mutex_);
    return recent_.empty() ? nullptr : recent_.back();
}

std::optional<PlacedTransaction> BlockCache::recent_transaction(const Hash32& hash) const {
    const std::scoped_lock lock(mutex_);
    const auto found = index_.find(hash);
    if (found == index_.end()) return std::nullopt;
    const auto [height, index] = found->second;
    return PlacedTransaction{recent_[height - recent_.front()->block.header.number], index};
}

BlockPtr BlockCache::load(const ledger::Reader& reader, Height height) {
    if (BlockPtr block = recent(height)) return block;
    {
        const std::scoped_lock lock(mutex_);
        const auto found = std::ranges::find_if(
            older_, [&](const BlockPtr& block) { return block->block.header.number == height; });
        if (found != older_.end()) {
            older_.splice(older_.begin(), older_, found);
            return older_.front();
        }
    }
    auto block = reader.block(height);
    if (!block) return nullptr;
    auto receipts = reader.receipts(height);
    // Genesis has no receipts, and pruning may come between the two reads.
    if (!receipts && !block->transactions.empty()) return nullptr;
    auto loaded = std::make_shared<ledger::Executed>();
    loaded->block = std::move(*block);
    if (receipts) loaded->receipts = std::move(*receipts);
    const std::scoped_lock lock(mutex_);
    older_.push_front(loaded);
    if (older_.size() > older_blocks_max) older_.pop_back();
    return loaded;
}

std::optional<PlacedTransaction> BlockCache::load_transaction(const ledger::Reader& reader,
                                                              const Hash32& hash) {
    if (auto placed = recent_transaction(hash)) return placed;
    const auto place = reader.place_of(hash);
    if (!place) return std::nullopt;
    BlockPtr block = load(reader, place->height);
    if (block == nullptr || place->index >= block->block.transactions.size() ||
        place->index >= block->receipts.size())
        return std::nullopt;
    return PlacedTransaction{std::move(block), place->index};
}

}  // namespace holdfast::api
