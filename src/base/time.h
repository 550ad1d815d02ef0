// Time as values. Nothing below the I/O line reads a clock: every `now` comes in as an argument.
#pragma once

#include <chrono>
#include <cstdint>

namespace holdfast {

using Duration = std::chrono::microseconds;
using namespace std::chrono_literals;

/// Monotonic time since an arbitrary start, comparable within one run of one node only.
struct MonotonicTag {};
using Instant = std::chrono::time_point<MonotonicTag, Duration>;

/// Milliseconds since the Unix epoch, as the machine's clock has them: never for safety.
using WallMillis = uint64_t;

}  // namespace holdfast
