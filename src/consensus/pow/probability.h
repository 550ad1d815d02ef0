// For display only, and so the one place with floating point: how surely is what is buried?
#pragma once

#include <cstdint>

namespace holdfast::pow {

/// The chance that somebody with the share `attacker` of all power, below one half, ever catches
/// up from `depth` blocks behind. [Nakamoto §11] From one half on it is 1.
double reversal_probability(double attacker, uint64_t depth);

}  // namespace holdfast::pow
