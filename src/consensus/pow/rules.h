// What all nodes of a chain must agree on before it begins: its genesis decides each of these.
#pragma once

#include <string_view>

#include "base/bytes.h"
#include "base/time.h"
#include "base/u256.h"

namespace holdfast::pow {

struct Rules {
    Hash32 genesis;                        ///< what the first header names as its parent
    WallMillis genesis_time_ms = 0;        ///< the schedule of targets is anchored here...
    U256 genesis_target;                   ///< ...and to this: the first block's
    U256 target_max;                       ///< no target is easier
    uint64_t interval_ms = 0;              ///< between blocks, as the schedule wants it
    uint64_t half_life_ms = 0;             ///< so far behind it, the target doubles
    uint64_t final_depth = 0;              ///< blocks on top of one that make it final
    size_t payload_bytes_max = 1'000'000;  ///< a block with more is no block
};

/// No duration of the schedule is longer: 34 years, and products still fit 128 bits.
inline constexpr uint64_t schedule_ms_max = uint64_t{1} << 40;

/// In words, what no chain can live with; empty if nothing.
std::string_view problem_of(const Rules& rules);

}  // namespace holdfast::pow
