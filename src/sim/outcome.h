// What came of a run: plain values, small enough to travel from a worker process to its parent.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/time.h"

namespace holdfast::sim {

/// In the order of the exit codes of `holdfast sim`.
enum class Verdict : uint8_t { held, crash, safety, liveness };

struct Violation {
    std::string checker;  ///< "agreement", "raft-one-vote", "CHECK <the rule>", "liveness", …
    std::string what;     ///< one line
    Duration at{};        ///< simulated time since the start
    bool operator==(const Violation&) const = default;
};

struct Outcome {
    uint64_t seed = 0;
    Verdict verdict = Verdict::held;
    std::vector<Violation> violations;  ///< the first is the one that ended the run
    uint64_t trace = 0;                 ///< rolling hash over every event, input and effect
    Duration simulated{};
    uint64_t events = 0;
    uint64_t engine_steps = 0;
    uint64_t blocks = 0;  ///< the greatest final height
    uint64_t transfers_acknowledged = 0, transfers_unknown = 0, reads_answered = 0;
    uint64_t elections = 0;      ///< views in which somebody led
    bool unrecoverable = false;  ///< progress was not demanded: the oracle saw that it could not be
    std::map<std::string, uint64_t> faults;  ///< that took effect, by kind
    std::vector<std::string> marks;          ///< coverage marks hit, sorted
};

/// "held", "crash", "safety", "liveness".
std::string_view to_string(Verdict verdict);

}  // namespace holdfast::sim
