// Runs of plans in child processes, so that a CHECK, a crash or an endless loop of production code
// is what came of one run, and not the end of them all.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "sim/world.h"

namespace holdfast::sim {

using Runner = std::function<Outcome(const Plan&, const RunOptions&)>;

struct IsolationOptions {
    Runner run;  ///< `run_plan`, but for tests
    size_t jobs = 1;
    /// Real time that one run may take before it counts as stuck: a simulated hour takes seconds.
    std::chrono::milliseconds stuck_after = 300s;
    /// Called now and then while children work; null: never.
    std::function<void()> waiting;
};

struct Request {
    Plan plan;
    bool record = false;
};
struct Finished {
    Outcome outcome;
    std::optional<Recorder> recorder;  ///< if asked for; not of a run that died without a word
};

/// Children that run one plan after another: what they remember of signatures stays. One that has
/// died is replaced. Not for a process with threads: it forks.
///
/// A run that broke a CHECK, crashed or did not end has the verdict crash, and its first violation
/// is "CHECK", "signal SIGSEGV", "exit 70", "exception" or "watchdog".
class Pool {
  public:
    explicit Pool(IsolationOptions options);
    ~Pool();
    Pool(const Pool&) = delete;
    Pool& operator=(const Pool&) = delete;

    using Next = std::function<std::optional<Request>()>;
    /// `number` counts the requests from 0. False: nothing more is wanted, and whoever still works
    /// is stopped.
    using Done = std::function<bool(size_t number, Finished finished)>;
    void run(const Next& next, const Done& done);

    Finished run_one(Request request);
    [[nodiscard]] size_t jobs() const { return options_.jobs; }
    /// Children begun so far.
    [[nodiscard]] size_t forked() const { return forked_; }

  private:
    class Child;
    void wait_for_any();

    IsolationOptions options_;
    std::vector<std::unique_ptr<Child>> children_;
    size_t forked_ = 0;
};

}  // namespace holdfast::sim
