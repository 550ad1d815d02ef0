// holdfast sim: whole clusters in a virtual world, under faults, by the thousand. Prints which rule
// was broken and the command that shows it again; minimises, saves and draws what it found.
#include <algorithm>
#include <chrono>
#include <fstream>
#include <iterator>
#include <memory>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <unistd.h>

#include "app/commands.h"
#include "app/version.h"
#include "base/sometimes.h"
#include "chain/genesis.h"
#include "sim/campaign.h"
#include "sim/minimize.h"
#include "sim/report.h"

namespace holdfast::app {
namespace {

using Clock = std::chrono::steady_clock;

namespace errc {
inline constexpr Errc scenario_unreadable{"sim.scenario_unreadable"};
inline constexpr Errc cannot_save{"sim.cannot_save"};
}  // namespace errc

constexpr auto redraw_every = std::chrono::milliseconds(100);

struct SimArguments {
    sim::PlanOptions plan;
    double minutes = 1;
    uint64_t seeds = 1;
    size_t jobs = 0;  ///< 0: as many as the machine has cores
    size_t tries = 2'000;
    std::string report, scenario, save;
    bool seed_given = false;
    bool minimize = false, keep_going = false, quiet = false, trace = false;
};

/// One line on a terminal, written over and over.
class ProgressLine {
  public:
    explicit ProgressLine(bool wanted) : shown_(wanted && ::isatty(STDERR_FILENO) == 1) {}
    ~ProgressLine() { clear(); }
    ProgressLine(const ProgressLine&) = delete;
    ProgressLine& operator=(const ProgressLine&) = delete;

    void say(const std::string& text) {
        const auto now = Clock::now();
        if (!shown_ || now - drawn_ < redraw_every) return;
        drawn_ = now;
        dirty_ = true;
        fmt::print(stderr, "\r\x1b[K{}", text);
        std::fflush(stderr);
    }
    void clear() {
        if (std::exchange(dirty_, false)) fmt::print(stderr, "\r\x1b[K");
    }

  private:
    bool shown_, dirty_ = false;
    Clock::time_point drawn_;
};

std::string progress_text(const sim::Tally& tally, uint64_t seeds) {
    const auto ms = std::max<int64_t>(1, tally.took.count());
    const int64_t simulated_ms = tally.simulated.count() / 1000;
    return fmt::format("{} of {} seeds, {:.1f} simulated hours, {} times as fast as real time{}",
                       sim::grouped(tally.seeds), sim::grouped(seeds),
                       static_cast<double>(simulated_ms) / 3.6e6,
                       sim::grouped(static_cast<uint64_t>(simulated_ms / ms)),
                       tally.violated.empty() ? "" : ", VIOLATIONS");
}

Result<sim::Plan> read_scenario(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    if (!file) return fail(errc::scenario_unreadable, path);
    auto plan = sim::parse_plan(text);
    if (!plan) plan.error().detail = path + ": " + plan.error().detail;
    return plan;
}

Status write_file(const std::string& path, std::string_view text) {
    std::ofstream file(path, std::ios::binary | std::ios::trunc);
    file << text << std::flush;
    if (!file) return fail(errc::cannot_save, path);
    return {};
}

class Simulation {
  public:
    explicit Simulation(SimArguments options)
        : options_(std::move(options)),
          pool_({.run = sim::run_plan, .jobs = options_.jobs}),
          progress_(!options_.quiet) {}

    Result<ExitCode> run() {
        if (auto ok = find_plans(); !ok) return std::unexpected(ok.error());
        auto result = sim::run_campaign(pool_, campaign());
        progress_.clear();
        if (!result) return std::unexpected(result.error());
        result_ = std::move(*result);

        const bool held = result_.violated.empty();
        shown_ = held ? *result_.last : result_.violated.front();
        auto plan = plan_of(shown_.seed);
        if (!plan) return std::unexpected(plan.error());
        plan_ = std::move(*plan);
        if (!held) say_violations();
        if (!held && options_.minimize) make_small();
        if (auto ok = save(); !ok) return std::unexpected(ok.error());
        if (held || options_.keep_going) say_table();
        if (auto ok = draw(); !ok) return std::unexpected(ok.error());
        return exit_of(shown_.verdict);
    }

  private:
    Status find_plans() {
        options_.plan.lasts = Duration(static_cast<int64_t>(options_.minutes * 60e6));
        if (options_.scenario.empty()) return {};
        auto plan = read_scenario(options_.scenario);
        if (!plan) return std::unexpected(plan.error());
        scenario_ = std::move(*plan);
        if (!options_.seed_given) options_.plan.seed = scenario_->seed;
        return {};
    }

    [[nodiscard]] Result<sim::Plan> plan_of(uint64_t seed) const {
        // A scenario under other seeds: the same faults, other accidents.
        if (scenario_) {
            sim::Plan plan = *scenario_;
            plan.seed = seed;
            return plan;
        }
        sim::PlanOptions options = options_.plan;
        options.seed = seed;
        return sim::draw_plan(options);
    }

    [[nodiscard]] sim::CampaignOptions campaign() {
        return {.plan = [this](uint64_t seed) { return plan_of(seed); },
                .first_seed = options_.plan.seed,
                .seeds = options_.seeds,
                .keep_going = options_.keep_going,
                .progress =
                    [this](const sim::Outcome& outcome, const sim::Tally& tally) {
                        if (options_.trace)
                            fmt::print("trace: {} {:016x}\n", outcome.seed, outcome.trace);
                        progress_.say(progress_text(tally, options_.seeds));
                    }};
    }

    [[nodiscard]] std::string command(uint64_t seed) const {
        if (!options_.scenario.empty()) {
            std::string text = "holdfast sim --scenario " + options_.scenario;
            if (seed != scenario_->seed) text += fmt::format(" --seed {}", seed);
            return text;
        }
        std::string text = fmt::format(
            "holdfast sim --engine {} --nodes {} --seed {} --faults {} --minutes {} "
            "--load {}",
            options_.plan.engine, options_.plan.nodes, seed, options_.plan.profile,
            options_.minutes, options_.plan.load_per_second);
        if (!options_.plan.policy.empty()) text += " --policy " + options_.plan.policy;
        if (options_.plan.weight_max)
            text += fmt::format(" --weight-max {}", *options_.plan.weight_max);
        if (options_.plan.liars) text += fmt::format(" --liars {}", *options_.plan.liars);
        return text;
    }

    void say_violations() {
        const sim::Violation& first = shown_.violations.front();
        fmt::print("violated: {}: {}\nseed: {}\nseeds: {}\n", first.checker, first.what,
                   shown_.seed, result_.tally.seeds);
        for (size_t i = 1; i < shown_.violations.size(); ++i)
            fmt::print("with it: {}: {}\n", shown_.violations[i].checker,
                       shown_.violations[i].what);
        for (size_t i = 1; i < result_.violated.size(); ++i) {
            const sim::Outcome& other = result_.violated[i];
            fmt::print("also: seed {}: {}: {}\n", other.seed, other.violations.front().checker,
                       other.violations.front().what);
        }
        fmt::print("version: {}\nreproduce: {}\n", version_line, command(shown_.seed));
        std::fflush(stdout);
    }

    void make_small() {
        if (sim::identity(shown_) == "determinism") {
            fmt::print(stderr, "holdfast: one run cannot show that two differ: not minimized\n");
            return;
        }
        const size_t faults = plan_.faults.size(), operations = plan_.operations.size();
        const sim::MinimizeOptions options{
            .tries_max = options_.tries, .progress = [this](const sim::MinimizeProgress& it) {
                progress_.say(fmt::format("minimizing: {} tries, {} faults and {} operations left",
                                          it.tries, it.best.faults.size(),
                                          it.best.operations.size()));
            }};
        sim::Minimized small = sim::minimize(plan_, shown_, pool_, options);
        progress_.clear();
        plan_ = std::move(small.plan);
        shown_ = std::move(small.outcome);
        minimized_ =
            fmt::format("from {} faults and {} operations to {} and {}, in {} tries", faults,
                        operations, plan_.faults.size(), plan_.operations.size(), small.tries);
        fmt::print("minimized: {}\n", minimized_);
        for (const sim::Fault& fault : plan_.faults) fmt::print("  {}\n", describe(fault));
    }

    Status save() {
        const bool print = options_.save.empty() && !minimized_.empty();
        if (options_.save.empty() && !print) return {};
        std::string text = fmt::format("# {}, seed {}: {}\n", version_line, shown_.seed,
                                       to_string(shown_.verdict));
        if (!shown_.violations.empty()) {
            std::string what = shown_.violations.front().what;
            std::ranges::replace(what, '\n', ' ');
            text += fmt::format("# {}: {}\n", shown_.violations.front().checker, what);
        }
        text += sim::to_text(plan_);
        if (print) {
            fmt::print("scenario:\n{}", text);
            return {};
        }
        if (auto ok = write_file(options_.save, text); !ok) return ok;
        fmt::print("saved: {}  (holdfast sim --scenario {})\n", options_.save, options_.save);
        return {};
    }

    void say_table() {
        if (options_.quiet) return;
        fmt::print("{}", sim::table(sim::rows(result_.tally, marks_to_pass())));
    }
    /// All but those of the other engines.
    [[nodiscard]] std::vector<std::string> marks_to_pass() const {
        std::vector<std::string> marks = SometimesMark::all();
        std::erase_if(marks, [&](const std::string& mark) {
            const auto engine = chain::engine_kind_from(mark.substr(0, mark.find('.')));
            return engine && chain::to_string(*engine) != options_.plan.engine;
        });
        return marks;
    }

    /// The run again, with somebody who writes down what happens.
    Status draw() {
        if (options_.report.empty()) return {};
        sim::Finished finished = pool_.run_one({.plan = plan_, .record = true});
        sim::Report page{.plan = plan_,
                         .outcome = shown_,
                         .recorder = std::move(finished.recorder),
                         .campaign = {},
                         .version = version_line,
                         .command = command(shown_.seed),
                         .minimized = minimized_};
        if (!minimized_.empty() && !options_.save.empty())
            page.command = "holdfast sim --scenario " + options_.save;
        if (options_.seeds > 1) page.campaign = sim::rows(result_.tally, marks_to_pass());
        if (auto ok = write_file(options_.report, sim::html(page)); !ok) return ok;
        fmt::print("report: {}\n", options_.report);
        return {};
    }

    SimArguments options_;
    sim::Pool pool_;
    ProgressLine progress_;
    std::optional<sim::Plan> scenario_;
    sim::CampaignResult result_;
    sim::Plan plan_;      ///< of the run that is shown
    sim::Outcome shown_;  ///< the first that broke a rule, or the last
    std::string minimized_;
};

ExitCode simulate(SimArguments options) {
    if (options.jobs == 0)
        options.jobs = static_cast<size_t>(std::max(1L, ::sysconf(_SC_NPROCESSORS_ONLN)));
    const auto done = Simulation(std::move(options)).run();
    if (done) return *done;
    // Whatever cannot be simulated at all was asked for wrongly.
    fmt::print(stderr, "holdfast: {}\n", describe(done.error()));
    return ExitCode::usage;
}

std::string joined_profiles() {
    std::string text;
    for (const std::string_view name : sim::profiles())
        text.append(text.empty() ? "" : ", ").append(name);
    return text;
}

}  // namespace

void add_sim_command(CLI::App& app, Run& chosen) {
    auto options = std::make_shared<SimArguments>();
    CLI::App* command =
        app.add_subcommand("sim", "clusters in a virtual world, under faults: does a rule break?");
    // Of what is said twice the last counts, so that scripts can add to a command.
    command->option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
    command->add_option("--engine", options->plan.engine, "how the nodes agree: raft, paxos, bft")
        ->capture_default_str();
    command->add_option("--nodes", options->plan.nodes, "members at the beginning")
        ->capture_default_str();
    command->add_option("--liars", options->plan.liars,
                        "members that lie, of bft; default: drawn, of less than a third");
    command->add_option("--policy", options->plan.policy,
                        "who takes part, of bft: poa, pos, dpos; default: drawn");
    command->add_option("--weight-max", options->plan.weight_max,
                        "the greatest weight of members, of bft; default: drawn");
    CLI::Option* seed =
        command->add_option("--seed", options->plan.seed, "the first seed; a seed is a whole run")
            ->capture_default_str();
    command->add_option("--seeds", options->seeds, "how many, one after the other")
        ->check(CLI::Range(uint64_t{1}, uint64_t{1'000'000'000}))
        ->capture_default_str();
    command->add_option("--faults", options->plan.profile, "which: " + joined_profiles())
        ->capture_default_str();
    command->add_option("--minutes", options->minutes, "simulated time with faults, of each run")
        ->check(CLI::Range(0.001, 1440.0))
        ->capture_default_str();
    command->add_option("--load", options->plan.load_per_second, "calls of clients a second")
        ->capture_default_str();
    command->add_option("--jobs", options->jobs, "runs at once; default: one for each core")
        ->check(CLI::Range(size_t{1}, size_t{256}));
    command->add_flag("--keep-going", options->keep_going, "after a violation");
    command->add_flag("--minimize", options->minimize,
                      "make the first plan that breaks a rule as small as it goes");
    command->add_option("--tries", options->tries, "at most so many runs to minimize")
        ->capture_default_str();
    command->add_option("--save", options->save, "write the plan, as a scenario, to this file");
    command->add_option("--scenario", options->scenario, "run the plan in this file");
    command->add_option("--report", options->report, "draw the run as a page: FILE.html");
    command->add_flag("--trace", options->trace, "print the trace's hash of each seed");
    command->add_flag("--quiet", options->quiet, "no progress and no table");
    command->footer(
        "Exit code: 0 every rule held, 1 a crash, 2 a broken rule of safety, 3 no progress, 64 "
        "nothing was simulated.");
    command->callback([options, seed, &chosen] {
        options->seed_given = seed->count() > 0;
        chosen = [options] { return simulate(*options); };
    });
}

}  // namespace holdfast::app
