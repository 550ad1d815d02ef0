// The state store on RocksDB. Ten columns share one log, so a batch is all or nothing also across
// them.
//
// Durability: a write reaches the kernel before it returns (kill -9 loses nothing) but is not
// synced; what a power failure takes off the end is executed again from the journal. flush() syncs
// the log, which is enough: the log holds everything the tables do not. It then notes the sequence
// number that is safe in a file beside the store.
//
// Recovery mode: point in time. The log's unsynced end may come back from a power failure with any
// page missing, so the strict modes would refuse ordinary crashes; this one stops at the first bad
// record, whatever its cause. [WAL-Recovery-Modes] Whether that cut off anything durable is told
// by the note above: a store that comes back shorter is reported as damaged, never used.
#include "storage/rocks_store.h"

#include <mutex>

#include <fmt/format.h>
#include <rocksdb/cache.h>
#include <rocksdb/convenience.h>
#include <rocksdb/db.h>
#include <rocksdb/experimental.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/listener.h>
#include <rocksdb/table.h>

#include "base/check.h"
#include "base/codec.h"

namespace holdfast::storage {
namespace {

using env::Batch;
using env::Column;

constexpr std::string_view column_names[] = {"meta",      "blocks", "hashes", "certificates",
                                             "accounts",  "slots",  "code",   "account_trie",
                                             "slot_trie", "undo"};
static_assert(std::size(column_names) == env::column_count);

constexpr std::string_view flushed_name = "FLUSHED";
constexpr size_t flushed_bytes_max = 64;
constexpr std::string_view resync =
    "move the folder aside and run `holdfast init --rejoin`: the state comes back from the peers";

rocksdb::Slice slice(ByteView bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
ByteView view(const rocksdb::Slice& bytes) {
    return view_of(std::string_view(bytes.data(), bytes.size()));
}

[[noreturn]] void machine_failed(std::string_view step, const std::string& path,
                                 const rocksdb::Status& status) {
    const std::string_view remedy =
        status.IsNoSpace()      ? "free space and restart; nothing acknowledged is lost"
        : status.IsCorruption() ? resync
                                : "check the disk and the kernel's log, then restart; nothing "
                                  "acknowledged is lost";
    fatal(fmt::format(
        "store: cannot {} {}: {}; the node stops, since a store that failed once cannot "
        "be trusted; {}",
        step, path, status.ToString(), remedy));
}

/// Flushes and compactions run on threads of RocksDB's own; their failures must be as loud as ours.
class LoudListener final : public rocksdb::EventListener {
  public:
    explicit LoudListener(std::string path) : path_(std::move(path)) {}
    void OnBackgroundError(rocksdb::BackgroundErrorReason, rocksdb::Status* status) override {
        machine_failed("write in the background to", path_, *status);
    }

  private:
    std::string path_;
};

/// The database and its columns; shared with snapshots, which may outlive the store object.
class Database {
  public:
    Database(std::string path, std::unique_ptr<rocksdb::DB> db,
             std::vector<rocksdb::ColumnFamilyHandle*> columns)
        : path_(std::move(path)), db_(std::move(db)), columns_(std::move(columns)) {}
    ~Database() {
        for (auto* column : columns_) db_->DestroyColumnFamilyHandle(column);
        db_->Close().PermitUncheckedError();
    }
    Database(const Database&) = delete;
    Database& operator=(const Database&) = delete;

    [[nodiscard]] rocksdb::DB& db() const { return *db_; }
    [[nodiscard]] rocksdb::ColumnFamilyHandle* column(Column which) const {
        return columns_[static_cast<size_t>(which)];
    }
    [[nodiscard]] const std::string& path() const { return path_; }

    [[nodiscard]] std::optional<Bytes> get(const rocksdb::Snapshot* at, Column which,
                                           ByteView key) const {
        rocksdb::ReadOptions options;
        options.snapshot = at;
        rocksdb::PinnableSlice value;
        const auto status = db_->Get(options, column(which), slice(key), &value);
        if (status.IsNotFound()) return std::nullopt;
        if (!status.ok()) machine_failed("read from", path_, status);
        return to_bytes(view(value));
    }

    void scan(const rocksdb::Snapshot* at, Column which, ByteView from,
              const std::function<bool(ByteView, ByteView)>& visit) const {
        rocksdb::ReadOptions options;
        options.snapshot = at;
        // One long scan (a snapshot being served) must not push the working set out of the cache.
        options.fill_cache = false;
        const std::unique_ptr<rocksdb::Iterator> cursor(db_->NewIterator(options, column(which)));
        for (cursor->Seek(slice(from)); cursor->Valid(); cursor->Next())
            if (!visit(view(cursor->key()), view(cursor->value()))) return;
        if (!cursor->status().ok()) machine_failed("read from", path_, cursor->status());
    }

    /// Guards the number of snapshots, and with it the choice in erase_range.
    std::mutex mutex;
    size_t snapshots = 0;

  private:
    std::string path_;
    std::unique_ptr<rocksdb::DB> db_;
    std::vector<rocksdb::ColumnFamilyHandle*> columns_;
};

class RocksSnapshot final : public env::StateView {
  public:
    explicit RocksSnapshot(std::shared_ptr<Database> database) : database_(std::move(database)) {
        const std::lock_guard lock(database_->mutex);
        snapshot_ = database_->db().GetSnapshot();
        ++database_->snapshots;
    }
    ~RocksSnapshot() override {
        const std::lock_guard lock(database_->mutex);
        database_->db().ReleaseSnapshot(snapshot_);
        --database_->snapshots;
    }
    RocksSnapshot(const RocksSnapshot&) = delete;
    RocksSnapshot& operator=(const RocksSnapshot&) = delete;

    [[nodiscard]] std::optional<Bytes> get(Column column, ByteView key) const override {
        return database_->get(snapshot_, column, key);
    }
    void scan(Column column, ByteView from,
              const std::function<bool(ByteView, ByteView)>& visit) const override {
        database_->scan(snapshot_, column, from, visit);
    }

  private:
    std::shared_ptr<Database> database_;
    const rocksdb::Snapshot* snapshot_ = nullptr;
};

Status note_flushed(const std::filesystem::path& folder, uint64_t sequence) {
    Writer writer;
    writer.u64(sequence);
    writer.u64(~sequence);
    return write_file(folder / flushed_name, writer.take(), 0600);
}

Result<uint64_t> read_flushed(const std::filesystem::path& folder) {
    auto bytes = read_file(folder / flushed_name, flushed_bytes_max);
    if (!bytes) return std::unexpected(bytes.error());
    Reader in(*bytes);
    const uint64_t sequence = in.u64();
    const uint64_t inverse = in.u64();
    if (!in.finish() || inverse != ~sequence)
        return fail(errc::damaged, fmt::format("{}: unreadable", (folder / flushed_name).native()));
    return sequence;
}

class RocksStore final : public env::StateStore {
  public:
    RocksStore(std::filesystem::path folder, std::shared_ptr<Database> database)
        : folder_(std::move(folder)), database_(std::move(database)) {}

    [[nodiscard]] std::optional<Bytes> get(Column column, ByteView key) const override {
        return database_->get(nullptr, column, key);
    }
    void scan(Column column, ByteView from,
              const std::function<bool(ByteView, ByteView)>& visit) const override {
        database_->scan(nullptr, column, from, visit);
    }

    void write(const Batch& batch) override {
        rocksdb::WriteBatch writes;
        for (const auto& item : batch) {
            auto* column = database_->column(item.column);
            const auto status = item.value ? writes.Put(column, slice(item.key), slice(*item.value))
                                           : writes.Delete(column, slice(item.key));
            if (!status.ok()) machine_failed("prepare a write to", database_->path(), status);
        }
        write(writes);
    }

    void flush() override {
        const uint64_t sequence = database_->db().GetLatestSequenceNumber();
        sync_log();
        const std::lock_guard lock(flushed_mutex_);
        if (sequence <= flushed_) return;
        if (auto noted = note_flushed(folder_, sequence); !noted)
            fatal(
                fmt::format("store: {}; the node stops, since it cannot tell what is durable; free "
                            "space or check the disk, then restart; nothing acknowledged is lost",
                            describe(noted.error())));
        flushed_ = sequence;
    }

    void erase_range(Column column, ByteView from, ByteView to) override {
        if (!std::ranges::lexicographical_compare(from, to)) return;
        auto* family = database_->column(column);
        const rocksdb::Slice begin = slice(from);
        const rocksdb::Slice end = slice(to);
        rocksdb::WriteBatch writes;
        if (const auto status = writes.DeleteRange(family, begin, end); !status.ok())
            machine_failed("prepare a write to", database_->path(), status);
        write(writes);
        // Files go at once, whatever becomes of the log: so first what was written before, such as
        // the caller's own note of what it erases, must be as durable as their absence.
        sync_log();
        {
            // Whole files are dropped even from under a snapshot, so only when none is held.
            const std::lock_guard lock(database_->mutex);
            if (database_->snapshots == 0) {
                const auto status =
                    rocksdb::DeleteFilesInRange(&database_->db(), family, &begin, &end, false);
                if (!status.ok()) machine_failed("erase from", database_->path(), status);
            }
        }
        // A hint: the rest goes when the compaction threads come by.
        rocksdb::experimental::SuggestCompactRange(&database_->db(), family, &begin, &end)
            .PermitUncheckedError();
    }

    [[nodiscard]] std::shared_ptr<const env::StateView> snapshot() const override {
        return std::make_shared<RocksSnapshot>(database_);
    }

  private:
    void write(rocksdb::WriteBatch& writes) {
        const auto status = database_->db().Write(rocksdb::WriteOptions(), &writes);
        if (!status.ok()) machine_failed("write to", database_->path(), status);
    }
    void sync_log() {
        const auto status = database_->db().FlushWAL(true);
        if (!status.ok()) machine_failed("sync", database_->path(), status);
    }

    std::filesystem::path folder_;
    std::shared_ptr<Database> database_;
    std::mutex flushed_mutex_;
    uint64_t flushed_ = 0;
};

rocksdb::Options options_for(const std::filesystem::path& folder, const RocksOptions& wanted) {
    rocksdb::Options options;
    options.create_if_missing = wanted.create;
    options.create_missing_column_families = wanted.create;
    options.paranoid_checks = true;
    options.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
    // A whole log file gone missing is noticed too.
    options.track_and_verify_wals_in_manifest = true;
    options.db_write_buffer_size = wanted.write_buffer_bytes;
    options.write_buffer_size = wanted.write_buffer_bytes;
    // A column that is seldom written must not keep old logs alive for ever.
    options.max_total_wal_size = 4 * wanted.write_buffer_bytes;
    options.max_background_jobs = 2;
    // No memtable_insert_with_hint_prefix_extractor: its hints are shared between a memtable's keys
    // and its range deletions, so the second erase_range would corrupt the list that they are kept
    // in.
    options.max_open_files = 512;
    options.level_compaction_dynamic_level_bytes = true;
    options.max_bgerror_resume_count = 0;
    options.listeners.push_back(std::make_shared<LoudListener>(folder.native()));
    // RocksDB's own diary.
    options.info_log_level = rocksdb::InfoLogLevel::WARN_LEVEL;
    options.max_log_file_size = 4 << 20;
    options.keep_log_file_num = 2;
    options.stats_dump_period_sec = 0;
    options.stats_persist_period_sec = 0;
    const auto compressions = rocksdb::GetSupportedCompressions();
    const bool has_lz4 =
        std::ranges::find(compressions, rocksdb::kLZ4Compression) != compressions.end();
    options.compression = has_lz4 ? rocksdb::kLZ4Compression : rocksdb::kNoCompression;

    rocksdb::BlockBasedTableOptions table;
    table.block_cache = rocksdb::NewLRUCache(wanted.cache_bytes);
    // Most reads are of hashed keys, many of them absent: the filter saves the disk.
    table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
    table.cache_index_and_filter_blocks = true;
    table.pin_l0_filter_and_index_blocks_in_cache = true;
    table.format_version = 5;
    options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
    return options;
}

Error open_error(const std::string& path, const rocksdb::Status& status) {
    const std::string text = status.ToString();
    if (status.IsIOError() && text.find("lock") != std::string::npos)
        return {errc::in_use,
                fmt::format("store {}: another process has it open; stop that one first "
                            "({})",
                            path, text)};
    if (status.IsCorruption())
        return {errc::damaged, fmt::format("store {}: {}; {}", path, text, resync)};
    return {errc::cannot_open,
            fmt::format("store {}: {}; `holdfast init` makes a new one; if this one was lost, {}",
                        path, text, resync)};
}

/// Is everything here that a flush once promised?
Status check_whole(const std::filesystem::path& folder, const Database& database) {
    const auto flushed = read_flushed(folder);
    if (!flushed)
        return fail(errc::damaged, fmt::format("store: {}; what it should hold cannot be told; {}",
                                               describe(flushed.error()), resync));
    const uint64_t found = database.db().GetLatestSequenceNumber();
    if (found < *flushed)
        return fail(errc::damaged,
                    fmt::format("store {}: it ends at write {}, but {} were on stable storage; {}",
                                folder.native(), found, *flushed, resync));
    return {};
}

}  // namespace

Result<std::unique_ptr<env::StateStore>> open_rocks_store(const std::filesystem::path& folder,
                                                          const RocksOptions& wanted) {
    const auto options = options_for(folder, wanted);
    std::vector<rocksdb::ColumnFamilyDescriptor> columns;
    for (const auto name : column_names) {
        // RocksDB insists on a column of its own called "default": it is our `meta`.
        const bool first = columns.empty();
        columns.emplace_back(first ? rocksdb::kDefaultColumnFamilyName : std::string(name),
                             options);
    }
    std::vector<rocksdb::ColumnFamilyHandle*> handles;
    rocksdb::DB* raw = nullptr;
    const auto status =
        wanted.read_only
            ? rocksdb::DB::OpenForReadOnly(options, folder.native(), columns, &handles, &raw)
            : rocksdb::DB::Open(options, folder.native(), columns, &handles, &raw);
    if (!status.ok()) return std::unexpected(open_error(folder.native(), status));
    auto database = std::make_shared<Database>(folder.native(), std::unique_ptr<rocksdb::DB>(raw),
                                               std::move(handles));
    if (wanted.create && !std::filesystem::exists(folder / flushed_name))
        if (auto noted = note_flushed(folder, 0); !noted) return std::unexpected(noted.error());
    if (auto whole = check_whole(folder, *database); !whole) return std::unexpected(whole.error());
    return std::make_unique<RocksStore>(folder, std::move(database));
}

}  // namespace holdfast::storage
