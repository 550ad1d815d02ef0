// What must hold after every step of a Paxos engine: for tests and the simulator, never for
// production decisions.
#pragma once

#include <string>
#include <vector>

#include "consensus/paxos/paxos.h"

namespace holdfast::paxos {

/// In words, every rule of a single node that `engine` breaks; it must come from paxos::restore.
std::vector<std::string> broken_invariants(const consensus::Engine& engine);

}  // namespace holdfast::paxos
