// A sustained load: many transfers in flight from many accounts, each counted as acknowledged only
// once a node serves its receipt. Nodes may come and go meanwhile: that is what it is for. The
// benchmark has a load of its own: it must cost next to nothing beside the nodes that it measures,
// so it has one thread, WebSockets and signatures made beforehand, where this one signs as it goes
// over the plain HTTP client of the commands and tells silences rather than latencies.
#pragma once

#include <atomic>
#include <chrono>
#include <mutex>
#include <thread>
#include <vector>

#include "app/sender.h"

namespace holdfast::app {

struct LoadOptions {
    std::vector<std::string> endpoints;
    std::vector<crypto::SecretKey> keys;  ///< one worker each
    size_t window = 64;                   ///< transfers in flight a worker
    uint64_t timeout_ms = 2'000;          ///< of one exchange: then another endpoint is asked
    uint64_t drain_ms = 30'000;           ///< for what is in flight when the load ends
};

struct LoadReport {
    uint64_t sent = 0, acknowledged = 0;
    uint64_t unacknowledged = 0;  ///< in flight when the patience ended
    uint64_t switches = 0;        ///< to another endpoint, after an error or silence
    double seconds = 0;
    uint64_t silence_max_ms = 0;  ///< longest time without any acknowledgement
    uint64_t latency_p50_ms = 0, latency_p99_ms = 0;
    std::vector<Hash32> hashes;  ///< of everything acknowledged
    std::string last_error;
};

class Load {
  public:
    explicit Load(LoadOptions options) : options_(std::move(options)) {}
    ~Load();
    Load(const Load&) = delete;
    Load& operator=(const Load&) = delete;

    void start();
    /// Sends nothing more, waits for what is in flight, and reports.
    LoadReport finish();
    [[nodiscard]] uint64_t acknowledged() const { return acknowledged_.load(); }
    /// Since the last acknowledgement of any worker, or the start.
    [[nodiscard]] uint64_t silence_ms();
    /// Begins the measurement of the longest silence anew.
    void reset_silence();
    [[nodiscard]] uint64_t silence_max_ms();

  private:
    using Clock = std::chrono::steady_clock;
    class Worker;
    void note_acknowledged(const Hash32& hash, Clock::duration latency);
    void note_gap(Clock::time_point now);

    LoadOptions options_;
    std::vector<std::thread> threads_;
    std::atomic<bool> stopping_ = false;
    std::atomic<uint64_t> acknowledged_ = 0;
    Clock::time_point started_, ended_;

    std::mutex mutex_;  ///< guards what follows
    Clock::time_point last_;
    Clock::duration silence_max_{};
    std::vector<uint32_t> latencies_ms_;
    LoadReport report_;
};

}  // namespace holdfast::app
