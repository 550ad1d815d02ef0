// Counting, and the text that Prometheus reads.
#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <string>

#include "api/backend.h"
#include "base/time.h"

namespace holdfast::api {

struct Method;
class Service;

enum class Outcome : uint8_t { ok, error };

/// Upper bounds, microseconds.
inline constexpr auto latency_buckets_us =
    std::to_array<uint64_t>({100, 250, 500, 1000, 2500, 5000, 10'000, 25'000, 50'000, 100'000,
                             250'000, 500'000, 1'000'000, 2'500'000, 5'000'000, 10'000'000});

/// Thread-safe.
class Metrics {
  public:
    Metrics();
    ~Metrics();
    Metrics(const Metrics&) = delete;
    Metrics& operator=(const Metrics&) = delete;

    /// `method` null: no such method, or no request at all.
    void count_request(const Method* method, Outcome outcome, Duration took);

    std::atomic<uint64_t> http_requests{0};
    std::atomic<uint64_t> websocket_messages{0};
    std::atomic<uint64_t> connections_accepted{0};
    std::atomic<uint64_t> connections_refused{0};  ///< over connections_max
    std::atomic<uint64_t> requests_forbidden{0};   ///< by Host, Origin or token
    std::atomic<uint64_t> subscribers_dropped{0};  ///< too slow
    std::atomic<uint64_t> connections_open{0};
    std::atomic<uint64_t> websockets_open{0};

    /// [Prometheus text format 0.0.4]. On the loop's thread.
    std::string render(Service& service, const node::NodeStatus& status) const;

  private:
    struct PerMethod {
        std::array<std::atomic<uint64_t>, 2> by_outcome{};
    };
    std::unique_ptr<PerMethod[]> per_method_;  ///< one more than there are methods
    std::array<std::atomic<uint64_t>, latency_buckets_us.size() + 1> latency_{};
    std::atomic<uint64_t> latency_sum_us_{0};
};

}  // namespace holdfast::api
