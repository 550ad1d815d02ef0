// Port: the append-only files under a journal. Real files in production, a faulty disk in the
// simulator. All calls block; the journal's owner runs them on a thread of its own.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.h"

namespace holdfast::env {

/// A folder of files named by number. Any write or sync error is fatal() inside the device: an
/// fsync is never retried, since after a failed one the page cache lies. [Rebello ATC'20]
class ByteDevice {
  public:
    virtual ~ByteDevice() = default;
    /// Ascending.
    [[nodiscard]] virtual std::vector<uint64_t> list() const = 0;
    /// The whole file. A file that cannot be read (EIO) gives what could be read.
    [[nodiscard]] virtual Bytes read(uint64_t file) const = 0;
    /// Makes the file if it is missing, durably (its folder is synced).
    virtual void append(uint64_t file, ByteView bytes) = 0;
    virtual void sync(uint64_t file) = 0;
    virtual void truncate(uint64_t file, uint64_t size_bytes) = 0;
    virtual void remove(uint64_t file) = 0;
    /// Moves every file out of the way, durably, and keeps them for whoever wants to look.
    virtual void quarantine() = 0;
    /// A small file replaced as one; written in place without renaming, so one sync suffices.
    [[nodiscard]] virtual Bytes read_mark() const = 0;
    virtual void write_mark(ByteView bytes) = 0;
};

}  // namespace holdfast::env
