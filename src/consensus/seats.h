// Seats of {node, incarnation}, for engines whose voters are told apart by their journals: a node
// that lost its journal comes back under another incarnation, and so as another voter. Whatever its
// old self promised, nobody can take the new one's word for it. See docs/decisions/0003.
#pragma once

#include <vector>

#include "base/codec.h"
#include "base/number.h"

namespace holdfast::consensus {

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
    auto operator<=>(const Speaker&) const = default;
};

/// A seat without a recorded incarnation belongs to the founder's first journal, and to no other.
inline bool may_sit(const Seat& seat, const Speaker& speaker) {
    return seat.incarnation == 0 ? !speaker.rejoined : seat.incarnation == speaker.incarnation;
}

/// Of seats by ascending id; null if the node has none.
const Seat* find_seat(const std::vector<Seat>& seats, NodeId id);
/// The founding set: nobody's incarnation is known yet. `Node` is anything with an id.
template <class Node>
std::vector<Seat> founding_seats(const std::vector<Node>& nodes) {
    std::vector<Seat> seats;
    for (const Node& node : nodes) seats.push_back({.id = node.id, .incarnation = 0});
    return seats;
}
/// Whether the voters stay who they are: writing down the incarnation of a founder gives the same
/// voter its full name.
bool are_same_voters(const std::vector<Seat>& now, const std::vector<Seat>& next);
/// The seat that a member shall have, given the one that it has `now`, null if none, and who speaks
/// for it; `has_all`: that journal has what a new voter needs.
Seat next_seat(NodeId id, const Seat* now, const Speaker& speaker, bool has_all);

void write(Writer& out, const std::vector<Seat>& seats);
/// Fails the reader unless they ascend, and are at most `voters_max`.
std::vector<Seat> read_seats(Reader& in);
void write(Writer& out, const Speaker& speaker);
Speaker read_speaker(Reader& in);

}  // namespace holdfast::consensus
