// Raft as a Family: how scripts and random tests start one of its engines.
#include "consensus/raft/describe.h"
#include "consensus/raft/invariants.h"

namespace holdfast::raft {

consensus::Family family() {
    const auto restore_engine = [](const consensus::Family::Start& start, consensus::Effects& out) {
        Config config;
        config.self = start.self;
        // Without names, logs hold nothing but what a script is about.
        config.incarnation = start.option("nameless", 0) != 0 ? 0 : start.incarnation;
        config.seed = start.option("seed", 0);
        config.appends_in_flight_max = start.option("window", config.appends_in_flight_max);
        config.entries_in_flight_max = start.option("in_flight", config.entries_in_flight_max);
        config.append_bytes_max = start.option("append_bytes", config.append_bytes_max);
        config.log_bytes_retained = start.option("retained", config.log_bytes_retained);
        return raft::restore(config, start.base, start.records, start.health, start.now, out);
    };
    return {.restore = restore_engine,
            .describe_message = describe_message,
            .describe_record = describe_record,
            .broken_invariants = broken_invariants};
}

}  // namespace holdfast::raft
