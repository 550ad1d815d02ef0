// Who votes: seats of {node, incarnation}, one set or two while a change is under way. [Raft §6]
// A node that lost its journal comes back under another incarnation, and so as another voter:
// whatever its old self promised, nobody can take the new one's word for it. See
// docs/decisions/0003.
#pragma once

#include <vector>

#include "base/codec.h"
#include "consensus/raft/raft.h"

namespace holdfast::raft {

inline constexpr size_t voters_max = 128;

struct Seat {
    NodeId id;
    uint64_t incarnation = 0;  ///< 0: a founder whose journal's birth is not yet recorded
    auto operator<=>(const Seat&) const = default;
};

/// Who speaks: every message says it.
struct Speaker {
    uint64_t incarnation = 0;
    bool rejoined = false;  ///< its journal replaced a lost one; true for that journal's whole life
    bool operator==(const Speaker&) const = default;
};

/// A seat without a recorded incarnation belongs to the founder's first journal, and to no other.
inline bool may_sit(const Seat& seat, const Speaker& speaker) {
    return seat.incarnation == 0 ? !speaker.rejoined : seat.incarnation == speaker.incarnation;
}

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
