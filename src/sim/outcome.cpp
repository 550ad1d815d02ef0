// Names of verdicts.
#include "sim/outcome.h"

namespace holdfast::sim {

std::string_view to_string(Verdict verdict) {
    switch (verdict) {
        case Verdict::held:
            return "held";
        case Verdict::crash:
            return "crash";
        case Verdict::safety:
            return "safety";
        case Verdict::liveness:
            return "liveness";
    }
    return "unknown";
}

}  // namespace holdfast::sim
