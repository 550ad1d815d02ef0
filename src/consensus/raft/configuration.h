// Who votes: one set of seats, or two while a change is under way. [Raft §6]
#pragma once

#include <vector>

#include "consensus/raft/raft.h"
#include "consensus/seats.h"

namespace holdfast::raft {

using consensus::may_sit;
using consensus::Seat;
using consensus::Speaker;
using consensus::voters_max;

struct Configuration {
    uint64_t epoch = 0;          ///< of the ledger's set that this one realises
    std::vector<Seat> voters;    ///< ascending
    std::vector<Seat> outgoing;  ///< not empty: joint, and a majority of each is needed

    [[nodiscard]] bool joint() const { return !outgoing.empty(); }
    /// Null if the node has no seat among the voters.
    [[nodiscard]] const Seat* find(NodeId id) const;
    [[nodiscard]] const Seat* find_outgoing(NodeId id) const;
    /// May this speaker vote and campaign under either set?
    [[nodiscard]] bool seats(NodeId id, const Speaker& speaker) const;
    bool operator==(const Configuration&) const = default;

    /// The founding set: nobody's incarnation is known yet.
    static Configuration founding(const consensus::Members& members);
};

void write(Writer& out, const Configuration& configuration);
/// Fails the reader unless there are voters, ascending, at most `voters_max`.
Configuration read_configuration(Reader& in);

/// What a configuration entry holds. Its leader knew everything up to `committed` to be committed,
/// and with it the block that decided on the membership: so whoever has the entry may execute that
/// block, and learn whom to talk to, even before anybody leads.
struct Change {
    Configuration configuration;
    Index committed;
    bool operator==(const Change&) const = default;
};

Bytes encode(const Change& change);
Result<Change> decode_change(ByteView bytes);

/// A point in the log and what was in force there: stored with each block, and where a log starts.
struct Mark {
    Index index;
    Term term;
    Height position;  ///< of the last payload at or before `index`
    Configuration configuration;
    bool operator==(const Mark&) const = default;
};

void write(Writer& out, const Mark& mark);
Mark read_mark(Reader& in);
Bytes encode(const Mark& mark);
Result<Mark> decode_mark(ByteView bytes);

}  // namespace holdfast::raft
