// The journal on the real disk, against what the disk itself can do: each round writes one group,
// and then the same bytes bare with one fdatasync, so both see the same neighbours and the same
// moment. The folder is the current one, or $HOLDFAST_BENCH_FOLDER.
#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <string>

#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/check.h"
#include "journal/journal.h"
#include "storage/files.h"

namespace holdfast {
namespace {

using Clock = std::chrono::steady_clock;
using consensus::Token;

constexpr uint64_t bare_file_bytes = 32 << 20;

class Folder {
  public:
    Folder() {
        const char* chosen = std::getenv("HOLDFAST_BENCH_FOLDER");
        std::string name = std::string(chosen != nullptr ? chosen : ".") + "/journal-bench-XXXXXX";
        CHECK(::mkdtemp(name.data()) != nullptr, "the benchmark's folder can be made");
        path_ = name;
    }
    ~Folder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    [[nodiscard]] const std::filesystem::path& path() const { return path_; }

  private:
    std::filesystem::path path_;
};

/// A file full of zeros: the cheapest thing that this disk can make durable.
class BareFile {
  public:
    explicit BareFile(const std::filesystem::path& path)
        : fd_(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)) {
        const Bytes zeros(1 << 20);
        for (uint64_t at = 0; at < bare_file_bytes; at += zeros.size()) put(zeros, at);
        CHECK(::fsync(fd_) == 0, "the bare file syncs");
    }
    ~BareFile() { ::close(fd_); }
    BareFile(const BareFile&) = delete;
    BareFile& operator=(const BareFile&) = delete;

    void write(const Bytes& bytes) {
        if (end_ + bytes.size() > bare_file_bytes) end_ = 0;
        put(bytes, end_);
        end_ += bytes.size();
        CHECK(::fdatasync(fd_) == 0, "the bare file syncs");
    }

  private:
    void put(const Bytes& bytes, uint64_t at) const {
        CHECK(::pwrite(fd_, bytes.data(), bytes.size(), static_cast<off_t>(at)) ==
                  static_cast<ssize_t>(bytes.size()),
              "the bare file takes bytes");
    }
    int fd_;
    uint64_t end_ = 0;
};

double seconds_since(Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
}

void groups(benchmark::State& state) {
    const auto records = static_cast<size_t>(state.range(0));
    const auto bytes = static_cast<size_t>(state.range(1));
    const Folder folder;
    const auto device = storage::open_journal_folder(folder.path());
    CHECK(device, "the folder opens");
    const journal::Identity identity{.genesis = {}, .node = NodeId(1)};
    CHECK(journal::Journal::create(**device, identity, journal::Birth::newborn, 1),
          "a new journal");
    journal::Journal journal(**device);
    CHECK(journal.open(identity, 2), "a new journal opens");
    BareFile bare(folder.path() / "bare");
    const Bytes same(records * (bytes + 24), 1);
    const auto record = make_buffer(Bytes(bytes, 1));

    Token token;
    double group_seconds = 0;
    double bare_seconds = 0;
    for (auto _ : state) {
        std::vector<consensus::Persist> group;
        for (size_t i = 0; i < records; ++i) group.push_back({++token, record});
        auto start = Clock::now();
        journal.append_group(group);
        const double took = seconds_since(start);
        group_seconds += took;
        state.SetIterationTime(took);
        start = Clock::now();
        bare.write(same);
        bare_seconds += seconds_since(start);
        // As in life, a checkpoint lets go of the past.
        if (journal.size_bytes() > 4 * journal::segment_bytes) journal.forget(token);
    }
    const auto rounds = static_cast<double>(state.iterations());
    state.counters["groups/s"] = rounds / group_seconds;
    state.counters["records/s"] = rounds * static_cast<double>(records) / group_seconds;
    state.counters["bare/s"] = rounds / bare_seconds;
    state.counters["of_bare"] = bare_seconds / group_seconds;
}
BENCHMARK(groups)
    ->ArgNames({"records", "bytes"})
    ->Args({1, 200})
    ->Args({10, 200})
    ->Args({100, 200})
    ->Args({1000, 200})
    ->Args({1, 100'000})
    ->Args({10, 100'000})
    ->UseManualTime()
    ->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace holdfast
