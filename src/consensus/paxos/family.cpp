// The engine as a Family: how scripts and random tests start one.
#include "consensus/paxos/describe.h"
#include "consensus/paxos/invariants.h"

namespace holdfast::paxos {

consensus::Family family() {
    const auto restore_engine = [](const consensus::Family::Start& start, consensus::Effects& out) {
        const auto option = [&](std::string_view name, size_t otherwise) {
            const auto found = start.options.find(name);
            return found == start.options.end() ? otherwise : static_cast<size_t>(found->second);
        };
        Config config;
        config.self = start.self;
        // Without names, slots hold nothing but what a script is about.
        config.incarnation = option("nameless", 0) != 0 ? 0 : start.incarnation;
        config.seed = option("seed", 0);
        config.alpha = option("alpha", 4);
        config.messages_in_flight_max = option("window", config.messages_in_flight_max);
        config.message_values_bytes_max = option("message_bytes", config.message_values_bytes_max);
        config.retained_bytes_max = option("retained", config.retained_bytes_max);
        return paxos::restore(config, start.base, start.records, start.health, start.now, out);
    };
    return {.restore = restore_engine,
            .describe_message = describe_message,
            .describe_record = describe_record,
            .broken_invariants = broken_invariants,
            .view_word = "round",
            .views_are_shared = true};
}

}  // namespace holdfast::paxos
