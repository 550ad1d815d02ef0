// Port: the two clocks of a node. Monotonic time drives timers; wall time only labels payloads.
#pragma once

#include "base/time.h"

namespace holdfast::env {

class Clock {
  public:
    virtual ~Clock() = default;
    [[nodiscard]] virtual Instant now() const = 0;
    [[nodiscard]] virtual WallMillis wall_millis() const = 0;
};

}  // namespace holdfast::env
