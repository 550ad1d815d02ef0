// The door: joins the ledger's store and the journal, and settles as whom this node speaks from now
// on.
#include "consensus/paxos/paxos.h"

#include "consensus/paxos/core.h"

namespace holdfast::paxos {
namespace {

using consensus::JournalHealth;

/// Sits nowhere, whatever a configuration says.
constexpr Speaker nobody{.incarnation = 0, .rejoined = true};

Mark mark_of(const consensus::Base& base) {
    if (auto mark = decode_mark(base.mark)) return *mark;
    return {.slot = Slot{},
            .position = base.applied,
            .terms = {{Slot{}, Configuration::founding(base.members)}}};
}

// A damaged journal's records are not used. If they show that this very incarnation has spoken,
// then its promises are lost with them, and it must never speak as that voter again: it may have
// accepted what was chosen, or promised not to accept it. [PML §5.1]
bool spoke_before(const std::vector<consensus::JournalRecord>& records, uint64_t incarnation) {
    return std::ranges::any_of(records, [&](const consensus::JournalRecord& stored) {
        const auto record = decode_record(*stored.bytes);
        return !record || (record->vow && record->vow->speaker.incarnation == incarnation);
    });
}

}  // namespace

std::unique_ptr<consensus::Engine> restore(const Config& config, const consensus::Base& base,
                                           const std::vector<consensus::JournalRecord>& records,
                                           JournalHealth health, Instant now,
                                           consensus::Effects& out) {
    const Mark applied = mark_of(base);
    consensus::Token last;
    for (const auto& record : records) last = std::max(last, record.token);
    std::string note;

    Speaker speaker{.incarnation = config.incarnation, .rejoined = health != JournalHealth::intact};
    if (speaker.rejoined)
        note =
            "the journal was lost: learning from the others, voting again once they list this one";
    Recalled recalled{
        .vow = {}, .slots = Slots(applied, config.alpha), .start_is_new = true, .last = last};
    if (health == JournalHealth::damaged) {
        if (spoke_before(records, config.incarnation)) speaker = nobody;
    } else if (!records.empty()) {
        if (auto read = recall(applied, records, config.alpha); !read) {
            speaker = nobody;
        } else {
            recalled = std::move(*read);
            const Speaker before = recalled.vow.speaker;
            // Once lost stays lost, whatever is reported later; another incarnation's records are
            // not ours.
            speaker.rejoined = speaker.rejoined || before.rejoined;
            if (before.incarnation != speaker.incarnation) speaker = nobody;
        }
    }
    if (speaker == nobody)
        note = "promises in this journal are lost: stop the node and run `holdfast init --rejoin`";
    recalled.vow.speaker = speaker;
    ++recalled.vow.boot;

    auto core = std::make_unique<Core>(config, base, std::move(recalled), std::move(note), now);
    core->begin(out);
    return core;
}

}  // namespace holdfast::paxos
