// System calls that finish what they began.
#include "storage/posix.h"

#include <system_error>

namespace holdfast::storage {

std::string errno_text(int number) {
    return std::generic_category().message(number);
}

bool write_all(int fd, ByteView bytes, uint64_t offset) {
    while (!bytes.empty()) {
        const ssize_t done = retry(
            [&] { return ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset)); });
        if (done < 0) return false;
        if (done == 0) {
            // Never seen on a regular file; without this line it would be an endless loop.
            errno = EIO;
            return false;
        }
        bytes = bytes.subspan(static_cast<size_t>(done));
        offset += static_cast<uint64_t>(done);
    }
    return true;
}

bool sync_folder(const std::filesystem::path& folder) {
    const FileHandle handle(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    return handle && ::fsync(handle.fd()) == 0;
}

}  // namespace holdfast::storage
