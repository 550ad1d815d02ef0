// Writing and reading undo records.
#include "ledger/undo.h"

#include <map>

#include "base/check.h"
#include "ledger/keys.h"

namespace holdfast::ledger {
namespace {

constexpr uint8_t index_shard = 0xff;

// FNV-1a: only has to spread keys evenly, and the same on every machine.
size_t shard_of(env::Column column, ByteView key) {
    uint64_t hash = 0xcbf29ce484222325 ^ static_cast<uint64_t>(column);
    for (const uint8_t byte : key) hash = (hash ^ byte) * 0x100000001b3;
    return (hash >> 32 ^ hash) % undo_shards;
}

Bytes record_key(Height height, uint8_t shard) {
    Bytes key = keys::of_height(height);
    key.push_back(shard);
    return key;
}

/// Calls `visit(column, key, old value)` for what a record lists, until it returns false; the value
/// is null if the key was not there.
template <class Visit>
void each_change(ByteView record, Visit visit) {
    holdfast::Reader in(record);
    while (in.left() > 0) {
        const auto column = env::Column(in.u8());
        const ByteView key = in.raw(in.u8());
        const bool present = in.boolean();
        const auto value = present ? std::optional(in.raw(in.u32())) : std::nullopt;
        if (in.failed() || !visit(column, key, value)) return;
    }
}

/// The keys of the records of one block, by its index record; none if nothing was overwritten.
std::vector<Bytes> records_of(const env::StateView& view, Height height) {
    std::vector<Bytes> keys;
    const auto index = view.get(env::Column::undo, record_key(height, index_shard));
    const uint64_t present = index ? holdfast::Reader(*index).u64() : 0;
    for (size_t shard = 0; shard < undo_shards; ++shard)
        if ((present >> shard & 1) != 0)
            keys.push_back(record_key(height, static_cast<uint8_t>(shard)));
    return keys;
}

std::optional<Bytes> copy_of(const std::optional<ByteView>& value) {
    return value ? std::optional(to_bytes(*value)) : std::nullopt;
}

/// The flat state of a view, with what was overwritten since laid over it.
class FlatStateAt final : public env::StateView {
  public:
    explicit FlatStateAt(std::shared_ptr<const env::StateView> now) : now_(std::move(now)) {}
    /// Blocks are told in ascending order: the first that overwrote a key kept what it found.
    void take(ByteView record) {
        each_change(record, [this](env::Column column, ByteView key, const auto& old) {
            if (column == env::Column::accounts || column == env::Column::slots)
                then_[column].try_emplace(to_bytes(key), copy_of(old));
            return true;
        });
    }
    [[nodiscard]] std::optional<Bytes> get(env::Column column, ByteView key) const override {
        if (const auto changes = then_.find(column); changes != then_.end())
            if (const auto at = changes->second.find(key); at != changes->second.end())
                return at->second;
        return now_->get(column, key);
    }
    void scan(env::Column column, ByteView from,
              const std::function<bool(ByteView key, ByteView value)>& visit) const override {
        const auto changes = then_.find(column);
        if (changes == then_.end()) return now_->scan(column, from, visit);
        auto next = changes->second.lower_bound(from);
        const auto end = changes->second.end();
        bool more = true;
        const auto pass = [&] {
            if (next->second) more = visit(next->first, *next->second);
            ++next;
        };
        now_->scan(column, from, [&](ByteView key, ByteView value) {
            while (more && next != end && ByteOrder{}(next->first, key)) pass();
            if (!more) return false;
            if (next == end || !equal(next->first, key))
                more = visit(key, value);
            else
                pass();
            return more;
        });
        while (more && next != end) pass();
    }

  private:
    std::shared_ptr<const env::StateView> now_;
    std::map<env::Column, std::map<Bytes, std::optional<Bytes>, ByteOrder>> then_;
};

// Null if the record does not speak of the key; else its old value, which may be null itself.
std::optional<std::optional<Bytes>> find_in(ByteView record, env::Column column, ByteView key) {
    std::optional<std::optional<Bytes>> found;
    each_change(record, [&](env::Column its_column, ByteView its_key, const auto& old) {
        if (its_column != column || !equal(its_key, key)) return true;
        found = copy_of(old);
        return false;
    });
    return found;
}

}  // namespace

void UndoRecorder::add(env::Column column, ByteView key, const std::optional<Bytes>& old) {
    CHECK(key.size() <= 0xff, "keys of state are short");
    Writer& out = shards_[shard_of(column, key)];
    out.u8(static_cast<uint8_t>(column));
    out.u8(static_cast<uint8_t>(key.size()));
    out.raw(key);
    out.boolean(old.has_value());
    if (old) out.bytes(*old);
}

void UndoRecorder::finish(Height height, env::Batch& batch) {
    uint64_t present = 0;
    for (size_t shard = 0; shard < undo_shards; ++shard) {
        if (shards_[shard].size() == 0) continue;
        present |= uint64_t{1} << shard;
        batch.push_back({env::Column::undo, record_key(height, static_cast<uint8_t>(shard)),
                         shards_[shard].take()});
    }
    if (present == 0) return;
    Writer index;
    index.u64(present);
    batch.push_back({env::Column::undo, record_key(height, index_shard), index.take()});
}

Height first_undo(const env::StateView& view, Height head) {
    if (const auto told = view.get(env::Column::meta, view_of(keys::undo_from)))
        return Height(holdfast::Reader(*told).u64());
    // A store of an older version. A block that overwrote nothing has no records, so it may be less
    // than there is.
    Height first = head.next();
    view.scan(env::Column::undo, {}, [&](ByteView key, ByteView) {
        first = Height(keys::read_big_endian(key));
        return false;
    });
    return first;
}

void erase_undo(const env::StateView& view, Height height, env::Batch& batch) {
    const std::vector<Bytes> keys = records_of(view, height);
    if (keys.empty()) return;
    for (const Bytes& key : keys) batch.push_back({env::Column::undo, key, std::nullopt});
    batch.push_back({env::Column::undo, record_key(height, index_shard), std::nullopt});
}

void restore_before(const env::StateView& view, Height height, env::Batch& batch) {
    for (const Bytes& key : records_of(view, height)) {
        const auto record = view.get(env::Column::undo, key);
        CHECK(record.has_value(), "an index names the records that are there");
        each_change(*record, [&](env::Column column, ByteView its_key, const auto& old) {
            batch.push_back({column, to_bytes(its_key), copy_of(old)});
            return true;
        });
    }
    erase_undo(view, height, batch);
}

std::shared_ptr<const env::StateView> flat_state_at(std::shared_ptr<const env::StateView> view,
                                                    Height height, Height head) {
    if (height >= head) return view;
    auto then = std::make_shared<FlatStateAt>(view);
    for (Height later = height.next(); later <= head; ++later) {
        for (const Bytes& key : records_of(*view, later)) {
            const auto record = view->get(env::Column::undo, key);
            CHECK(record.has_value(), "an index names the records that are there");
            then->take(*record);
        }
    }
    return then;
}

std::optional<Bytes> get_at(const env::StateView& view, env::Column column, ByteView key,
                            Height height, Height head) {
    // The first block after `height` that overwrote the key kept what it found.
    const auto shard = static_cast<uint8_t>(shard_of(column, key));
    for (Height later = height.next(); later <= head; ++later) {
        const auto record = view.get(env::Column::undo, record_key(later, shard));
        if (!record) continue;
        if (auto old = find_in(*record, column, key)) return std::move(*old);
    }
    return view.get(column, key);
}

}  // namespace holdfast::ledger
