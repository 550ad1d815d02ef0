// Configurations and marks: look-up and encoding.
#include "consensus/raft/configuration.h"

namespace holdfast::raft {

const Seat* Configuration::find(NodeId id) const {
    return consensus::find_seat(voters, id);
}

const Seat* Configuration::find_outgoing(NodeId id) const {
    return consensus::find_seat(outgoing, id);
}

bool Configuration::seats(NodeId id, const Speaker& speaker) const {
    const Seat* incoming = find(id);
    const Seat* leaving = find_outgoing(id);
    return (incoming != nullptr && may_sit(*incoming, speaker)) ||
           (leaving != nullptr && may_sit(*leaving, speaker));
}

Configuration Configuration::founding(const consensus::Members& members) {
    return {.epoch = members.epoch,
            .voters = consensus::founding_seats(members.voters),
            .outgoing = {}};
}

void write(Writer& out, const Configuration& configuration) {
    out.u64(configuration.epoch);
    write(out, configuration.voters);
    write(out, configuration.outgoing);
}

Configuration read_configuration(Reader& in) {
    Configuration configuration;
    configuration.epoch = in.u64();
    configuration.voters = consensus::read_seats(in);
    configuration.outgoing = consensus::read_seats(in);
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
