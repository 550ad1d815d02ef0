// Many seeds in a row: what came of them together, and the first that broke a rule.
#pragma once

#include "sim/isolated.h"

namespace holdfast::sim {

/// What came of many runs together.
struct Tally {
    uint64_t seeds = 0;
    uint64_t audited = 0;  ///< run twice, traces compared
    Duration simulated{};
    uint64_t events = 0, engine_steps = 0;
    uint64_t elections = 0, blocks = 0;
    uint64_t transfers_acknowledged = 0, transfers_unknown = 0, reads_answered = 0;
    uint64_t unrecoverable = 0;                ///< seeds of which no progress was demanded
    std::map<std::string, uint64_t> faults;    ///< that took effect, by kind
    std::map<std::string, uint64_t> marks;     ///< seeds that passed each
    std::map<std::string, uint64_t> violated;  ///< seeds by the checker of their first violation
    std::chrono::milliseconds took{};          ///< of real time

    void add(const Outcome& outcome);
};

/// The tally as lines of a table: what, and how much. `known_marks` are all of the program.
struct TallyRow {
    std::string name, value;
};
std::vector<TallyRow> rows(const Tally& tally, const std::vector<std::string>& known_marks);
std::string table(const std::vector<TallyRow>& rows);

struct CampaignOptions {
    std::function<Result<Plan>(uint64_t seed)> plan;
    uint64_t first_seed = 1;
    uint64_t seeds = 1;
    bool keep_going = false;    ///< after a violation
    uint64_t audit_every = 50;  ///< one of so many seeds is run twice; 0: none
    /// Called for each seed, in the order of the seeds.
    std::function<void(const Outcome&, const Tally&)> progress;
};
struct CampaignResult {
    Tally tally;
    std::vector<Outcome> violated;  ///< the first ones, in the order of the seeds
    std::optional<Outcome> last;    ///< of the last seed that was run
};

/// What it gives does not depend on how many children there are: seeds count in their order, up to
/// the first violation. A second run with another trace is a violation of "determinism".
/// Errors: those of `plan`.
Result<CampaignResult> run_campaign(Pool& pool, const CampaignOptions& options);

/// 1234567 as "1 234 567".
std::string grouped(uint64_t number);

}  // namespace holdfast::sim
