// holdfast_limits: what this machine can do at most, measured next to the runs that it bounds:
// synced appends on the disk in question, and signature recoveries a core. Prints one line of JSON.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "base/bytes.h"
#include "crypto/ed25519.h"
#include "crypto/hash.h"
#include "crypto/secp256k1.h"

namespace holdfast::bench {
namespace {

using Clock = std::chrono::steady_clock;
constexpr double seconds_each = 1.5;

double since(Clock::time_point from) {
    return std::chrono::duration<double>(Clock::now() - from).count();
}

struct SyncFigures {
    double per_second = 0;
    double p50_us = 0, p99_us = 0;
};

/// Appends of 4 KiB with an fdatasync each, by `writers` threads, each with its own file.
SyncFigures measure_sync(const std::string& folder, size_t writers) {
    std::vector<std::vector<double>> all(writers);
    std::vector<std::thread> threads;
    for (size_t writer = 0; writer < writers; ++writer) {
        threads.emplace_back([&all, &folder, writer] {
            const std::string path = fmt::format("{}/sync-{}.tmp", folder, writer);
            const int file = ::open(path.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
            const std::vector<char> block(4096, 'x');
            const auto from = Clock::now();
            while (file >= 0 && since(from) < seconds_each) {
                const auto begun = Clock::now();
                if (::write(file, block.data(), block.size()) < 0 || ::fdatasync(file) != 0) break;
                all[writer].push_back(since(begun) * 1e6);
            }
            if (file >= 0) ::close(file);
            ::unlink(path.c_str());
        });
    }
    for (std::thread& thread : threads) thread.join();
    std::vector<double> sorted;
    for (const auto& each : all) sorted.insert(sorted.end(), each.begin(), each.end());
    if (sorted.empty()) return {};
    std::ranges::sort(sorted);
    return {static_cast<double>(sorted.size()) / seconds_each, sorted[sorted.size() / 2],
            sorted[sorted.size() * 99 / 100]};
}

template <class Work>
double per_second(Work&& work) {
    uint64_t count = 0;
    const auto from = Clock::now();
    while (since(from) < seconds_each)
        for (int repeat = 0; repeat < 16; ++repeat, ++count) work(count);
    return static_cast<double>(count) / since(from);
}

double measure_recover() {
    const auto key = crypto::SecretKey::from(crypto::keccak256(view_of("limits")).view());
    const Hash32 digest = crypto::keccak256(view_of("digest"));
    const auto signature = crypto::sign(digest, *key);
    return per_second([&](uint64_t) {
        const auto found = crypto::recover(digest, *signature);
        if (!found) std::abort();
    });
}

double measure_verify() {
    const crypto::NodeKey key{crypto::NodeSeed{}};
    const auto signature = key.sign(view_of("message"));
    return per_second([&](uint64_t) {
        if (!crypto::verify(key.public_key(), view_of("message"), signature)) std::abort();
    });
}

}  // namespace
}  // namespace holdfast::bench

int main(int argc, char** argv) {
    using namespace holdfast::bench;
    const std::string folder = argc > 1 ? argv[1] : ".";
    const SyncFigures one = measure_sync(folder, 1);
    const SyncFigures three = measure_sync(folder, 3);
    fmt::print(R"({{"syncs_per_second":{:.0f},"sync_p50_us":{:.0f},"sync_p99_us":{:.0f},)"
               R"("syncs_per_second_of_3":{:.0f},"recoveries_per_second":{:.0f},)"
               R"("ed25519_verifies_per_second":{:.0f},"cores":{}}})"
               "\n",
               one.per_second, one.p50_us, one.p99_us, three.per_second, measure_recover(),
               measure_verify(), std::thread::hardware_concurrency());
    return 0;
}
