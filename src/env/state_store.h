// Port: an ordered key-value store with columns and atomic batches. RocksDB in production.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "base/bytes.h"

namespace holdfast::env {

enum class Column : uint8_t {
    meta,          ///< heights, hashes, birth record, genesis
    blocks,        ///< height -> header, body, receipts, mark
    hashes,        ///< block hash -> height; transaction hash -> height and index
    certificates,  ///< height -> certificate
    accounts,      ///< Keccak(address) -> account: the flat state
    slots,         ///< Keccak(address) Keccak(slot) -> value
    code,          ///< code hash -> code
    account_trie,  ///< path -> node
    slot_trie,     ///< Keccak(address) path -> node
    undo,          ///< height -> what the block overwrote
};
inline constexpr size_t column_count = 10;

struct BatchItem {
    Column column;
    Bytes key;
    std::optional<Bytes> value;  ///< null deletes
};
using Batch = std::vector<BatchItem>;

/// A consistent view. Thread-safe; holding one for long keeps old data alive.
class StateView {
  public:
    virtual ~StateView() = default;
    [[nodiscard]] virtual std::optional<Bytes> get(Column column, ByteView key) const = 0;
    /// Calls `visit` for keys >= `from` in ascending order until it returns false or keys end.
    virtual void scan(Column column, ByteView from,
                      const std::function<bool(ByteView key, ByteView value)>& visit) const = 0;
};

/// `get` and `scan` see everything written so far. Errors of the machine below are fatal(): the
/// process stops, since a store that fails once cannot be trusted.
class StateStore : public StateView {
  public:
    /// All or nothing, also across a crash; not yet necessarily on stable storage.
    virtual void write(const Batch& batch) = 0;
    /// When it returns, every write made before the call is on stable storage.
    virtual void flush() = 0;
    /// Deletes [from, to) of a column and lets the space be reclaimed.
    virtual void erase_range(Column column, ByteView from, ByteView to) = 0;
    [[nodiscard]] virtual std::shared_ptr<const StateView> snapshot() const = 0;
};

}  // namespace holdfast::env
