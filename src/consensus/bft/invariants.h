// What must hold after every step of an engine: for tests and the simulator, never for production
// decisions.
#pragma once

#include <string>
#include <vector>

#include "consensus/bft/bft.h"

namespace holdfast::bft {

/// In words, every rule of a single node that `engine` breaks; it must come from bft::restore.
std::vector<std::string> broken_invariants(const consensus::Engine& engine);

}  // namespace holdfast::bft
