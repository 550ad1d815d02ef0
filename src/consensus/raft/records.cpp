// Journal records, and their replay.
#include "consensus/raft/records.h"

namespace holdfast::raft {
namespace {

constexpr uint8_t has_promise = 1;
constexpr uint8_t has_start = 2;
constexpr uint8_t has_entries = 4;

/// What the records tell so far. Older records may be gone, so the first entries met may have an
/// unknown predecessor (`start_known` false) until a start inside them is read.
class Replay {
  public:
    explicit Replay(const Mark& genesis) : log_(genesis) {}

    void on_start(const Mark& mark);
    bool on_entries(Index first, const std::vector<Entry>& entries, consensus::Token token);
    Result<Recalled> finish(const Mark& applied, const Promise& promise, consensus::Token last) &&;

  private:
    void reset(Mark start, bool known, consensus::Token token) {
        log_.reset(std::move(start), token);
        start_known_ = known;
    }
    Log log_;
    bool start_known_ = true;
};

void Replay::on_start(const Mark& mark) {
    // An older start, written after entries that have outlived what it once preceded.
    if (mark.index < log_.start().index) return;
    // Whatever precedes the first entry that is left, its place tells that it is this mark.
    const bool precedes = !start_known_ && mark.index == log_.start().index;
    const bool inside = precedes || log_.term_at(mark.index) == mark.term;
    // Entries from before the mark stay while their own start is known: the store may not yet hold
    // what they say. A log that contradicts or lacks the mark gives way to it. [Raft §7]
    if (!inside) {
        reset(mark, true, {});
    } else if (!start_known_) {
        log_.drop_through(mark);
        start_known_ = true;
    }
}

bool Replay::on_entries(Index first, const std::vector<Entry>& entries, consensus::Token token) {
    if (first.value == 0) return false;
    const bool gap = first > log_.last_index().next();
    if (gap || first <= log_.start().index) {
        // Only at the very beginning of what is left, where older records were forgotten, may the
        // log begin in the middle of nowhere.
        const bool in_midst = log_.last_index() > log_.start().index;
        if (start_known_ && (in_midst || !gap)) return false;
        Mark unknown = log_.start();
        unknown.index = first.previous();
        reset(std::move(unknown), false, {});
    }
    if (log_.last_index() == Index{} && start_known_) {
        // The store has moved on since the founding: tell the founding position from the first
        // entry.
        Mark genesis = log_.start();
        genesis.position = entries.front().position;
        if (entries.front().kind == EntryKind::payload)
            genesis.position = genesis.position.previous();
        log_.reset(std::move(genesis), {});
    }
    if (first <= log_.last_index()) log_.truncate(first);
    for (const Entry& entry : entries) log_.append(entry, token);
    return true;
}

Result<Recalled> Replay::finish(const Mark& applied, const Promise& promise,
                                consensus::Token last) && {
    if (!start_known_ && applied.index < log_.start().index)
        return fail(codec_errc::bad_value,
                    "entries between the ledger's store and the journal are gone");
    bool was_reset = false;
    if (applied.index >= log_.start().index || !start_known_) {
        // The store is trusted: what it holds is committed. A journal that ends before it, or tells
        // another story at that place, gives way. [Raft §7]
        const bool predecessor = !start_known_ && applied.index == log_.start().index;
        const bool fits = predecessor || log_.term_at(applied.index) == applied.term;
        was_reset = !fits || !start_known_;
        if (!fits) {
            log_.reset(applied, {});
        } else if (!start_known_) {
            log_.drop_through(applied);
        }
    }
    log_.on_durable(last);
    return Recalled{promise, std::move(log_), was_reset, last};
}

}  // namespace

Buffer encode(const Record& record) {
    size_t reserve = 256;
    for (const Entry& entry : record.entries) reserve += entry_overhead_bytes + entry.data->size();
    Writer out(reserve);
    out.u8(static_cast<uint8_t>((record.promise ? has_promise : 0) |
                                (record.start ? has_start : 0) |
                                (record.entries.empty() ? 0 : has_entries)));
    if (record.promise) {
        out.ordinal(record.promise->term);
        out.ordinal(record.promise->vote);
        out.u64(record.promise->boot);
        write(out, record.promise->speaker);
    }
    if (record.start) write(out, *record.start);
    if (!record.entries.empty()) {
        out.ordinal(record.first);
        out.count(record.entries.size());
        for (const Entry& entry : record.entries) write(out, entry);
    }
    return make_buffer(out.take());
}

Result<Record> decode_record(ByteView bytes) {
    Reader in(bytes);
    const uint8_t parts = in.u8();
    if (parts == 0 || parts > (has_promise | has_start | has_entries))
        in.fail_with(codec_errc::bad_value);
    Record record;
    if ((parts & has_promise) != 0) {
        Promise promise;
        promise.term = in.ordinal<Term>();
        promise.vote = in.ordinal<NodeId>();
        promise.boot = in.u64();
        promise.speaker = consensus::read_speaker(in);
        record.promise = promise;
    }
    if ((parts & has_start) != 0) record.start = read_mark(in);
    if ((parts & has_entries) != 0) {
        record.first = in.ordinal<Index>();
        const size_t count = in.count(append_entries_max);
        for (size_t i = 0; i < count && !in.failed(); ++i) record.entries.push_back(read_entry(in));
    }
    if (Status status = in.finish(); !status) return std::unexpected(status.error());
    return record;
}

Result<Recalled> recall(const Mark& applied, const std::vector<consensus::JournalRecord>& records) {
    Mark genesis = applied;
    genesis.index = Index{};
    genesis.term = Term{};
    Replay replay(genesis);
    Promise promise;
    consensus::Token last;
    for (const consensus::JournalRecord& stored : records) {
        last = std::max(last, stored.token);
        auto record = decode_record(*stored.bytes);
        if (!record) return std::unexpected(record.error());
        if (record->promise) promise = *record->promise;
        if (record->start) replay.on_start(*record->start);
        if (!record->entries.empty() &&
            !replay.on_entries(record->first, record->entries, stored.token))
            return fail(codec_errc::bad_value, "records do not follow each other");
    }
    return std::move(replay).finish(applied, promise, last);
}

}  // namespace holdfast::raft
