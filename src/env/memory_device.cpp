// The disk in memory: the same promises as the real one, and no more.
#include "env/memory_device.h"

#include "base/check.h"

namespace holdfast::env {
namespace {

/// What a disk writes as one.
constexpr size_t sector_bytes = 512;

}  // namespace

void MemoryDevice::File::sync() {
    common = written.size();
    tail.clear();
}

Bytes MemoryDevice::File::synced() const {
    Bytes bytes(written.begin(), written.begin() + static_cast<ptrdiff_t>(common));
    holdfast::append(bytes, tail);
    return bytes;
}

void MemoryDevice::File::diverge(size_t at) {
    if (at >= common) return;
    tail.insert(tail.begin(), written.begin() + static_cast<ptrdiff_t>(at),
                written.begin() + static_cast<ptrdiff_t>(common));
    common = at;
}

bool MemoryDevice::alive() {
    if (dead()) return false;
    if (left_) --*left_;
    ++operations_;
    return true;
}

std::vector<uint64_t> MemoryDevice::list() const {
    std::vector<uint64_t> numbers;
    numbers.reserve(files_.size());
    for (const auto& [number, file] : files_) numbers.push_back(number);
    return numbers;
}

Bytes MemoryDevice::read(uint64_t file) const {
    const auto at = files_.find(file);
    return at == files_.end() ? Bytes{} : at->second.written;
}

void MemoryDevice::append(uint64_t file, ByteView bytes) {
    if (!files_.contains(file)) {
        // Making the file and filling it are two steps, and a crash may fall between them.
        if (!alive()) return;
        files_[file] = {};
    }
    if (!alive()) return;
    holdfast::append(files_[file].written, bytes);
}

void MemoryDevice::sync(uint64_t file) {
    if (!alive()) return;
    const auto at = files_.find(file);
    CHECK(at != files_.end(), "sync of a file that is not there");
    at->second.sync();
    mark_.sync();
}

void MemoryDevice::truncate(uint64_t file, uint64_t size_bytes) {
    if (!alive()) return;
    const auto at = files_.find(file);
    CHECK(at != files_.end(), "truncate of a file that is not there");
    CHECK(size_bytes <= at->second.written.size(), "truncate never lengthens");
    at->second.diverge(size_bytes);
    at->second.written.resize(size_bytes);
}

void MemoryDevice::remove(uint64_t file) {
    if (!alive()) return;
    files_.erase(file);
}

void MemoryDevice::quarantine() {
    if (!alive()) return;
    mark_ = {};
    while (!files_.empty()) {
        if (!alive()) return;
        files_.erase(files_.begin());
        ++quarantined_;
    }
}

Bytes MemoryDevice::read_mark() const {
    return mark_.written;
}

void MemoryDevice::write_mark(ByteView bytes) {
    if (!alive()) return;
    mark_.diverge(0);
    mark_.written = to_bytes(bytes);
}

void MemoryDevice::lose_power(Random& random) {
    left_.reset();
    for (auto& [number, file] : files_) tear(file, random);
    tear(mark_, random);
}

void MemoryDevice::tear(File& file, Random& random) {
    const Bytes before = file.synced();
    const Bytes& after = file.written;
    if (before != after) {
        const size_t low = std::min(before.size(), after.size());
        const size_t high = std::max(before.size(), after.size());
        // Sizes are metadata with a fate of their own: all, nothing or part of the growth.
        const size_t size = random.chance(1, 2) ? after.size() : random.between(low, high);
        Bytes torn(size, 0);
        for (size_t at = 0; at < size; at += sector_bytes) {
            const Bytes& from = random.chance(1, 2) ? before : after;
            const size_t end = std::min({at + sector_bytes, size, from.size()});
            for (size_t i = at; i < end; ++i) torn[i] = from[i];
        }
        file.written = std::move(torn);
    }
    file.sync();
}

void MemoryDevice::flip_bit(uint64_t file, uint64_t bit) {
    File& target = files_.at(file);
    target.written.at(bit / 8) ^= static_cast<uint8_t>(1U << (bit % 8));
    if (bit / 8 >= target.common) target.sync();
}

void MemoryDevice::overwrite(uint64_t file, uint64_t offset, ByteView bytes) {
    File& target = files_.at(file);
    CHECK(offset + bytes.size() <= target.written.size(), "it lands inside the file");
    std::ranges::copy(bytes, target.written.begin() + static_cast<ptrdiff_t>(offset));
    if (offset + bytes.size() > target.common) target.sync();
}

bool MemoryDevice::all_synced() const {
    return std::ranges::all_of(files_, [](const auto& item) {
        const File& file = item.second;
        return file.common == file.written.size() && file.tail.empty();
    });
}

size_t MemoryDevice::size_bytes(uint64_t file) const {
    const auto at = files_.find(file);
    return at == files_.end() ? 0 : at->second.written.size();
}

void MemoryDevice::flip_mark_bit(uint64_t bit) {
    mark_.written.at(bit / 8) ^= static_cast<uint8_t>(1U << (bit % 8));
    mark_.sync();
}

void MemoryDevice::cut(uint64_t file, uint64_t size_bytes) {
    File& target = files_.at(file);
    target.written.resize(std::min<size_t>(size_bytes, target.written.size()));
    target.sync();
}

void MemoryDevice::lose_file(uint64_t file) {
    files_.erase(file);
}

void MemoryDevice::lose_mark() {
    mark_ = {};
}

void MemoryDevice::pad(uint64_t file, uint64_t zeros) {
    File& target = files_.at(file);
    target.written.resize(target.written.size() + zeros);
    target.sync();
}

}  // namespace holdfast::env
