// Thin faces of the system calls that this folder shares: handles that close, calls that finish.
#pragma once

#include <cerrno>
#include <filesystem>
#include <string>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

#include "base/bytes.h"

namespace holdfast::storage {

class FileHandle {
  public:
    FileHandle() = default;
    explicit FileHandle(int fd) : fd_(fd) {}
    FileHandle(FileHandle&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    FileHandle& operator=(FileHandle&& other) noexcept {
        std::swap(fd_, other.fd_);
        return *this;
    }
    FileHandle(const FileHandle&) = delete;
    FileHandle& operator=(const FileHandle&) = delete;
    ~FileHandle() {
        if (fd_ >= 0) ::close(fd_);
    }
    explicit operator bool() const { return fd_ >= 0; }
    [[nodiscard]] int fd() const { return fd_; }

  private:
    int fd_ = -1;
};

/// A call interrupted by a signal is made again. Not for close, and not for fsync, whose errors
/// stand.
template <class Call>
auto retry(const Call& call) {
    auto result = call();
    while (result < 0 && errno == EINTR) result = call();
    return result;
}

std::string errno_text(int number = errno);

/// All of `bytes` at `offset`; false with errno set if the machine refused.
bool write_all(int fd, ByteView bytes, uint64_t offset);

/// Makes the folder's names durable; false with errno set.
bool sync_folder(const std::filesystem::path& folder);

}  // namespace holdfast::storage
