// The parts of drawing a plan that are Byzantine agreement's alone.
#pragma once

#include "sim/plan.h"

namespace holdfast::sim {

/// Epochs, timers, weights, who lies, by which policy members are chosen, and what that costs.
void draw_bft(Plan& plan, const PlanOptions& options, bool may_lie);
/// What operators and holders do with their stakes, and those who accuse for nothing.
void draw_stake_operations(Plan& plan);

}  // namespace holdfast::sim
