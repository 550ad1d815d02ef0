// What must hold after every step of a proof-of-work engine: for tests and the simulator, never for
// production decisions.
#pragma once

#include <string>
#include <vector>

#include "consensus/pow/pow.h"

namespace holdfast::pow {

/// In words, every rule of a single node that `engine` breaks; it must come from pow::restore.
std::vector<std::string> broken_invariants(const consensus::Engine& engine);

}  // namespace holdfast::pow
