// What the process tells whoever started it, and how an error becomes that. The table stands in
// docs/operations.md too, and a test compares them.
#pragma once

#include <span>

#include "base/result.h"
#include "sim/outcome.h"

namespace holdfast::app {

enum class ExitCode : int {
    ok = 0,
    failed = 1,         ///< asked and answered: a problem was found, a transaction was refused
    bad_config = 3,     ///< configuration, keys or genesis refused
    bad_data = 4,       ///< the data folder is missing, in use, damaged or another's
    cannot_listen = 5,  ///< an address is taken or not ours
    stopped = 6,        ///< the node stopped itself, because going on would do harm
    usage = 64,         ///< the command line makes no sense
    // Of `holdfast sim`, which meets none of the above but `usage`.
    node_crashed = 1,
    rule_broken = 2,
    no_progress = 3,
};

/// What `holdfast sim` ends with.
ExitCode exit_of(sim::Verdict verdict);

/// What an error means to the operator, and what to do about it.
struct Advice {
    std::string_view name;  ///< of the Errc
    ExitCode exit;
    std::string_view meaning;
    std::string_view repair;
};
/// Null for an error that has no advice: its detail then says everything.
const Advice* advice_on(Errc code);
std::span<const Advice> all_advice();

/// One line: what happened, what it means, what to do.
std::string explain(const Error& error);
/// Prints the line on standard error and gives the exit code.
ExitCode report(const Error& error);

}  // namespace holdfast::app
