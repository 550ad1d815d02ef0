// What an acceptor remembers of each slot, and up to where the values are known to be chosen. Keeps
// no promise itself. Payload bytes are shared with messages and the ledger. [PMMC §2.2]
#pragma once

#include <deque>
#include <optional>

#include "consensus/paxos/configuration.h"

namespace holdfast::paxos {

/// Rounds grow; the proposer and the life of its journal make each ballot one proposer's alone, for
/// ever: not even a machine that lost its disk repeats a ballot of its past. [PMS §2.2]
struct Ballot {
    uint64_t round = 0;
    NodeId proposer;
    uint64_t incarnation = 0;
    auto operator<=>(const Ballot&) const = default;
};

enum class Kind : uint8_t { payload = 1, filler = 2, configuration = 3 };

/// Who proposed it first, under which epoch and in which round is part of the value: it enters
/// execution, and whoever proposes it again leaves it as it is.
struct Value {
    Kind kind = Kind::filler;
    consensus::Origin origin;
    Buffer data;
};

using consensus::Token;

class Slots {
  public:
    Slots(Mark start, size_t alpha);

    /// Everything up to here is chosen, in the ledger, and perhaps no longer remembered.
    [[nodiscard]] const Mark& start() const { return start_; }
    /// Everything up to here is known to be chosen.
    [[nodiscard]] Slot chosen() const { return chosen_; }
    [[nodiscard]] Height chosen_position() const { return position_at(chosen_); }
    /// The highest slot in which anything is accepted; or `chosen`, if that is higher.
    [[nodiscard]] Slot last() const { return std::max(start_.slot + cells_.size(), chosen_); }
    [[nodiscard]] const Schedule& schedule() const { return schedule_; }
    [[nodiscard]] const Configuration& configuration_at(Slot slot) const {
        return schedule_.at(slot).configuration;
    }

    struct Cell {
        Ballot ballot;
        Value value;
        Token token;         ///< of the record that holds it
        Height position;     ///< once chosen
        uint64_t bytes = 0;  ///< once chosen: running sum, with this one
    };
    /// Null if nothing is accepted, or if it is no longer remembered.
    [[nodiscard]] const Cell* find(Slot slot) const;
    /// `slot` must be inside [start, chosen].
    [[nodiscard]] Height position_at(Slot slot) const;
    [[nodiscard]] Mark mark_at(Slot slot) const;

    /// Takes the place of what was accepted before; `slot` must be above `chosen`.
    void accept(Slot slot, const Ballot& ballot, Value value, Token token);
    /// The value accepted in the slot after `chosen` is chosen.
    void choose();
    /// The ledger stands at a chosen slot at or above `chosen`: what is before it is forgotten.
    void restart_at(Mark mark);
    /// Forgets what is at or before a chosen slot.
    void drop_through(Slot slot);

    /// The oldest record that still holds anything accepted.
    [[nodiscard]] std::optional<Token> oldest_token() const;
    /// Of memory that chosen values up to `slot` take.
    [[nodiscard]] size_t bytes_through(Slot slot) const;

  private:
    size_t alpha_;
    Mark start_;
    Slot chosen_;
    Schedule schedule_;
    std::deque<std::optional<Cell>> cells_;  ///< from the slot after the start
    uint64_t bytes_start_ = 0;
};

/// A slot so far ahead of what is chosen is none that any leader needs.
inline constexpr size_t slots_ahead_max = 16'384;

/// What a value costs beside its data, on the wire and in the account of memory.
inline constexpr size_t value_overhead_bytes = 72;

}  // namespace holdfast::paxos
