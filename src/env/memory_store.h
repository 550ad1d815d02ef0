// The state store in memory: for tests and the simulator, on one thread. Ordered, with snapshots
// that cost nothing to take, and a crash that loses the newest unflushed batches, as the real one
// may.
#pragma once

#include <memory>

#include "base/random.h"
#include "env/state_store.h"

namespace holdfast::env {

class MemoryStore final : public StateStore {
  public:
    MemoryStore();
    ~MemoryStore() override;
    MemoryStore(const MemoryStore&) = delete;
    MemoryStore& operator=(const MemoryStore&) = delete;

    [[nodiscard]] std::optional<Bytes> get(Column column, ByteView key) const override;
    void scan(Column column, ByteView from,
              const std::function<bool(ByteView key, ByteView value)>& visit) const override;
    void write(const Batch& batch) override;
    void flush() override;
    void erase_range(Column column, ByteView from, ByteView to) override;
    [[nodiscard]] std::shared_ptr<const StateView> snapshot() const override;

    /// A power failure: of the writes since the last flush, a prefix drawn by `random` remains. No
    /// snapshot may be held across it.
    void lose_power(Random& random);
    /// Writes since the last flush.
    [[nodiscard]] size_t unflushed() const { return undo_.size(); }
    /// As if only the first `writes` of them had been made.
    void undo_to(size_t writes);
    /// Keys held, all columns.
    [[nodiscard]] size_t size() const;

    class Versions;  ///< the table behind the store and its snapshots

  private:
    std::shared_ptr<Versions> versions_;
    std::vector<Batch> undo_;  ///< one for each write since the last flush: what it overwrote
};

}  // namespace holdfast::env
