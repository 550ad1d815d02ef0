// How much work a block takes, and how much it proves. Integers only: every node must find the
// same.
#pragma once

#include "base/wide.h"
#include "consensus/pow/rules.h"

namespace holdfast::pow {

/// Of a block whose parent is `height` blocks after genesis and bears `time_ms`. Absolute: it
/// depends on where the parent stands between genesis and now, not on how the chain got there.
/// [ASERT, Target computation]
U256 next_target(const Rules& rules, uint64_t height, WallMillis time_ms);

/// `anchor` times two to the power of `drift` / `half_life`, by the cubic that the specification
/// fixes; at least 1, at most `target_max`. Both in the same unit; `half_life` > 0.
U256 scaled_target(const U256& anchor, Int128 drift, uint64_t half_life, const U256& target_max);

/// Hashes that it takes on average: 2^256 / (target + 1), rounded down. [Bitcoin, GetBlockProof]
U256 work_of(const U256& target);

}  // namespace holdfast::pow
