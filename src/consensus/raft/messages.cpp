// The encoding of messages. One encoding per value; every count and length has its bound.
#include "consensus/raft/messages.h"

#include "base/overload.h"

namespace holdfast::raft {
namespace {

constexpr uint8_t version = 1;

using consensus::read_ordinal;

void write_id(Writer& out, EntryId id) {
    out.ordinal(id.term);
    out.ordinal(id.index);
}

EntryId read_id(Reader& in) {
    const Term term = read_ordinal<Term>(in);
    const Index index = read_ordinal<Index>(in);
    return {term, index};
}

Ballot read_ballot(Reader& in) {
    return in.boolean() ? Ballot::vote : Ballot::poll;
}

void write_body(Writer& out, const Body& body) {
    std::visit(Overload{
                   [&](const VoteRequest& m) {
                       out.boolean(m.ballot == Ballot::vote);
                       out.boolean(m.transfer);
                       out.u64(m.seat_incarnation);
                       write_id(out, m.last);
                   },
                   [&](const VoteReply& m) {
                       out.boolean(m.ballot == Ballot::vote);
                       out.boolean(m.granted);
                   },
                   [&](const Append& m) {
                       write_id(out, m.previous);
                       out.ordinal(m.commit);
                       out.u64(m.round);
                       out.boolean(m.wants_answer);
                       out.count(m.entries.size());
                       for (const Entry& entry : m.entries) write(out, entry);
                   },
                   [&](const AppendReply& m) {
                       out.boolean(m.accepted);
                       out.ordinal(m.index);
                       write_id(out, m.hint);
                       out.u64(m.round);
                   },
                   [&](const Behind& m) { write(out, m); },
                   [&](const TimeoutNow&) {},
                   [&](const ReadRequest& m) { write(out, m); },
                   [&](const ReadReply& m) { write(out, m); },
               },
               body);
}

Append read_append(Reader& in, Term term) {
    Append m;
    m.previous = read_id(in);
    m.commit = read_ordinal<Index>(in);
    m.round = in.u64();
    m.wants_answer = in.boolean();
    const size_t count = in.count(append_entries_max);
    Term before = m.previous.term;
    for (size_t i = 0; i < count && !in.failed(); ++i) {
        Entry entry = read_entry(in);
        // An honest log's terms never fall, nothing is newer than its leader, positions count up by
        // payloads. What breaks this could break our own log's invariants: refuse it at the door.
        const bool follows = m.entries.empty() || entry.position - m.entries.back().position ==
                                                      (entry.kind == EntryKind::payload ? 1 : 0);
        if (entry.term < before || entry.term > term || !follows)
            in.fail_with(codec_errc::bad_value);
        before = entry.term;
        m.entries.push_back(std::move(entry));
    }
    return m;
}

AppendReply read_append_reply(Reader& in) {
    AppendReply m;
    m.accepted = in.boolean();
    m.index = read_ordinal<Index>(in);
    m.hint = read_id(in);
    m.round = in.u64();
    return m;
}

VoteRequest read_vote_request(Reader& in) {
    VoteRequest m;
    m.ballot = read_ballot(in);
    m.transfer = in.boolean();
    m.seat_incarnation = in.u64();
    m.last = read_id(in);
    return m;
}

Body read_body(Reader& in, size_t kind, Term term) {
    // The kind on the wire is the alternative's place in Body; a test pins the numbers.
    switch (kind) {
        case 0:
            return read_vote_request(in);
        case 1: {
            const Ballot ballot = read_ballot(in);
            return VoteReply{.ballot = ballot, .granted = in.boolean()};
        }
        case 2:
            return read_append(in, term);
        case 3:
            return read_append_reply(in);
        case 4:
            return consensus::read_behind(in);
        case 5:
            return TimeoutNow{};
        case 6:
            return consensus::read_read_request(in);
        case 7:
            return consensus::read_read_reply(in);
        default:
            in.fail_with(codec_errc::bad_value);
            return TimeoutNow{};
    }
}

size_t size_hint(const Body& body) {
    constexpr size_t fixed_bytes = 96;
    const auto* append = std::get_if<Append>(&body);
    if (append == nullptr) return fixed_bytes;
    size_t size = fixed_bytes;
    for (const Entry& entry : append->entries) size += entry_overhead_bytes + entry.data->size();
    return size;
}

}  // namespace

void write(Writer& out, const Entry& entry) {
    out.ordinal(entry.term);
    out.u8(static_cast<uint8_t>(entry.kind));
    out.ordinal(entry.position);
    out.ordinal(entry.proposer);
    out.u64(entry.epoch);
    out.bytes(*entry.data);
}

Entry read_entry(Reader& in) {
    Entry entry;
    entry.term = read_ordinal<Term>(in);
    const uint8_t kind = in.u8();
    if (kind < 1 || kind > 3) in.fail_with(codec_errc::bad_value);
    entry.kind = static_cast<EntryKind>(kind);
    entry.position = read_ordinal<Height>(in);
    entry.proposer = in.ordinal<NodeId>();
    entry.epoch = in.u64();
    entry.data = make_buffer(in.bytes_copy(entry_bytes_max));
    if (entry.kind == EntryKind::no_op && !entry.data->empty()) in.fail_with(codec_errc::bad_value);
    if (entry.kind == EntryKind::configuration && !decode_change(*entry.data))
        in.fail_with(codec_errc::bad_value);
    return entry;
}

Buffer encode(const Header& header, const Body& body) {
    Writer out(size_hint(body));
    out.u8(version);
    out.u8(static_cast<uint8_t>(body.index()));
    out.ordinal(header.term);
    write(out, header.speaker);
    write_body(out, body);
    return make_buffer(out.take());
}

Result<Message> decode(ByteView bytes) {
    Reader in(bytes);
    if (in.u8() != version) in.fail_with(codec_errc::bad_value);
    const uint8_t kind = in.u8();
    Message message;
    message.header.term = read_ordinal<Term>(in);
    message.header.speaker = consensus::read_speaker(in);
    message.body = read_body(in, kind, message.header.term);
    if (Status status = in.finish(); !status) return std::unexpected(status.error());
    return message;
}

}  // namespace holdfast::raft
