// The door: joins the ledger's store and the journal.
#include "consensus/pow/pow.h"

#include "base/check.h"
#include "consensus/pow/core.h"

namespace holdfast::pow {

std::unique_ptr<consensus::Engine> restore(const Config& config, const consensus::Base& base,
                                           const std::vector<consensus::JournalRecord>& records,
                                           consensus::JournalHealth health, Instant now,
                                           consensus::Effects& out) {
    CHECK(problem_of(config.rules).empty(), "the genesis was checked when it was read");
    auto recalled = recall(config.rules, base, records, config.headers_max);
    if (!recalled)
        fatal(
            "the ledger's store holds marks that are none of this chain's: "
            "`holdfast init --rejoin`");
    auto core = std::make_unique<Core>(config, std::move(*recalled), health, now);
    core->begin(out);
    return core;
}

}  // namespace holdfast::pow
