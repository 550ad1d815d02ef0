// A few threads and two bounded queues.
#pragma once

#include <array>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include "api/loop.h"

namespace holdfast::api {

inline constexpr size_t worker_queue_max = 32'768;

class Workers {
  public:
    /// `count` of at least 2: reads take count - 1 of them at the most.
    explicit Workers(size_t count);
    ~Workers();
    Workers(const Workers&) = delete;
    Workers& operator=(const Workers&) = delete;

    [[nodiscard]] bool run(Work kind, std::function<void()> work);
    /// Finishes what runs, forgets what waits.
    void stop();
    [[nodiscard]] size_t queued(Work kind) const;

  private:
    using Queue = std::deque<std::function<void()>>;
    void loop();
    [[nodiscard]] Queue* next();
    [[nodiscard]] Queue& queue(Work kind) { return queues_[static_cast<size_t>(kind)]; }

    mutable std::mutex mutex_;
    std::condition_variable wake_;
    std::array<Queue, 2> queues_;
    size_t reading_ = 0;
    size_t idle_ = 0;
    bool stopping_ = false;
    std::vector<std::thread> threads_;
};

}  // namespace holdfast::api
