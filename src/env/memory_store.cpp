// Every key holds its newest values with the sequence number of the write; a snapshot is a number.
// Versions that no snapshot can see any more go when the next write comes.
#include "env/memory_store.h"

#include <array>
#include <deque>
#include <limits>
#include <map>
#include <set>

#include "base/check.h"

namespace holdfast::env {
namespace {

constexpr uint64_t newest = std::numeric_limits<uint64_t>::max();

struct Version {
    uint64_t sequence = 0;
    std::optional<Bytes> value;  ///< null: deleted
};

using Table = std::map<Bytes, std::vector<Version>, ByteOrder>;

const Bytes* seen_at(const std::vector<Version>& versions, uint64_t sequence) {
    for (size_t i = versions.size(); i-- > 0;)
        if (versions[i].sequence <= sequence)
            return versions[i].value ? &*versions[i].value : nullptr;
    return nullptr;
}

}  // namespace

class MemoryStore::Versions {
  public:
    [[nodiscard]] std::optional<Bytes> get(uint64_t sequence, Column column, ByteView key) const {
        const Table& table = tables_[static_cast<size_t>(column)];
        const auto at = table.find(key);
        if (at == table.end()) return std::nullopt;
        const Bytes* value = seen_at(at->second, sequence);
        return value == nullptr ? std::nullopt : std::optional(*value);
    }

    void scan(uint64_t sequence, Column column, ByteView from,
              const std::function<bool(ByteView, ByteView)>& visit) const {
        const Table& table = tables_[static_cast<size_t>(column)];
        for (auto at = table.lower_bound(from); at != table.end(); ++at) {
            const Bytes* value = seen_at(at->second, sequence);
            if (value != nullptr && !visit(at->first, *value)) return;
        }
    }

    /// Gives the batch that would undo this one.
    Batch write(const Batch& batch) {
        ++sequence_;
        Batch undo;
        for (const auto& item : batch) {
            Table& table = tables_[static_cast<size_t>(item.column)];
            const auto at = table.find(item.key);
            const Bytes* before = at == table.end() ? nullptr : seen_at(at->second, newest);
            if (before == nullptr && !item.value) continue;
            undo.push_back(
                {item.column, item.key, before == nullptr ? std::nullopt : std::optional(*before)});
            table[item.key].push_back({sequence_, item.value});
            garbage_.push_back({sequence_, item.column, item.key});
        }
        // Undone back to front, as a batch may name a key twice.
        std::ranges::reverse(undo);
        collect();
        return undo;
    }

    [[nodiscard]] std::vector<Bytes> keys(Column column, ByteView from, ByteView to) const {
        std::vector<Bytes> found;
        scan(newest, column, from, [&](ByteView key, ByteView) {
            if (!ByteOrder{}(key, to)) return false;
            found.push_back(to_bytes(key));
            return true;
        });
        return found;
    }

    uint64_t hold() { return *held_.insert(sequence_); }
    void release(uint64_t sequence) {
        held_.erase(held_.find(sequence));
        collect();
    }
    [[nodiscard]] bool held() const { return !held_.empty(); }

    [[nodiscard]] size_t size() const {
        size_t total = 0;
        for (const Table& table : tables_)
            for (const auto& [key, versions] : table)
                if (seen_at(versions, newest) != nullptr) ++total;
        return total;
    }

  private:
    struct Overwritten {
        uint64_t sequence = 0;
        Column column;
        Bytes key;
    };

    void collect() {
        const uint64_t oldest = held_.empty() ? newest : *held_.begin();
        for (; !garbage_.empty() && garbage_.front().sequence <= oldest; garbage_.pop_front()) {
            const Overwritten& entry = garbage_.front();
            Table& table = tables_[static_cast<size_t>(entry.column)];
            const auto at = table.find(entry.key);
            if (at == table.end()) continue;
            auto& versions = at->second;
            // All but the last that the oldest snapshot sees, and what came after.
            size_t keep = versions.size();
            while (keep > 0 && versions[keep - 1].sequence > oldest) --keep;
            if (keep > 1)
                versions.erase(versions.begin(),
                               versions.begin() + static_cast<ptrdiff_t>(keep - 1));
            if (versions.size() == 1 && !versions.front().value) table.erase(at);
        }
    }

    std::array<Table, column_count> tables_;
    uint64_t sequence_ = 0;
    std::multiset<uint64_t> held_;  ///< by snapshots
    std::deque<Overwritten> garbage_;
};

namespace {

class MemorySnapshot final : public StateView {
  public:
    explicit MemorySnapshot(std::shared_ptr<MemoryStore::Versions> versions)
        : versions_(std::move(versions)), sequence_(versions_->hold()) {}
    ~MemorySnapshot() override { versions_->release(sequence_); }
    MemorySnapshot(const MemorySnapshot&) = delete;
    MemorySnapshot& operator=(const MemorySnapshot&) = delete;

    [[nodiscard]] std::optional<Bytes> get(Column column, ByteView key) const override {
        return versions_->get(sequence_, column, key);
    }
    void scan(Column column, ByteView from,
              const std::function<bool(ByteView, ByteView)>& visit) const override {
        versions_->scan(sequence_, column, from, visit);
    }

  private:
    std::shared_ptr<MemoryStore::Versions> versions_;
    uint64_t sequence_;
};

}  // namespace

MemoryStore::MemoryStore() : versions_(std::make_shared<Versions>()) {}
MemoryStore::~MemoryStore() = default;

std::optional<Bytes> MemoryStore::get(Column column, ByteView key) const {
    return versions_->get(newest, column, key);
}

void MemoryStore::scan(Column column, ByteView from,
                       const std::function<bool(ByteView, ByteView)>& visit) const {
    versions_->scan(newest, column, from, visit);
}

void MemoryStore::write(const Batch& batch) {
    undo_.push_back(versions_->write(batch));
}

void MemoryStore::flush() {
    undo_.clear();
}

void MemoryStore::erase_range(Column column, ByteView from, ByteView to) {
    Batch batch;
    for (auto& key : versions_->keys(column, from, to))
        batch.push_back({column, std::move(key), std::nullopt});
    write(batch);
}

std::shared_ptr<const StateView> MemoryStore::snapshot() const {
    return std::make_shared<MemorySnapshot>(versions_);
}

void MemoryStore::lose_power(Random& random) {
    CHECK(!versions_->held(), "a snapshot does not survive its process");
    // A store that flushes now and then loses everything since; one with a log of its own may keep
    // any part of it.
    uint64_t keep = random.between(0, undo_.size());
    if (random.chance(1, 3)) keep = 0;
    undo_to(keep);
    undo_.clear();
}

void MemoryStore::undo_to(size_t writes) {
    while (undo_.size() > writes) {
        versions_->write(undo_.back());
        undo_.pop_back();
    }
}

size_t MemoryStore::size() const {
    return versions_->size();
}

}  // namespace holdfast::env
