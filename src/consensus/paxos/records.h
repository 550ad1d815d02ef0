// What an acceptor writes into the journal, and how a journal is read back. One record per step
// holds all that the step promises, so a crash keeps all of it or nothing.
#pragma once

#include "consensus/paxos/messages.h"

namespace holdfast::paxos {

/// [PMS §2.5]: the highest ballot ever answered; and what tells this journal from a lost one.
struct Vow {
    Ballot ballot;
    uint64_t boot = 0;  ///< lives begun on this journal
    Speaker speaker;    ///< as whom this journal has spoken
    bool operator==(const Vow&) const = default;
};

struct Record {
    std::optional<Vow> vow;
    /// Everything up to here is chosen, and may be missing from the journal.
    std::optional<Mark> start;
    /// The start came from the ledger: what older records hold up to there was accepted, and need
    /// not be what was chosen.
    bool leaps = false;
    /// The values that this journal holds up to here are the chosen ones.
    Slot chosen;
    std::vector<Acceptance> accepted;
};

Buffer encode(const Record& record);
Result<Record> decode_record(ByteView bytes);

/// A journal read back and joined to the ledger's store.
struct Recalled {
    Vow vow;
    Slots slots;
    bool start_is_new = false;  ///< the journal does not know the start: write it again
    consensus::Token last;      ///< 0 if the journal is empty
};

/// `applied` is the store's mark. Errors: codec_errc, for records that do not fit together.
Result<Recalled> recall(const Mark& applied, const std::vector<consensus::JournalRecord>& records,
                        size_t alpha);

}  // namespace holdfast::paxos
