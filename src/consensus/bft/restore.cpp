// From a journal to an engine: what may still be said after which kind of end.
#include "consensus/bft/core.h"

namespace holdfast::bft {

using consensus::JournalHealth;

Config config_for(const chain::Genesis& genesis) {
    const auto milliseconds = [](uint64_t count) {
        return Duration(std::chrono::milliseconds(static_cast<int64_t>(count)));
    };
    Config config;
    config.genesis = chain::genesis_hash(genesis);
    config.delta = milliseconds(genesis.bft.delta_ms);
    config.empty_interval = milliseconds(genesis.parameters.empty_interval_ms);
    config.epoch_blocks = genesis.bft.epoch_blocks;
    config.payload_bytes_max = genesis.parameters.payload_bytes_max;
    return config;
}

std::unique_ptr<consensus::Engine> restore(const Config& config, const consensus::Base& base,
                                           const std::vector<consensus::JournalRecord>& records,
                                           JournalHealth health, Instant now,
                                           consensus::Effects& out) {
    constexpr std::string_view rejoin =
        "promises in this journal are lost: stop the node and run `holdfast init --rejoin`";
    std::string note;
    Recalled recalled;
    for (const auto& record : records) recalled.last = std::max(recalled.last, record.token);
    if (health == JournalHealth::damaged) {
        // The journal has set it aside and begun another, which must remember that.
        recalled.forgetful = true;
    } else if (auto read = recall(records); !read) {
        note = rejoin;
    } else {
        recalled = std::move(*read);
        // Another incarnation's records are not ours.
        if (recalled.incarnation && *recalled.incarnation != config.incarnation) {
            const consensus::Token last = recalled.last;
            recalled = {};
            recalled.last = last;
            note = rejoin;
        }
    }
    // Once lost stays lost, until the others have told.
    if (note.empty() && health == JournalHealth::lost && !recalled.incarnation)
        recalled.forgetful = true;
    if (note.empty() && recalled.forgetful)
        note = "the journal was lost: asking the others how far this node may have spoken";
    auto core = std::make_unique<Core>(config, base, std::move(recalled), std::move(note), now);
    core->begin(out);
    return core;
}

}  // namespace holdfast::bft
