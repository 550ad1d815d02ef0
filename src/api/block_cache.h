// The newest blocks with their receipts as they were executed, and a few older ones: what clients
// ask for again and again need not be read and decoded again.
#pragma once

#include <deque>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>

#include "ledger/ledger.h"

namespace holdfast::api {

using BlockPtr = std::shared_ptr<const ledger::Executed>;

inline constexpr size_t recent_blocks_max = 256;
inline constexpr size_t recent_transactions_max = 131'072;
inline constexpr size_t older_blocks_max = 16;

struct PlacedTransaction {
    BlockPtr block;
    size_t index = 0;
};

/// Thread-safe.
class BlockCache {
  public:
    void add(BlockPtr block);

    [[nodiscard]] BlockPtr recent(Height height) const;
    [[nodiscard]] std::optional<PlacedTransaction> recent_transaction(const Hash32& hash) const;
    [[nodiscard]] BlockPtr newest() const;

    /// From memory, or read through `reader`. Null: unknown, or pruned. A block that was read has
    /// neither `left_out` nor `members`.
    BlockPtr load(const ledger::Reader& reader, Height height);
    std::optional<PlacedTransaction> load_transaction(const ledger::Reader& reader,
                                                      const Hash32& hash);

  private:
    void forget_oldest();
    void forget_newest();

    mutable std::mutex mutex_;
    std::deque<BlockPtr> recent_;  ///< consecutive heights
    size_t recent_transactions_ = 0;
    std::unordered_map<Hash32, std::pair<Height, uint32_t>> index_;
    std::list<BlockPtr> older_;  ///< most recently used first
};

}  // namespace holdfast::api
