// Folder locks and whole-file helpers.
#include "storage/files.h"

#include <atomic>
#include <utility>

#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "storage/posix.h"

namespace holdfast::storage {

Result<FolderLock> FolderLock::take(const std::filesystem::path& folder) {
    const auto path = folder / "LOCK";
    // Not removed afterwards: whoever opened it in between would hold a lock on a nameless file.
    const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return fail(errc::cannot_open,
                    fmt::format("{}: {}; does the folder exist, and may this user "
                                "write to it?",
                                path.native(), errno_text()));
    if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
        const int reason = errno;
        ::close(fd);
        if (reason == EWOULDBLOCK)
            return fail(
                errc::in_use,
                fmt::format("{}: another process works in this folder; stop it, or give this "
                            "node a folder of its own",
                            path.native()));
        return fail(errc::cannot_open, fmt::format("{}: {}", path.native(), errno_text(reason)));
    }
    return FolderLock(fd);
}

FolderLock::FolderLock(FolderLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

FolderLock& FolderLock::operator=(FolderLock&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
}

FolderLock::~FolderLock() {
    if (fd_ >= 0) ::close(fd_);
}

Result<Bytes> read_file(const std::filesystem::path& path, size_t bytes_max) {
    const FileHandle file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file) return fail(errc::cannot_read, fmt::format("{}: {}", path.native(), errno_text()));
    struct stat about{};
    if (::fstat(file.fd(), &about) != 0)
        return fail(errc::cannot_read, fmt::format("{}: {}", path.native(), errno_text()));
    if (!S_ISREG(about.st_mode) && !S_ISFIFO(about.st_mode) && !S_ISCHR(about.st_mode))
        return fail(errc::cannot_read, fmt::format("{}: not a file", path.native()));
    // The size that stat tells may be zero (pipes, /proc) or change meanwhile: read to the end.
    Bytes bytes;
    std::array<uint8_t, 65536> chunk{};
    for (;;) {
        const ssize_t got = retry([&] { return ::read(file.fd(), chunk.data(), chunk.size()); });
        if (got < 0)
            return fail(errc::cannot_read, fmt::format("{}: {}", path.native(), errno_text()));
        if (got == 0) return bytes;
        if (bytes.size() + static_cast<size_t>(got) > bytes_max)
            return fail(errc::cannot_read,
                        fmt::format("{}: larger than {} bytes", path.native(), bytes_max));
        append(bytes, ByteView(chunk).first(static_cast<size_t>(got)));
    }
}

Status write_file(const std::filesystem::path& path, ByteView bytes, unsigned mode) {
    // A name of its own, so that two writers of one file do not mix; the last rename wins.
    static std::atomic<unsigned> counter{0};
    auto temporary = path;
    temporary += fmt::format(".{}.{}.new", ::getpid(), counter.fetch_add(1));
    const auto refuse = [&](std::string_view step) {
        auto text = fmt::format("{}: {}: {}", path.native(), step, errno_text());
        ::unlink(temporary.c_str());
        return fail(errc::cannot_write, std::move(text));
    };
    {
        // 0600 until the contents are there: a key must not be readable for a moment.
        const FileHandle file(
            ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
        if (!file) return refuse("create");
        if (!write_all(file.fd(), bytes, 0)) return refuse("write");
        // Unlike open's, fchmod's mode is not narrowed by the umask.
        if (::fchmod(file.fd(), static_cast<mode_t>(mode)) != 0) return refuse("set the mode");
        if (::fsync(file.fd()) != 0) return refuse("sync");
    }
    if (::rename(temporary.c_str(), path.c_str()) != 0) return refuse("rename");
    auto folder = path.parent_path();
    if (folder.empty()) folder = ".";
    if (!sync_folder(folder)) return refuse("sync the folder");
    return {};
}

}  // namespace holdfast::storage
