// Two layers of versioned entries over a store: one that grows, one that is being written through.
#include "storage/buffered_store.h"

#include <array>
#include <condition_variable>
#include <map>
#include <mutex>
#include <shared_mutex>
#include <thread>

#include <pthread.h>

namespace holdfast::storage {
namespace {

using env::Batch;
using env::Column;
using Visit = std::function<bool(ByteView, ByteView)>;

/// About what the containers take for one entry.
constexpr size_t entry_cost_bytes = 128;

struct Found {
    Bytes key;
    std::optional<Bytes> value;  ///< null: deleted
};

/// The writes of a while, every version of them: a view reads those up to its own moment.
class Layer {
  public:
    void put(uint64_t sequence, const Batch& batch) {
        const std::unique_lock lock(mutex_);
        for (const auto& item : batch) {
            auto& entries = columns_[static_cast<size_t>(item.column)];
            auto place = entries.find(ByteView(item.key));
            if (place == entries.end()) place = entries.emplace(item.key, nullptr).first;
            auto version = std::make_unique<Version>();
            version->sequence = sequence;
            version->value = item.value;
            version->older = std::move(place->second);
            place->second = std::move(version);
            bytes_ += entry_cost_bytes + item.key.size() + (item.value ? item.value->size() : 0);
        }
    }

    /// Null if nothing was written up to then.
    [[nodiscard]] std::optional<std::optional<Bytes>> find(Column column, ByteView key,
                                                           uint64_t at) const {
        const std::shared_lock lock(mutex_);
        const auto& entries = of(column);
        const auto place = entries.find(key);
        const Version* version = place == entries.end() ? nullptr : upto(place->second, at);
        if (version == nullptr) return std::nullopt;
        return version->value;
    }

    /// The first entry at or, if asked, after `key`.
    [[nodiscard]] std::optional<Found> next(Column column, ByteView key, bool after,
                                            uint64_t at) const {
        const std::shared_lock lock(mutex_);
        const auto& entries = of(column);
        auto place = after ? entries.upper_bound(key) : entries.lower_bound(key);
        for (; place != entries.end(); ++place)
            if (const Version* version = upto(place->second, at))
                return Found{place->first, version->value};
        return std::nullopt;
    }

    /// The last version of everything, for the store below.
    [[nodiscard]] Batch newest() const {
        const std::shared_lock lock(mutex_);
        Batch batch;
        for (size_t column = 0; column < columns_.size(); ++column)
            for (const auto& [key, version] : columns_[column])
                batch.push_back({static_cast<Column>(column), key, version->value});
        return batch;
    }
    [[nodiscard]] size_t bytes() const {
        const std::shared_lock lock(mutex_);
        return bytes_;
    }

  private:
    struct Version {
        uint64_t sequence = 0;
        std::optional<Bytes> value;
        std::unique_ptr<Version> older;

        Version() = default;
        Version(const Version&) = delete;
        Version& operator=(const Version&) = delete;
        ~Version() {
            // One by one: a key written by every block has thousands of them.
            while (older) older = std::move(older->older);
        }
    };
    using Entries = std::map<Bytes, std::unique_ptr<Version>, ByteOrder>;

    [[nodiscard]] const Entries& of(Column column) const {
        return columns_[static_cast<size_t>(column)];
    }
    static const Version* upto(const std::unique_ptr<Version>& newest, uint64_t at) {
        const Version* version = newest.get();
        while (version != nullptr && version->sequence > at) version = version->older.get();
        return version;
    }

    mutable std::shared_mutex mutex_;
    std::array<Entries, env::column_count> columns_;
    size_t bytes_ = 0;
};

/// One moment: what the layers held then, over what was below them.
struct Moment final : env::StateView {
    std::shared_ptr<const Layer> growing, leaving;  ///< the latter may be null
    std::shared_ptr<const env::StateView> below;
    uint64_t at = 0;

    [[nodiscard]] std::optional<Bytes> get(Column column, ByteView key) const override {
        for (const Layer* layer : {growing.get(), leaving.get()})
            if (layer != nullptr)
                if (auto found = layer->find(column, key, at)) return std::move(*found);
        return below->get(column, key);
    }

    void scan(Column column, ByteView from, const Visit& visit) const override {
        auto ahead = next(column, from, false);
        bool wanted = true;
        // Everything of ours before this key, or everything if there is none.
        const auto catch_up = [&](const ByteView* key) {
            while (wanted && ahead && (key == nullptr || ByteOrder()(ahead->key, *key))) {
                if (ahead->value) wanted = visit(ahead->key, *ahead->value);
                ahead = next(column, ahead->key, true);
            }
            return wanted;
        };
        below->scan(column, from, [&](ByteView key, ByteView value) {
            if (!catch_up(&key)) return false;
            // What we have under this key is newer.
            if (ahead && equal(ahead->key, key)) return true;
            return wanted = visit(key, value);
        });
        catch_up(nullptr);
    }

  private:
    [[nodiscard]] std::optional<Found> next(Column column, ByteView key, bool after) const {
        auto found = growing->next(column, key, after, at);
        auto older = leaving ? leaving->next(column, key, after, at) : std::nullopt;
        if (older && (!found || ByteOrder()(older->key, found->key))) return older;
        return found;
    }
};

class BufferedStore final : public env::StateStore {
  public:
    BufferedStore(std::unique_ptr<env::StateStore> below, size_t bytes_max)
        : below_(std::move(below)), bytes_max_(bytes_max), thread_([this] { write_through(); }) {
        now_.growing = growing_ = std::make_shared<Layer>();
        now_.below = below_->snapshot();
        ::pthread_setname_np(thread_.native_handle(), "store");
    }
    ~BufferedStore() override {
        hand_over();
        {
            std::unique_lock lock(mutex_);
            await_written(lock);
            stopping_ = true;
        }
        changed_.notify_all();
        thread_.join();
    }
    BufferedStore(const BufferedStore&) = delete;
    BufferedStore& operator=(const BufferedStore&) = delete;

    [[nodiscard]] std::optional<Bytes> get(Column column, ByteView key) const override {
        return moment()->get(column, key);
    }
    void scan(Column column, ByteView from, const Visit& visit) const override {
        moment()->scan(column, from, visit);
    }
    [[nodiscard]] std::shared_ptr<const env::StateView> snapshot() const override {
        return moment();
    }

    void write(const Batch& batch) override {
        const std::lock_guard writer(write_mutex_);
        growing_->put(now_.at + 1, batch);
        std::unique_lock lock(mutex_);
        ++now_.at;
        if (growing_->bytes() >= bytes_max_) hand_over(lock);
    }

    void flush() override {
        hand_over();
        {
            std::unique_lock lock(mutex_);
            await_written(lock);
        }
        below_->flush();
    }

    void erase_range(Column column, ByteView from, ByteView to) override {
        const std::lock_guard writer(write_mutex_);
        std::unique_lock lock(mutex_);
        hand_over(lock);
        await_written(lock);
        lock.unlock();
        below_->erase_range(column, from, to);
        lock.lock();
        now_.below = below_->snapshot();
    }

  private:
    using Lock = std::unique_lock<std::mutex>;

    [[nodiscard]] std::shared_ptr<const Moment> moment() const {
        const std::lock_guard lock(mutex_);
        return std::make_shared<const Moment>(now_);
    }

    void hand_over() {
        const std::lock_guard writer(write_mutex_);
        Lock lock(mutex_);
        hand_over(lock);
    }
    /// Gives what has grown to the other thread, and begins anew. With `write_mutex_` held.
    void hand_over(Lock& lock) {
        await_written(lock);
        if (growing_->bytes() == 0) return;
        now_.leaving = std::move(now_.growing);
        now_.growing = growing_ = std::make_shared<Layer>();
        lock.unlock();
        changed_.notify_all();
        lock.lock();
    }
    void await_written(Lock& lock) {
        changed_.wait(lock, [this] { return now_.leaving == nullptr; });
    }

    void write_through() {
        Lock lock(mutex_);
        for (;;) {
            changed_.wait(lock, [this] { return stopping_ || now_.leaving != nullptr; });
            if (now_.leaving == nullptr) return;
            const auto layer = now_.leaving;
            lock.unlock();
            below_->write(layer->newest());
            auto below = below_->snapshot();
            lock.lock();
            now_.below = std::move(below);
            now_.leaving.reset();
            changed_.notify_all();
        }
    }

    const std::unique_ptr<env::StateStore> below_;
    const size_t bytes_max_;
    std::mutex write_mutex_;          ///< one writer at a time; taken before the other
    std::shared_ptr<Layer> growing_;  ///< the writer's own hand on it
    mutable std::mutex mutex_;        ///< guards what follows
    std::condition_variable changed_;
    Moment now_;
    bool stopping_ = false;
    std::thread thread_;
};

}  // namespace

std::unique_ptr<env::StateStore> buffer_store(std::unique_ptr<env::StateStore> below,
                                              size_t bytes_max) {
    return std::make_unique<BufferedStore>(std::move(below), bytes_max);
}

}  // namespace holdfast::storage
