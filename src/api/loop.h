// Where the API's work runs: one thread for sockets and bookkeeping, a few workers for signature
// recovery and store reads. Real threads in the server, the caller's own in tests and fuzzing.
#pragma once

#include <functional>

#include "base/time.h"

namespace holdfast::api {

/// Reads may occupy all workers but one, so that transactions always find one free.
enum class Work : uint8_t { recover, read };

class Loop {
  public:
    virtual ~Loop() = default;
    /// On the loop's thread, later. Dropped once the loop has stopped.
    virtual void post(std::function<void()> work) = 0;
    /// On the loop's thread: at once if this is it.
    virtual void dispatch(std::function<void()> work) = 0;
    /// On a worker. False: its queue is full, and nothing will happen.
    [[nodiscard]] virtual bool run(Work kind, std::function<void()> work) = 0;
    [[nodiscard]] virtual Instant now() const = 0;
    [[nodiscard]] virtual size_t queued(Work kind) const = 0;
};

}  // namespace holdfast::api
