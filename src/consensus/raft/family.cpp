// Raft as a Family: how scripts and random tests start one of its engines.
#include "consensus/raft/describe.h"
#include "consensus/raft/invariants.h"

namespace holdfast::raft {

consensus::Family family() {
    const auto restore_engine = [](const consensus::Family::Start& start, consensus::Effects& out) {
        const auto option = [&](std::string_view name, size_t otherwise) {
            const auto found = start.options.find(name);
            return found == start.options.end() ? otherwise : static_cast<size_t>(found->second);
        };
        Config config;
        config.self = start.self;
        // Without names, logs hold nothing but what a script is about.
        config.incarnation = option("nameless", 0) != 0 ? 0 : start.incarnation;
        config.seed = option("seed", 0);
        config.appends_in_flight_max = option("window", config.appends_in_flight_max);
        config.entries_in_flight_max = option("in_flight", config.entries_in_flight_max);
        config.append_bytes_max = option("append_bytes", config.append_bytes_max);
        config.log_bytes_retained = option("retained", config.log_bytes_retained);
        return raft::restore(config, start.base, start.records, start.health, start.now, out);
    };
    return {.restore = restore_engine,
            .describe_message = describe_message,
            .describe_record = describe_record,
            .broken_invariants = broken_invariants};
}

}  // namespace holdfast::raft
