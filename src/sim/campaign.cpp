// Outcomes come in any order and are taken in the order of the seeds.
#include "sim/campaign.h"

#include <algorithm>

#include "base/check.h"

namespace holdfast::sim {
namespace {

using Clock = std::chrono::steady_clock;

constexpr size_t violated_kept_max = 1'000;

class Campaign {
  public:
    Campaign(Pool& pool, const CampaignOptions& options) : pool_(pool), options_(options) {}

    Result<CampaignResult> run() {
        pool_.run([this] { return next(); },
                  [this](size_t number, Finished finished) {
                      return done(number, std::move(finished.outcome));
                  });
        if (error_) return std::unexpected(*error_);
        return std::move(result_);
    }

  private:
    [[nodiscard]] bool is_audited(uint64_t index) const {
        const uint64_t every = options_.audit_every;
        return every != 0 && index % every == every - 1;
    }

    std::optional<Request> next() {
        // Beyond a violation nothing is wanted; before it, everything.
        if (index_ == options_.seeds || violation_seen_ || error_) return std::nullopt;
        auto plan = options_.plan(options_.first_seed + index_);
        if (!plan) {
            error_ = plan.error();
            return std::nullopt;
        }
        is_second_.push_back(repeat_);
        repeat_ = !repeat_ && is_audited(index_);
        if (!repeat_) ++index_;
        return Request{.plan = std::move(*plan)};
    }

    bool done(size_t number, Outcome outcome) {
        violation_seen_ |= !options_.keep_going && outcome.verdict != Verdict::held;
        early_.emplace(number, std::move(outcome));
        for (auto at = early_.find(taken_); at != early_.end(); at = early_.find(taken_)) {
            Outcome it = std::move(at->second);
            early_.erase(at);
            const bool second = is_second_[taken_++];
            if (second) {
                if (!audit(it)) return false;
                continue;
            }
            if (!take(std::move(it))) return false;
        }
        return true;
    }

    /// An outcome in its turn. False: it ends the campaign.
    bool take(Outcome outcome) {
        Tally& tally = result_.tally;
        tally.add(outcome);
        tally.took = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - began_);
        result_.last = outcome;
        if (options_.progress) options_.progress(outcome, tally);
        return outcome.verdict == Verdict::held || violated(std::move(outcome));
    }

    bool violated(Outcome outcome) {
        if (result_.violated.size() < violated_kept_max)
            result_.violated.push_back(std::move(outcome));
        return options_.keep_going;
    }

    bool audit(const Outcome& second) {
        ++result_.tally.audited;
        const Outcome& first = *result_.last;
        if (second.trace == first.trace && second.verdict == first.verdict) return true;
        Outcome outcome = first;
        outcome.verdict = std::max(outcome.verdict, Verdict::safety);
        outcome.violations = {
            {.checker = "determinism",
             .what = fmt::format("two runs of the same plan differ: trace {:016x} ({}), then "
                                 "{:016x} ({})",
                                 first.trace, to_string(first.verdict), second.trace,
                                 to_string(second.verdict)),
             .at = first.simulated}};
        ++result_.tally.violated["determinism"];
        return violated(std::move(outcome));
    }

    Pool& pool_;
    const CampaignOptions& options_;
    const Clock::time_point began_ = Clock::now();
    uint64_t index_ = 0;
    bool repeat_ = false;  ///< the next request is the same seed again
    bool violation_seen_ = false;
    std::optional<Error> error_;
    std::vector<bool> is_second_;      ///< by the number of the request
    std::map<size_t, Outcome> early_;  ///< came before their turn
    size_t taken_ = 0;
    CampaignResult result_;
};

std::string listed(const std::map<std::string, uint64_t>& counts) {
    std::vector<std::pair<uint64_t, std::string_view>> sorted;
    sorted.reserve(counts.size());
    for (const auto& [name, count] : counts) sorted.emplace_back(count, name);
    std::ranges::stable_sort(sorted, std::ranges::greater{},
                             [](const auto& it) { return it.first; });
    std::string text;
    for (const auto& [count, name] : sorted)
        text += fmt::format("{}{} {}", text.empty() ? "" : ", ", name, grouped(count));
    return text.empty() ? "none" : text;
}

}  // namespace

std::string grouped(uint64_t number) {
    std::string text = std::to_string(number);
    for (size_t at = text.size(); at > 3; at -= 3) text.insert(at - 3, 1, ' ');
    return text;
}

void Tally::add(const Outcome& outcome) {
    ++seeds;
    simulated += outcome.simulated;
    events += outcome.events;
    engine_steps += outcome.engine_steps;
    elections += outcome.elections;
    blocks += outcome.blocks;
    transfers_acknowledged += outcome.transfers_acknowledged;
    transfers_unknown += outcome.transfers_unknown;
    reads_answered += outcome.reads_answered;
    if (outcome.unrecoverable) ++unrecoverable;
    for (const auto& [kind, count] : outcome.faults) faults[kind] += count;
    for (const std::string& mark : outcome.marks) ++marks[mark];
    if (!outcome.violations.empty()) ++violated[outcome.violations.front().checker];
}

std::vector<TallyRow> rows(const Tally& tally, const std::vector<std::string>& known_marks) {
    const auto ms = static_cast<uint64_t>(std::max<int64_t>(1, tally.took.count()));
    const auto per_second = [&](uint64_t count) {
        return fmt::format("{} ({} a second)", grouped(count), grouped(count * 1000 / ms));
    };
    const auto simulated_ms = static_cast<uint64_t>(tally.simulated.count() / 1000);
    std::vector<TallyRow> made{
        {"seeds", fmt::format("{}, of which {} were run twice and compared", grouped(tally.seeds),
                              grouped(tally.audited))},
        {"violations", listed(tally.violated)},
        {"simulated time",
         fmt::format("{}.{:02} hours, {} times as fast as real time", simulated_ms / 3'600'000,
                     simulated_ms % 3'600'000 / 36'000, grouped(simulated_ms / ms))},
        {"events", per_second(tally.events)},
        {"steps of engines", per_second(tally.engine_steps)},
        {"elections", grouped(tally.elections)},
        {"blocks committed", grouped(tally.blocks)},
        {"transfers acknowledged", grouped(tally.transfers_acknowledged)},
        {"transfers in doubt", grouped(tally.transfers_unknown)},
        {"reads answered", grouped(tally.reads_answered)},
        {"excused from progress", grouped(tally.unrecoverable) + " seeds: beyond recovery"},
        {"faults", listed(tally.faults)},
    };
    std::vector<std::string> missed;
    for (const std::string& mark : known_marks)
        if (!tally.marks.contains(mark)) missed.push_back(mark);
    made.push_back({"marks passed, in how many seeds", listed(tally.marks)});
    made.push_back({"marks never passed", fmt::format("{}", fmt::join(missed, ", "))});
    if (missed.empty()) made.back().value = "none";
    return made;
}

std::string table(const std::vector<TallyRow>& rows) {
    size_t width = 0;
    for (const TallyRow& row : rows) width = std::max(width, row.name.size());
    std::string text;
    for (const TallyRow& row : rows)
        text += fmt::format("{:<{}}  {}\n", row.name, width, row.value);
    return text;
}

Result<CampaignResult> run_campaign(Pool& pool, const CampaignOptions& options) {
    CHECK(options.plan != nullptr, "sim: a campaign has plans");
    return Campaign(pool, options).run();
}

}  // namespace holdfast::sim
