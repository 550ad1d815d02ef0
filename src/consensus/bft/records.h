// What the engine writes into the journal, and how a journal is read back. One record per step
// holds all that the step promises, so a crash keeps all of it or nothing.
#pragma once

#include "consensus/bft/gate.h"
#include "consensus/engine.h"

namespace holdfast::bft {

struct Record {
    /// In the first record of a journal, and of each part of it that may be left alone.
    std::optional<uint64_t> incarnation;
    /// The journal before was lost, and what it may have said is not known yet.
    bool forgetful = false;
    /// Nothing is said at or below this any more.
    std::optional<Place> floor;
    std::vector<SignedStatement> said;
    /// What was proposed or voted for: a quorum's journals keep every payload that may be final.
    std::vector<Candidate> candidates;
    std::vector<Certificate> certificates;

    /// Anything that would not come back by itself?
    [[nodiscard]] bool is_binding() const {
        return incarnation || floor || !said.empty() || !candidates.empty();
    }
};

Buffer encode(const Record& record);
Result<Record> decode_record(ByteView bytes);

/// A journal read back.
struct Recalled {
    std::optional<uint64_t> incarnation;
    bool forgetful = false;
    Gate gate;
    std::vector<Candidate> candidates;
    std::vector<Certificate> certificates;
    consensus::Token last;  ///< 0 if the journal is empty
};

/// Errors: codec_errc, for records that cannot be of one honest life.
Result<Recalled> recall(const std::vector<consensus::JournalRecord>& records);

}  // namespace holdfast::bft
