// The engine as a Family: how scripts and random tests start one.
#include "consensus/bft/describe.h"
#include "consensus/bft/invariants.h"

namespace holdfast::bft {
namespace {

/// Machine 104 speaks as node 4.
constexpr uint64_t twins_from = 100;

crypto::NodeSeed seed_of(NodeId id) {
    crypto::NodeSeed seed;
    seed.bytes.fill(static_cast<uint8_t>(id.value));
    return seed;
}

}  // namespace

consensus::Family family() {
    const auto restore_engine = [](const consensus::Family::Start& start, consensus::Effects& out) {
        Config config;
        config.self = NodeId(start.self.value % twins_from);
        config.voting_seed = seed_of(config.self);
        config.seed = start.option("seed", 0);
        config.incarnation = start.incarnation;
        config.epoch_blocks = start.option("epoch", 1'000'000);
        config.unfinal_blocks_max = start.option("unfinal", config.unfinal_blocks_max);
        config.journal_bytes_max = start.option("journal", config.journal_bytes_max);
        config.candidates_bytes_max = start.option("kept", config.candidates_bytes_max);
        return bft::restore(config, start.base, start.records, start.health, start.now, out);
    };
    return {.restore = restore_engine,
            .describe_message = describe_message,
            .describe_record = describe_record,
            .broken_invariants = broken_invariants,
            .voting_key = [](NodeId id) { return crypto::NodeKey(seed_of(id)).public_key(); },
            .describe_evidence = describe_evidence,
            .view_word = "view",
            .marks_differ = true};
}

}  // namespace holdfast::bft
