// The journal's files on a POSIX file system. Every write or sync error ends the process: after a
// failed fsync the page cache lies, so nothing is retried. [Rebello ATC'20]
//
// Optimization: room is made ahead of the appends with real zeros. A sync of bytes that overwrite
// others changes no metadata, so it costs about half of one that grows the file; fallocate's
// unwritten extents give half of that gain only, as their conversion is metadata too.
#include <algorithm>
#include <charconv>
#include <map>

#include <fmt/format.h>
#include <sys/stat.h>

#include "base/check.h"
#include "storage/files.h"
#include "storage/posix.h"

namespace holdfast::storage {
namespace {

constexpr uint64_t room_bytes = 4 << 20;
/// A larger append pays for its own growth; zeros under it would only be written twice.
constexpr uint64_t small_append_bytes = 256 << 10;
constexpr size_t mark_page_bytes = 4096;
constexpr size_t mark_bytes_max = 64 << 10;
constexpr std::string_view suffix = ".journal";
constexpr int quarantines_max = 1'000'000;

[[noreturn]] void machine_failed(std::string_view step, const std::filesystem::path& path) {
    const int reason = errno;
    const std::string_view remedy =
        reason == ENOSPC || reason == EDQUOT
            ? "free space and restart; nothing acknowledged is lost"
            : "check the disk and the kernel's log, then restart: the journal is checked at the "
              "start; nothing acknowledged is lost while a quorum of the members is whole";
    fatal(fmt::format(
        "journal: cannot {} {}: {}; the node stops, since it cannot keep its promises; {}", step,
        path.native(), errno_text(reason), remedy));
}

class JournalFolder final : public env::ByteDevice {
  public:
    explicit JournalFolder(std::filesystem::path folder) : folder_(std::move(folder)) {}

    [[nodiscard]] std::vector<uint64_t> list() const override {
        std::vector<uint64_t> numbers;
        std::error_code error;
        for (std::filesystem::directory_iterator at(folder_, error), end; !error && at != end;
             at.increment(error))
            if (const auto number = number_of(at->path().filename().native()))
                numbers.push_back(*number);
        if (error) {
            errno = error.value();
            machine_failed("list", folder_);
        }
        std::ranges::sort(numbers);
        return numbers;
    }

    [[nodiscard]] Bytes read(uint64_t file) const override { return read_all(path_of(file)); }

    void append(uint64_t file, ByteView bytes) override {
        Open& open = handle(file);
        make_room(open, file, bytes.size());
        if (!write_all(open.file.fd(), bytes, open.end)) machine_failed("write to", path_of(file));
        open.end += bytes.size();
        open.size = std::max(open.size, open.end);
    }

    void sync(uint64_t file) override {
        const Open& open = handle(file);
        if (mark_.file) {
            // The mark was written after the last group. Its page overwrites one long allocated, so
            // writing it out changes no metadata, and the flush that ends the fdatasync below
            // covers it. Where the file system copies on write this promises less: there a power
            // failure may find an older mark.
            if (::sync_file_range(mark_.file.fd(), 0, 0,
                                  SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE |
                                      SYNC_FILE_RANGE_WAIT_AFTER) != 0 &&
                errno != ENOSYS && errno != EINVAL)
                machine_failed("write out", mark_path());
        }
        if (::fdatasync(open.file.fd()) != 0) machine_failed("sync", path_of(file));
    }

    void truncate(uint64_t file, uint64_t size_bytes) override {
        Open& open = handle(file);
        if (::ftruncate(open.file.fd(), static_cast<off_t>(size_bytes)) != 0 ||
            ::fsync(open.file.fd()) != 0)
            machine_failed("truncate", path_of(file));
        open.size = open.end = size_bytes;
    }

    void remove(uint64_t file) override {
        files_.erase(file);
        if (::unlink(path_of(file).c_str()) != 0 && errno != ENOENT)
            machine_failed("remove", path_of(file));
        sync_names(folder_);
    }

    void quarantine() override {
        files_.clear();
        mark_ = {};
        const auto corner = make_corner();
        // The mark goes first: should we die halfway, what is left counts as damaged, not as whole.
        if (std::filesystem::exists(mark_path())) move(mark_path(), corner / "mark");
        sync_names(folder_);
        for (const uint64_t file : list()) move(path_of(file), corner / name_of(file));
        sync_names(corner);
        sync_names(folder_);
    }

    [[nodiscard]] Bytes read_mark() const override { return read_all(mark_path()); }

    void write_mark(ByteView bytes) override {
        CHECK(bytes.size() <= mark_bytes_max, "a mark is small");
        const bool changed_size = open_mark() || mark_.bytes.size() != bytes.size();
        if (changed_size && ::ftruncate(mark_.file.fd(), static_cast<off_t>(bytes.size())) != 0)
            machine_failed("resize", mark_path());
        mark_.bytes.resize(bytes.size());
        // Only pages that differ: a page not written cannot be torn.
        for (size_t at = 0; at < bytes.size(); at += mark_page_bytes) {
            const size_t size = std::min(mark_page_bytes, bytes.size() - at);
            const ByteView page = bytes.subspan(at, size);
            if (!changed_size && equal(page, ByteView(mark_.bytes).subspan(at, size))) continue;
            if (!write_all(mark_.file.fd(), page, at)) machine_failed("write to", mark_path());
            std::ranges::copy(page, mark_.bytes.begin() + static_cast<ptrdiff_t>(at));
        }
        if (changed_size) {
            if (::fsync(mark_.file.fd()) != 0) machine_failed("sync", mark_path());
            sync_names(folder_);
        } else {
            ::sync_file_range(mark_.file.fd(), 0, 0, SYNC_FILE_RANGE_WRITE);
        }
    }

  private:
    struct Open {
        FileHandle file;
        uint64_t end = 0;   ///< where the next append goes
        uint64_t size = 0;  ///< of the file, room included
    };
    struct OpenMark {
        FileHandle file;
        Bytes bytes;  ///< as last written or found
    };

    static std::optional<uint64_t> number_of(std::string_view name) {
        if (!name.ends_with(suffix)) return std::nullopt;
        name.remove_suffix(suffix.size());
        uint64_t number = 0;
        const auto [end, error] = std::from_chars(name.begin(), name.end(), number);
        if (error != std::errc{} || end != name.end() || name != fmt::format("{:08}", number))
            return std::nullopt;
        return number;
    }
    static std::string name_of(uint64_t file) { return fmt::format("{:08}{}", file, suffix); }
    [[nodiscard]] std::filesystem::path path_of(uint64_t file) const {
        return folder_ / name_of(file);
    }
    [[nodiscard]] std::filesystem::path mark_path() const { return folder_ / "mark"; }

    static void sync_names(const std::filesystem::path& folder) {
        if (!sync_folder(folder)) machine_failed("sync the folder", folder);
    }

    static void move(const std::filesystem::path& from, const std::filesystem::path& to) {
        if (::rename(from.c_str(), to.c_str()) != 0) machine_failed("set aside", from);
    }

    [[nodiscard]] std::filesystem::path make_corner() const {
        for (int i = 1; i < quarantines_max; ++i) {
            auto corner = folder_ / fmt::format("quarantine-{}", i);
            if (::mkdir(corner.c_str(), 0700) == 0) return corner;
            if (errno != EEXIST) machine_failed("make", corner);
        }
        machine_failed("find a free name for a quarantine in", folder_);
    }

    /// What the disk holds, not what memory believes: after a failed sync, pages that never reached
    /// the disk may still be cached, marked clean. So they are dropped first, where the system
    /// allows.
    static Bytes read_all(const std::filesystem::path& path) {
        const FileHandle file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
        // A file that the disk cannot even open reads as empty, which recovery judges; any other
        // refusal (rights, handles) says nothing about the disk, and must not look like a loss.
        if (!file && (errno == ENOENT || errno == EIO)) return {};
        if (!file) machine_failed("open", path);
        if (::fdatasync(file.fd()) != 0) machine_failed("sync", path);
        ::posix_fadvise(file.fd(), 0, 0, POSIX_FADV_DONTNEED);
        struct stat about{};
        if (::fstat(file.fd(), &about) != 0) machine_failed("look at", path);
        Bytes bytes(static_cast<size_t>(about.st_size));
        size_t at = 0;
        while (at < bytes.size()) {
            const ssize_t got = retry([&] {
                return ::pread(file.fd(), bytes.data() + at, bytes.size() - at,
                               static_cast<off_t>(at));
            });
            if (got <= 0) break;
            at += static_cast<size_t>(got);
        }
        bytes.resize(at);
        return bytes;
    }

    Open& handle(uint64_t file) {
        const auto at = files_.find(file);
        if (at != files_.end()) return at->second;
        // Only the newest file is written to, so no others need stay open.
        files_.clear();
        const auto path = path_of(file);
        const bool is_new = ::access(path.c_str(), F_OK) != 0;
        Open open{.file = FileHandle(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600))};
        if (!open.file) machine_failed("open", path);
        struct stat about{};
        if (::fstat(open.file.fd(), &about) != 0) machine_failed("look at", path);
        open.end = open.size = static_cast<uint64_t>(about.st_size);
        if (is_new) sync_names(folder_);
        return files_.emplace(file, std::move(open)).first->second;
    }

    static void make_room(Open& open, const std::filesystem::path& path, uint64_t more) {
        if (open.end + more <= open.size || more > small_append_bytes) return;
        // Behind the bytes about to be written, which need no zeros first. A torn write in here
        // leaves zeros, or nothing: both mean that no record follows.
        static const Bytes zeros(room_bytes, 0);
        const uint64_t from = std::max(open.size, open.end + more);
        if (!write_all(open.file.fd(), zeros, from)) machine_failed("write to", path);
        open.size = from + room_bytes;
    }
    void make_room(Open& open, uint64_t file, uint64_t more) const {
        make_room(open, path_of(file), more);
    }

    /// True if the file had to be made.
    bool open_mark() {
        if (mark_.file) return false;
        const auto path = mark_path();
        const bool is_new = ::access(path.c_str(), F_OK) != 0;
        if (!is_new) mark_.bytes = read_all(path);
        mark_.file = FileHandle(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
        if (!mark_.file) machine_failed("open", path);
        return is_new;
    }

    std::filesystem::path folder_;
    std::map<uint64_t, Open> files_;
    OpenMark mark_;
};

}  // namespace

Result<std::unique_ptr<env::ByteDevice>> open_journal_folder(const std::filesystem::path& folder) {
    const FileHandle handle(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!handle)
        return fail(
            errc::cannot_open,
            fmt::format("journal folder {}: {}; `holdfast init` makes it, or, if its disk was "
                        "lost, `holdfast init --rejoin`",
                        folder.native(), errno_text()));
    if (::access(folder.c_str(), R_OK | W_OK | X_OK) != 0)
        return fail(errc::cannot_open,
                    fmt::format("journal folder {}: {}; the node's user must own it",
                                folder.native(), errno_text()));
    return std::make_unique<JournalFolder>(folder);
}

}  // namespace holdfast::storage
