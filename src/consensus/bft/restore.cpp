// From a journal to an engine: what may still be said after which kind of end.
#include "consensus/bft/core.h"

namespace holdfast::bft {

using consensus::JournalHealth;

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
        note = rejoin;
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
