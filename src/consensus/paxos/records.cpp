// Journal records, and their replay.
#include "consensus/paxos/records.h"

#include <map>

namespace holdfast::paxos {
namespace {

constexpr uint8_t has_vow = 1;
constexpr uint8_t has_start = 2;
constexpr uint8_t has_accepted = 4;
constexpr uint8_t leaps = 8;
constexpr uint8_t all_parts = has_vow | has_start | has_accepted | leaps;

struct Kept {
    Acceptance acceptance;
    Token token;
};

/// What the records tell, each slot's newest word.
struct Replay {
    std::optional<Mark> start;  ///< the newest
    Slot forgotten;             ///< up to here records may be gone
    std::map<Slot, Kept> accepted;
    Slot sure;    ///< the values up to here, from the oldest on, are the chosen ones...
    Slot leapt;   ///< ...and so are those after this...
    Slot chosen;  ///< ...up to here

    void on_record(const Record& record, Token token) {
        for (const Acceptance& one : record.accepted)
            accepted.insert_or_assign(one.slot, Kept{one, token});
        if (record.start) {
            if (!start || record.start->slot >= start->slot) start = record.start;
            Slot& upto = record.leaps && record.start->slot > sure ? leapt : forgotten;
            upto = std::max(upto, record.start->slot);
        }
        chosen = std::max(chosen, record.chosen);
        if (leapt == Slot{}) sure = chosen;
    }
    /// Everything after `slot` that may have been forgotten is still here.
    [[nodiscard]] bool reaches_back_to(Slot slot) const {
        while (slot < forgotten && accepted.contains(slot.next())) ++slot;
        return slot >= forgotten;
    }
};

}  // namespace

Buffer encode(const Record& record) {
    size_t reserve = 256;
    for (const Acceptance& one : record.accepted)
        reserve += value_overhead_bytes + one.value.data->size();
    Writer out(reserve);
    out.u8(static_cast<uint8_t>((record.vow ? has_vow : 0) | (record.start ? has_start : 0) |
                                (record.accepted.empty() ? 0 : has_accepted) |
                                (record.leaps ? leaps : 0)));
    if (record.vow) {
        write(out, record.vow->ballot);
        out.u64(record.vow->boot);
        write(out, record.vow->speaker);
    }
    if (record.start) write(out, *record.start);
    out.ordinal(record.chosen);
    if (!record.accepted.empty()) {
        out.count(record.accepted.size());
        for (const Acceptance& one : record.accepted) write(out, one);
    }
    return make_buffer(out.take());
}

Result<Record> decode_record(ByteView bytes) {
    Reader in(bytes);
    const uint8_t parts = in.u8();
    const bool leaps_nowhere = (parts & leaps) != 0 && (parts & has_start) == 0;
    if (parts == 0 || parts > all_parts || leaps_nowhere) in.fail_with(codec_errc::bad_value);
    Record record;
    record.leaps = (parts & leaps) != 0;
    if ((parts & has_vow) != 0) {
        Vow vow;
        vow.ballot = read_ballot(in);
        vow.boot = in.u64();
        vow.speaker = consensus::read_speaker(in);
        record.vow = vow;
    }
    if ((parts & has_start) != 0) record.start = read_mark(in);
    record.chosen = in.ordinal<Slot>();
    if ((parts & has_accepted) != 0) {
        const size_t count = in.count(message_values_max);
        for (size_t i = 0; i < count && !in.failed(); ++i)
            record.accepted.push_back(read_acceptance(in));
    }
    if (Status status = in.finish(); !status) return std::unexpected(status.error());
    return record;
}

Result<Recalled> recall(const Mark& applied, const std::vector<consensus::JournalRecord>& records,
                        size_t alpha) {
    Replay replay;
    Vow vow;
    Token last;
    for (const consensus::JournalRecord& stored : records) {
        last = std::max(last, stored.token);
        auto record = decode_record(*stored.bytes);
        if (!record) return std::unexpected(record.error());
        if (record->vow) vow = *record->vow;
        replay.on_record(*record, stored.token);
    }
    // The first record of all says where the slots start, and no record is forgotten before another
    // has said so again.
    if (!replay.start) return fail(codec_errc::bad_value, "no record tells where the slots start");
    // The store is trusted: what it holds is chosen. Of the slots up to there, this journal may
    // hold older words, if its disk was slower than the ledger's; so it starts at the store's mark,
    // unless it has said itself that its values up to there are the chosen ones.
    const bool ahead = applied.slot > std::max(replay.chosen, replay.start->slot);
    // A store that was not flushed in time may be behind a start that was taken from it, or written
    // for it. As long as it is, no record is forgotten that tells of what comes after it.
    const bool behind = applied.slot < replay.start->slot && replay.reaches_back_to(applied.slot);
    Slots slots(ahead || behind ? applied : *replay.start, alpha);
    for (auto& [slot, kept] : replay.accepted)
        if (slot > slots.start().slot)
            slots.accept(slot, kept.acceptance.ballot, std::move(kept.acceptance.value),
                         kept.token);
    // What is not known to be chosen was accepted all the same.
    const Slot known = behind ? replay.sure : replay.chosen;
    while (slots.chosen() < known && slots.find(slots.chosen().next()) != nullptr) slots.choose();
    const bool inside = applied.slot >= slots.start().slot && applied.slot <= slots.chosen();
    if (inside && slots.position_at(applied.slot) != applied.position)
        return fail(codec_errc::bad_value, "the ledger's store is not of this journal");
    return Recalled{vow, std::move(slots), ahead, last};
}

}  // namespace holdfast::paxos
