// What Raft writes into the journal, and how a journal is read back. One record per step holds all
// that the step promises, so a crash keeps all of it or nothing.
#pragma once

#include "consensus/raft/messages.h"

namespace holdfast::raft {

/// [Raft Fig. 2, persistent state], and what tells this journal from a lost one.
struct Promise {
    Term term;
    NodeId vote;        ///< in `term`; 0: not spent
    uint64_t boot = 0;  ///< lives begun on this journal
    Speaker speaker;    ///< as whom this journal has spoken
    bool operator==(const Promise&) const = default;
};

struct Record {
    std::optional<Promise> promise;
    /// Everything up to here is in the ledger's store, and may be missing from the journal. A log
    /// that does not contain this very entry was replaced by it.
    std::optional<Mark> start;
    Index first;  ///< of `entries`, which replace everything from there on
    std::vector<Entry> entries;
};

Buffer encode(const Record& record);
Result<Record> decode_record(ByteView bytes);

/// A journal read back and joined to the ledger's store.
struct Recalled {
    Promise promise;
    Log log;
    bool log_was_reset = false;  ///< the journal does not know the log's start: write it again
    consensus::Token last;       ///< 0 if the journal is empty
};

/// `applied` is the store's mark. Errors: codec_errc, for records that do not fit together.
Result<Recalled> recall(const Mark& applied, const std::vector<consensus::JournalRecord>& records);

}  // namespace holdfast::raft
