// From a plan that breaks a rule to a small one that breaks the same rule: delta debugging
// (Zeller and Hildebrandt) over faults, then operations, then whatever else a reader need not see.
#pragma once

#include "sim/isolated.h"

namespace holdfast::sim {

struct MinimizeProgress {
    size_t tries = 0;
    const Plan& best;
};
struct MinimizeOptions {
    size_t tries_max = 2'000;
    std::function<void(const MinimizeProgress&)> progress;  ///< after every batch of tries
};
struct Minimized {
    Plan plan;
    Outcome outcome;  ///< of that plan
    size_t tries = 0;
};

/// Which rule a run broke first: its checker, and of a CHECK also its words. Two runs with the same
/// identity failed in the same way. Empty for runs that held.
std::string identity(const Outcome& outcome);

/// What it finds depends on nothing but the plan and the runner. `failed` is what came of `plan`.
Minimized minimize(const Plan& plan, const Outcome& failed,
                   const std::function<Outcome(const Plan&)>& run,
                   const MinimizeOptions& options = {});
/// The same, in as many children as the pool has: candidates are tried ahead of their turn.
Minimized minimize(const Plan& plan, const Outcome& failed, Pool& pool,
                   const MinimizeOptions& options = {});

}  // namespace holdfast::sim
