// The journal's files, and small file helpers: POSIX, with every error loud.
#pragma once

#include <filesystem>
#include <memory>

#include "base/result.h"
#include "env/byte_device.h"

namespace holdfast::storage {

namespace errc {
inline constexpr Errc cannot_open{"storage.cannot_open"};
inline constexpr Errc in_use{"storage.in_use"};  ///< another process holds the folder's lock
inline constexpr Errc cannot_write{"storage.cannot_write"};
inline constexpr Errc cannot_read{"storage.cannot_read"};
inline constexpr Errc damaged{"storage.damaged"};  ///< something that was on stable storage is gone
}  // namespace errc

/// Files `NNNNNNNN.journal` and `mark` in `folder`. The folder must exist.
Result<std::unique_ptr<env::ByteDevice>> open_journal_folder(const std::filesystem::path& folder);

/// Holds an exclusive lock on `folder/LOCK` as long as it lives: two processes never share a
/// folder.
class FolderLock {
  public:
    static Result<FolderLock> take(const std::filesystem::path& folder);
    FolderLock(FolderLock&& other) noexcept;
    FolderLock& operator=(FolderLock&& other) noexcept;
    FolderLock(const FolderLock&) = delete;
    FolderLock& operator=(const FolderLock&) = delete;
    ~FolderLock();

  private:
    explicit FolderLock(int fd) : fd_(fd) {}
    int fd_ = -1;
};

/// Whole-file helpers for the command line. Written to a temporary name, synced and renamed.
Result<Bytes> read_file(const std::filesystem::path& path, size_t bytes_max);
Status write_file(const std::filesystem::path& path, ByteView bytes, unsigned mode);

}  // namespace holdfast::storage
