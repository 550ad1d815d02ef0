// One run of one plan: whole nodes on one thread, against a virtual network, virtual disks and
// virtual clocks, watched by the checkers.
#pragma once

#include <functional>

#include "sim/observer.h"
#include "sim/outcome.h"
#include "sim/plan.h"
#include "sim/recorder.h"

namespace holdfast::sim {

struct RunOptions {
    Recorder* recorder = nullptr;  ///< costs time; null: nothing is recorded
    /// Somebody else who looks on beside the checkers: a test that measures. May be null.
    std::function<std::unique_ptr<Checker>(const Stage&)> onlooker;
    /// Production code broke one of its own rules (a CHECK): called with what came of the run so
    /// far, and then the process ends. So whoever wants to live on runs plans in a child.
    std::function<void(const Outcome&)> last_outcome;
};

Outcome run_plan(const Plan& plan, const RunOptions& options = {});

}  // namespace holdfast::sim
