// A rolling hash over an engine's inputs and effects: two runs with equal hashes did the same
// things.
#pragma once

#include "consensus/engine.h"

namespace holdfast::node {

uint64_t mix(uint64_t trace, const consensus::Input& input);
uint64_t mix(uint64_t trace, const consensus::Effect& effect);

}  // namespace holdfast::node
