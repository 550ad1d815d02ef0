// What must hold after every step of a Raft engine: for tests and the simulator, never for
// production decisions.
#pragma once

#include <string>
#include <vector>

#include "consensus/raft/raft.h"

namespace holdfast::raft {

/// In words, every rule of a single node that `engine` breaks; it must come from raft::restore.
std::vector<std::string> broken_invariants(const consensus::Engine& engine);

}  // namespace holdfast::raft
