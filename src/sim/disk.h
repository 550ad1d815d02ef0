// The virtual disk of a machine: the journal's folder and the ledger's store. It outlives
// processes; it loses what it may lose when the power goes, and is damaged when the plan says so.
#pragma once

#include <deque>
#include <functional>
#include <map>

#include "consensus/step.h"
#include "env/memory_device.h"
#include "env/memory_store.h"
#include "sim/pulse.h"

namespace holdfast::sim {

/// The journal's folder, and which records are on its platter: found by their bytes, without
/// knowing the journal's format.
class JournalDisk final : public env::ByteDevice {
  public:
    /// The pulse of the life that writes; null: the operator's own commands.
    void attach(Pulse* pulse) { pulse_ = pulse; }
    void set_full(bool full) { full_ = full; }
    void fail_next_sync() { fail_next_sync_ = true; }
    void repair() { full_ = fail_next_sync_ = false; }
    /// Called with the highest token up to which all records are on the platter.
    void on_platter(std::function<void(consensus::Token)> listener) {
        listener_ = std::move(listener);
    }
    [[nodiscard]] bool all_synced() const { return device_.all_synced(); }
    /// A record that the engine wants kept: it will pass through `append`.
    void expect(const consensus::Persist& record) { expected_.push_back(record); }

    [[nodiscard]] std::vector<uint64_t> list() const override { return device_.list(); }
    [[nodiscard]] Bytes read(uint64_t file) const override { return device_.read(file); }
    void append(uint64_t file, ByteView bytes) override;
    void sync(uint64_t file) override;
    void truncate(uint64_t file, uint64_t size_bytes) override;
    void remove(uint64_t file) override;
    void quarantine() override;
    [[nodiscard]] Bytes read_mark() const override { return device_.read_mark(); }
    void write_mark(ByteView bytes) override;

    /// The process is gone; the machine goes on.
    void process_ended();
    void lose_power(Random& random);
    void clear();
    /// False if nothing is there that the mark vouches for: damage beyond it could not be told
    /// from a torn write, which no journal survives.
    bool flip_a_bit(Random& random);
    bool misdirect_a_write(Random& random);

  private:
    struct Place {
        uint64_t file = 0;
        size_t end = 0;
        consensus::Token token;
    };
    bool beats() { return pulse_ == nullptr || pulse_->beat(); }
    void locate(uint64_t file, size_t begin, ByteView bytes);
    /// A file, and how much of it is older than the newest durable mark.
    [[nodiscard]] std::optional<std::pair<uint64_t, size_t>> vouched_for(Random& random) const;

    env::MemoryDevice device_;
    Pulse* pulse_ = nullptr;
    bool full_ = false, fail_next_sync_ = false;
    std::function<void(consensus::Token)> listener_;
    std::deque<consensus::Persist> expected_;
    std::deque<Place> written_;  ///< located, not yet synced
    /// Sizes at the last sync; as the last mark written names them; and as the last mark that a
    /// sync has covered does.
    std::map<uint64_t, size_t> synced_, marked_, vouched_;
};

/// The ledger's store behind the pulse. What a process writes after its end it still reads, as the
/// rest of its step demands; nobody else ever does.
class StoreDisk final : public env::StateStore {
  public:
    void attach(Pulse* pulse) { pulse_ = pulse; }
    void process_ended() {
        pulse_ = nullptr;
        if (written_alive_) store_->undo_to(*written_alive_);
        written_alive_.reset();
    }
    [[nodiscard]] std::optional<Bytes> get(env::Column column, ByteView key) const override {
        return store_->get(column, key);
    }
    void scan(env::Column column, ByteView from,
              const std::function<bool(ByteView, ByteView)>& visit) const override {
        store_->scan(column, from, visit);
    }
    void write(const env::Batch& batch) override {
        note_end();
        store_->write(batch);
    }
    void flush() override {
        if (beats()) store_->flush();
    }
    void erase_range(env::Column column, ByteView from, ByteView to) override {
        note_end();
        store_->erase_range(column, from, to);
    }
    [[nodiscard]] std::shared_ptr<const env::StateView> snapshot() const override {
        return store_->snapshot();
    }

    void lose_power(Random& random) { store_->lose_power(random); }
    void clear() { store_ = std::make_unique<env::MemoryStore>(); }

  private:
    bool beats() { return pulse_ == nullptr || pulse_->beat(); }
    void note_end() {
        if (!beats() && !written_alive_) written_alive_ = store_->unflushed();
    }

    std::unique_ptr<env::MemoryStore> store_ = std::make_unique<env::MemoryStore>();
    Pulse* pulse_ = nullptr;               ///< null: the operator's own commands
    std::optional<size_t> written_alive_;  ///< set by the first write after the end
};

}  // namespace holdfast::sim
