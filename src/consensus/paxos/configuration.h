// Who votes on which slot: seats, and the schedule by which one set of seats follows another. Each
// slot has exactly one set, told by the values chosen alpha slots before it; so no two sets ever
// have to agree. [PMS §3] [PMMC §2.1]
#pragma once

#include <vector>

#include "consensus/paxos/paxos.h"
#include "consensus/seats.h"

namespace holdfast::paxos {

using consensus::may_sit;
using consensus::Seat;
using consensus::Speaker;
using consensus::voters_max;

struct Configuration {
    uint64_t epoch = 0;        ///< of the ledger's set that this one realises
    std::vector<Seat> voters;  ///< ascending

    /// Null if the node has no seat.
    [[nodiscard]] const Seat* find(NodeId id) const;
    [[nodiscard]] bool seats(NodeId id, const Speaker& speaker) const;
    bool operator==(const Configuration&) const = default;

    /// The founding set: nobody's incarnation is known yet.
    static Configuration founding(const consensus::Members& members);
};

void write(Writer& out, const Configuration& configuration);
/// Fails the reader unless there are voters, ascending, at most `voters_max`.
Configuration read_configuration(Reader& in);
Bytes encode(const Configuration& configuration);
Result<Configuration> decode_configuration(ByteView bytes);

/// A configuration and the first slot that it governs.
struct Term {
    Slot from;
    Configuration configuration;
    bool operator==(const Term&) const = default;
};

/// What is known of who governs which slot: never empty, by ascending `from`.
class Schedule {
  public:
    explicit Schedule(std::vector<Term> terms) : terms_(std::move(terms)) {}

    [[nodiscard]] const Term& at(Slot slot) const;
    [[nodiscard]] const Term& newest() const { return terms_.back(); }
    void add(Term term) { terms_.push_back(std::move(term)); }
    /// Forgets who governed the slots before.
    void drop_before(Slot slot);
    /// As it is once everything up to `slot` is chosen, and nothing after it: the same on all
    /// nodes.
    [[nodiscard]] std::vector<Term> as_of(Slot slot, size_t alpha) const;
    /// Who governs `slot`, or any that comes after it.
    [[nodiscard]] std::vector<const Configuration*> open_at(Slot slot) const;

  private:
    std::vector<Term> terms_;
};

inline constexpr size_t terms_max = 1024;

/// Everything up to `slot` is chosen, and this is what came of it: stored with each block, and
/// where the slots of a journal start.
struct Mark {
    Slot slot;
    Height position;  ///< of the last payload at or before `slot`
    std::vector<Term> terms;
    bool operator==(const Mark&) const = default;
};

void write(Writer& out, const Mark& mark);
Mark read_mark(Reader& in);
Bytes encode(const Mark& mark);
Result<Mark> decode_mark(ByteView bytes);

}  // namespace holdfast::paxos
