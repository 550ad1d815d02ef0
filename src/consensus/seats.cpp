// Seats: look-up, succession, encoding.
#include "consensus/seats.h"

#include <algorithm>

namespace holdfast::consensus {

const Seat* find_seat(const std::vector<Seat>& seats, NodeId id) {
    const auto found = std::ranges::lower_bound(seats, id, {}, &Seat::id);
    return found != seats.end() && found->id == id ? &*found : nullptr;
}

bool are_same_voters(const std::vector<Seat>& now, const std::vector<Seat>& next) {
    return std::ranges::equal(now, next, [](const Seat& a, const Seat& b) {
        return a.id == b.id && (a.incarnation == b.incarnation || a.incarnation == 0);
    });
}

Seat next_seat(NodeId id, const Seat* now, const Speaker& speaker, bool has_all) {
    const Seat kept = now != nullptr ? *now : Seat{.id = id, .incarnation = 0};
    const Seat named{.id = id, .incarnation = speaker.incarnation};
    if (now != nullptr && may_sit(*now, speaker)) return speaker.incarnation == 0 ? kept : named;
    // Another incarnation: the journal that held this seat's promises is gone, so the seat is given
    // to the new one as to a new voter.
    const bool nameless = speaker.incarnation == 0 && speaker.rejoined;
    return has_all && !nameless ? named : kept;
}

void write(Writer& out, const std::vector<Seat>& seats) {
    out.count(seats.size());
    for (const Seat& seat : seats) {
        out.ordinal(seat.id);
        out.u64(seat.incarnation);
    }
}

std::vector<Seat> read_seats(Reader& in) {
    std::vector<Seat> seats(in.count(voters_max));
    for (Seat& seat : seats) {
        seat.id = in.ordinal<NodeId>();
        seat.incarnation = in.u64();
    }
    // Look-ups search by halves, and a voter listed twice would vote twice.
    const auto not_ascending = [](const Seat& a, const Seat& b) { return a.id >= b.id; };
    if (std::ranges::adjacent_find(seats, not_ascending) != seats.end())
        in.fail_with(codec_errc::bad_value);
    return seats;
}

void write(Writer& out, const Speaker& speaker) {
    out.u64(speaker.incarnation);
    out.boolean(speaker.rejoined);
}

Speaker read_speaker(Reader& in) {
    Speaker speaker;
    speaker.incarnation = in.u64();
    speaker.rejoined = in.boolean();
    return speaker;
}

}  // namespace holdfast::consensus
