// Where the journal's records are on the platter, and what may be done to them.
#include "sim/disk.h"

#include <algorithm>

namespace holdfast::sim {

void JournalDisk::append(uint64_t file, ByteView bytes) {
    if (!beats()) return;
    if (full_ && pulse_ != nullptr) return pulse_->end(Death::disk_failed);
    const size_t begin = device_.size_bytes(file);
    device_.append(file, bytes);
    locate(file, begin, bytes);
}

// The records of a group pass in their order, each whole.
void JournalDisk::locate(uint64_t file, size_t begin, ByteView bytes) {
    auto from = bytes.begin();
    while (!expected_.empty()) {
        const Bytes& record = *expected_.front().record;
        const auto at = std::search(from, bytes.end(), record.begin(), record.end());
        if (at == bytes.end() && !record.empty()) return;
        from = at + static_cast<ptrdiff_t>(record.size());
        written_.push_back({.file = file,
                            .end = begin + static_cast<size_t>(from - bytes.begin()),
                            .token = expected_.front().token});
        expected_.pop_front();
    }
}

void JournalDisk::sync(uint64_t file) {
    if (!beats()) return;
    if (fail_next_sync_ && pulse_ != nullptr) {
        fail_next_sync_ = false;
        return pulse_->end(Death::disk_failed);
    }
    device_.sync(file);
    vouched_ = marked_;
    synced_[file] = device_.size_bytes(file);
    consensus::Token reached;
    while (!written_.empty() && written_.front().file == file) {
        reached = written_.front().token;
        written_.pop_front();
    }
    if (reached != consensus::Token{} && listener_) listener_(reached);
}

void JournalDisk::truncate(uint64_t file, uint64_t size_bytes) {
    if (!beats()) return;
    device_.truncate(file, size_bytes);
    for (auto* sizes : {&synced_, &marked_, &vouched_}) {
        const auto at = sizes->find(file);
        if (at != sizes->end()) at->second = std::min<size_t>(at->second, size_bytes);
    }
}

void JournalDisk::remove(uint64_t file) {
    if (!beats()) return;
    device_.remove(file);
    for (auto* sizes : {&synced_, &marked_, &vouched_}) sizes->erase(file);
}

void JournalDisk::quarantine() {
    if (!beats()) return;
    device_.quarantine();
    for (auto* sizes : {&synced_, &marked_, &vouched_}) sizes->clear();
}

void JournalDisk::write_mark(ByteView bytes) {
    if (!beats()) return;
    device_.write_mark(bytes);
    marked_ = synced_;
}

void JournalDisk::process_ended() {
    pulse_ = nullptr;
    expected_.clear();
    written_.clear();
}

void JournalDisk::lose_power(Random& random) {
    device_.lose_power(random);
    marked_ = vouched_;
}

void JournalDisk::clear() {
    device_ = env::MemoryDevice();
    for (auto* sizes : {&synced_, &marked_, &vouched_}) sizes->clear();
}

std::optional<std::pair<uint64_t, size_t>> JournalDisk::vouched_for(Random& random) const {
    std::vector<std::pair<uint64_t, size_t>> files;
    for (const auto& [file, size] : vouched_)
        if (size != 0) files.emplace_back(file, size);
    if (files.empty()) return std::nullopt;
    return files[random.below(files.size())];
}

bool JournalDisk::flip_a_bit(Random& random) {
    const auto place = vouched_for(random);
    if (!place) return false;
    device_.flip_bit(place->first, random.below(place->second * 8));
    return true;
}

bool JournalDisk::misdirect_a_write(Random& random) {
    constexpr size_t stray_bytes = 64;
    const auto place = vouched_for(random);
    if (!place || place->second < 2 * stray_bytes) return false;
    const auto& [file, size] = *place;
    const Bytes whole = device_.read(file);
    const size_t from = random.below(size - stray_bytes);
    const size_t to = random.below(size - stray_bytes);
    const ByteView stray = ByteView(whole).subspan(from, stray_bytes);
    if (std::ranges::equal(stray, ByteView(whole).subspan(to, stray_bytes))) return false;
    device_.overwrite(file, to, stray);
    return true;
}

}  // namespace holdfast::sim
