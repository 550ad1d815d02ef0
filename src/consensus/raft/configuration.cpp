// Configurations and marks: look-up and encoding.
#include "consensus/raft/configuration.h"

namespace holdfast::raft {
namespace {

const Seat* find_seat(const std::vector<Seat>& seats, NodeId id) {
    const auto found = std::ranges::lower_bound(seats, id, {}, &Seat::id);
    return found != seats.end() && found->id == id ? &*found : nullptr;
}

void write_seats(Writer& out, const std::vector<Seat>& seats) {
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

}  // namespace

const Seat* Configuration::find(NodeId id) const {
    return find_seat(voters, id);
}

const Seat* Configuration::find_outgoing(NodeId id) const {
    return find_seat(outgoing, id);
}

bool Configuration::seats(NodeId id, const Speaker& speaker) const {
    const Seat* incoming = find(id);
    const Seat* leaving = find_outgoing(id);
    return (incoming != nullptr && may_sit(*incoming, speaker)) ||
           (leaving != nullptr && may_sit(*leaving, speaker));
}

Configuration Configuration::founding(const consensus::Members& members) {
    Configuration configuration{.epoch = members.epoch, .voters = {}, .outgoing = {}};
    for (const consensus::Voter& voter : members.voters)
        configuration.voters.push_back({.id = voter.id, .incarnation = 0});
    return configuration;
}

void write(Writer& out, const Configuration& configuration) {
    out.u64(configuration.epoch);
    write_seats(out, configuration.voters);
    write_seats(out, configuration.outgoing);
}

Configuration read_configuration(Reader& in) {
    Configuration configuration;
    configuration.epoch = in.u64();
    configuration.voters = read_seats(in);
    configuration.outgoing = read_seats(in);
    if (configuration.voters.empty()) in.fail_with(codec_errc::bad_value);
    return configuration;
}

Bytes encode(const Change& change) {
    Writer out;
    write(out, change.configuration);
    out.ordinal(change.committed);
    return out.take();
}

Result<Change> decode_change(ByteView bytes) {
    Reader in(bytes);
    Change change;
    change.configuration = read_configuration(in);
    change.committed = in.ordinal<Index>();
    if (Status status = in.finish(); !status) return std::unexpected(status.error());
    return change;
}

void write(Writer& out, const Mark& mark) {
    out.ordinal(mark.index);
    out.ordinal(mark.term);
    out.ordinal(mark.position);
    write(out, mark.configuration);
}

Mark read_mark(Reader& in) {
    Mark mark;
    mark.index = in.ordinal<Index>();
    mark.term = in.ordinal<Term>();
    mark.position = in.ordinal<Height>();
    mark.configuration = read_configuration(in);
    return mark;
}

Bytes encode(const Mark& mark) {
    Writer out;
    write(out, mark);
    return out.take();
}

Result<Mark> decode_mark(ByteView bytes) {
    Reader in(bytes);
    Mark mark = read_mark(in);
    if (Status status = in.finish(); !status) return std::unexpected(status.error());
    return mark;
}

}  // namespace holdfast::raft
