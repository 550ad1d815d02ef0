// Candidates are tried in a fixed order, some at once; the first in that order which still fails in
// the same way is the next plan to work on.
#include "sim/minimize.h"

#include <algorithm>

namespace holdfast::sim {
namespace {

constexpr int rounds_max = 4;

/// The next whole millisecond: pleasant to read.
Duration just_after(Duration at) {
    return std::chrono::floor<std::chrono::milliseconds>(at) + Duration(1ms);
}

class Search {
  public:
    using Batch = std::function<std::vector<Outcome>(const std::vector<Plan>&)>;

    Search(const Plan& plan, const Outcome& failed, size_t at_once, Batch run,
           const MinimizeOptions& options)
        : best_(plan),
          outcome_(failed),
          wanted_(identity(failed)),
          at_once_(at_once),
          run_(std::move(run)),
          options_(options) {}

    Minimized run() {
        if (!wanted_.empty()) {
            cut_the_end();
            for (int round = 0; round < rounds_max; ++round) {
                bool smaller = shrink(&Plan::faults);
                smaller |= shrink(&Plan::operations);
                smaller |= shorten();
                smaller |= simplify();
                if (!smaller) break;
            }
        }
        return {.plan = std::move(best_), .outcome = std::move(outcome_), .tries = tries_};
    }

  private:
    using Make = std::function<std::optional<Plan>(size_t index)>;

    /// The first of `count` candidates that fails in the same way becomes the best. Those that
    /// `make` has nothing for are passed over.
    std::optional<size_t> first_of(size_t count, const Make& make) {
        for (size_t at = 0; at < count && tries_ < options_.tries_max;) {
            std::vector<Plan> plans;
            std::vector<size_t> indices;
            for (; at < count && plans.size() < std::min(at_once_, options_.tries_max - tries_);
                 ++at)
                if (auto plan = make(at); plan && *plan != best_) {
                    plans.push_back(std::move(*plan));
                    indices.push_back(at);
                }
            std::vector<Outcome> outcomes = run_(plans);
            for (size_t i = 0; i < outcomes.size(); ++i) {
                ++tries_;  // those behind it do not count: nobody need have tried them
                if (identity(outcomes[i]) != wanted_) continue;
                best_ = std::move(plans[i]);
                outcome_ = std::move(outcomes[i]);
                report();
                return indices[i];
            }
            report();
        }
        return std::nullopt;
    }
    bool adopt(const Plan& plan) {
        return first_of(1, [&](size_t) { return std::optional(plan); }).has_value();
    }
    void report() const {
        if (options_.progress) options_.progress({.tries = tries_, .best = best_});
    }

    /// What would have come after the violation cannot be its cause.
    void cut_the_end() {
        const Duration end = just_after(outcome_.violations.front().at);
        if (end >= best_.lasts) return;
        Plan plan = best_;
        std::erase_if(plan.faults, [&](const Fault& it) { return it.at > end; });
        std::erase_if(plan.operations, [&](const Operation& it) { return it.at > end; });
        plan.lasts = end;
        adopt(plan);
    }

    /// Takes out ever smaller pieces, until no single item can be missed.
    template <class Item>
    bool shrink(std::vector<Item> Plan::* list) {
        const size_t before = (best_.*list).size();
        size_t piece = before;
        while (piece > 0 && tries_ < options_.tries_max) {
            bool smaller = false;
            for (size_t from = 0; from < (best_.*list).size();) {
                const size_t size = (best_.*list).size();
                const auto found = first_of((size - from + piece - 1) / piece, [&](size_t index) {
                    Plan plan = best_;
                    auto& items = plan.*list;
                    const size_t start = from + index * piece;
                    const size_t end = std::min(start + piece, items.size());
                    items.erase(items.begin() + static_cast<ptrdiff_t>(start),
                                items.begin() + static_cast<ptrdiff_t>(end));
                    return std::optional(std::move(plan));
                });
                if (!found) break;
                smaller = true;
                from += *found * piece;
            }
            // One more pass at the finest: what was needed before may not be now.
            if (piece > 1)
                piece = (piece + 1) / 2;
            else if (!smaller)
                break;
        }
        return (best_.*list).size() < before;
    }

    bool shorten() {
        Duration last{};
        if (!best_.faults.empty()) last = best_.faults.back().at;
        if (!best_.operations.empty()) last = std::max(last, best_.operations.back().at);
        last = std::max(Duration(1s), just_after(last));
        if (last >= best_.lasts) return false;
        const Duration spare = best_.lasts - last;
        constexpr size_t steps = 5;
        return first_of(steps,
                        [&](size_t index) {
                            Plan plan = best_;
                            plan.lasts =
                                last + (index == 0 ? Duration{} : spare / (1 << (steps - index)));
                            return std::optional(std::move(plan));
                        })
            .has_value();
    }

    bool simplify() {
        bool smaller = false;
        const Plan usual;
        for (const auto field :
             {&Plan::segment_bytes, &Plan::blocks_kept, &Plan::log_bytes_retained, &Plan::delay_us,
              &Plan::jitter_percent, &Plan::sync_us, &Plan::outbid_percent}) {
            Plan plan = best_;
            plan.*field = usual.*field;
            smaller |= adopt(plan);
        }
        Plan plan = best_;
        plan.streams = usual.streams;
        smaller |= adopt(plan);
        smaller |= first_of(best_.spares, [&](size_t index) {
                       return with_machines(best_.nodes, index);
                   }).has_value();
        smaller |= first_of(best_.nodes - 1, [&](size_t index) {
                       return best_.spares == 0 ? with_machines(index + 1, 0) : std::nullopt;
                   }).has_value();
        return smaller;
    }

    /// The same with fewer machines, if no fault needs the others. Clients ask another one.
    [[nodiscard]] std::optional<Plan> with_machines(uint64_t nodes, uint64_t spares) const {
        Plan plan = best_;
        plan.nodes = nodes;
        plan.spares = spares;
        const uint64_t machines = nodes + spares;
        const uint64_t all = (uint64_t{1} << machines) - 1;
        for (Fault& fault : plan.faults) {
            if (fault.node.value > machines || fault.peer.value > machines) return std::nullopt;
            if (fault.kind != FaultKind::split && fault.kind != FaultKind::bridge) continue;
            fault.amount &= all;
            if (fault.amount == 0 || fault.amount == all) return std::nullopt;
        }
        for (Operation& it : plan.operations) {
            if (it.candidate.value > machines || it.other.value > machines) return std::nullopt;
            it.node = NodeId((it.node.value - 1) % machines + 1);
        }
        plan.core &= all;
        plan.reporters &= all;
        return plan;
    }

    Plan best_;
    Outcome outcome_;
    const std::string wanted_;
    const size_t at_once_;
    const Batch run_;
    const MinimizeOptions& options_;
    size_t tries_ = 0;
};

}  // namespace

std::string identity(const Outcome& outcome) {
    if (outcome.violations.empty()) return {};
    const Violation& first = outcome.violations.front();
    return first.checker == "CHECK" ? first.checker + " " + first.what : first.checker;
}

Minimized minimize(const Plan& plan, const Outcome& failed,
                   const std::function<Outcome(const Plan&)>& run, const MinimizeOptions& options) {
    const auto one_by_one = [&](const std::vector<Plan>& plans) {
        std::vector<Outcome> outcomes;
        outcomes.reserve(plans.size());
        for (const Plan& it : plans) outcomes.push_back(run(it));
        return outcomes;
    };
    return Search(plan, failed, 1, one_by_one, options).run();
}

Minimized minimize(const Plan& plan, const Outcome& failed, Pool& pool,
                   const MinimizeOptions& options) {
    const auto together = [&](const std::vector<Plan>& plans) {
        std::vector<Outcome> outcomes(plans.size());
        size_t next = 0;
        pool.run(
            [&]() -> std::optional<Request> {
                if (next == plans.size()) return std::nullopt;
                return Request{.plan = plans[next++]};
            },
            [&](size_t number, Finished finished) {
                outcomes[number] = std::move(finished.outcome);
                return true;
            });
        return outcomes;
    };
    return Search(plan, failed, pool.jobs(), together, options).run();
}

}  // namespace holdfast::sim
