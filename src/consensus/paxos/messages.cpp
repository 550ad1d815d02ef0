// The encoding of messages. One encoding per value; every count and length has its bound.
#include "consensus/paxos/messages.h"

#include "base/overload.h"

namespace holdfast::paxos {
namespace {

constexpr uint8_t version = 1;

using consensus::read_ordinal;

struct BodyWriter {
    Writer& out;

    void operator()(const Poll& m) const { out.ordinal(m.chosen); }
    void operator()(const PollReply& m) const {
        out.boolean(m.granted);
        out.ordinal(m.start);
        out.ordinal(m.start_position);
    }
    void operator()(const Prepare& m) const {
        out.ordinal(m.first);
        out.boolean(m.insists);
    }
    void operator()(const Promise& m) const {
        out.boolean(m.granted);
        out.ordinal(m.first);
        out.ordinal(m.start);
        out.ordinal(m.start_position);
        out.ordinal(m.chosen);
        out.boolean(m.more);
        out.count(m.accepted.size());
        for (const Acceptance& acceptance : m.accepted) write(out, acceptance);
    }
    void operator()(const Accept& m) const {
        out.ordinal(m.first);
        out.ordinal(m.chosen);
        out.u64(m.round);
        out.boolean(m.wants_answer);
        out.count(m.values.size());
        for (const Value& value : m.values) write(out, value);
    }
    void operator()(const Accepted& m) const {
        out.boolean(m.granted);
        out.ordinal(m.first);
        out.u64(m.count);
        out.ordinal(m.durable);
        out.ordinal(m.reached);
        out.ordinal(m.sent);
        out.u64(m.round);
    }
    void operator()(const Decided& m) const {
        out.count(m.decided.size());
        for (const Acceptance& acceptance : m.decided) write(out, acceptance);
    }
    void operator()(const Behind& m) const { write(out, m); }
    void operator()(const Campaign&) const {}
    void operator()(const ReadRequest& m) const { write(out, m); }
    void operator()(const ReadReply& m) const { write(out, m); }
};

PollReply read_poll_reply(Reader& in) {
    PollReply m;
    m.granted = in.boolean();
    m.start = read_ordinal<Slot>(in);
    m.start_position = read_ordinal<Height>(in);
    return m;
}

Prepare read_prepare(Reader& in) {
    Prepare m;
    m.first = read_ordinal<Slot>(in);
    m.insists = in.boolean();
    if (m.first == Slot{}) in.fail_with(codec_errc::bad_value);
    return m;
}

Promise read_promise(Reader& in) {
    Promise m;
    m.granted = in.boolean();
    m.first = read_ordinal<Slot>(in);
    m.start = read_ordinal<Slot>(in);
    m.start_position = read_ordinal<Height>(in);
    m.chosen = read_ordinal<Slot>(in);
    m.more = in.boolean();
    const size_t count = in.count(message_values_max);
    Slot least = m.first;
    for (size_t i = 0; i < count && !in.failed(); ++i) {
        Acceptance acceptance = read_acceptance(in);
        if (acceptance.slot < least) in.fail_with(codec_errc::bad_value);
        least = acceptance.slot.next();
        m.accepted.push_back(std::move(acceptance));
    }
    // To ask again from where nothing was told would go round for ever.
    if (m.more && m.accepted.empty()) in.fail_with(codec_errc::bad_value);
    return m;
}

Accept read_accept(Reader& in) {
    Accept m;
    m.first = read_ordinal<Slot>(in);
    m.chosen = read_ordinal<Slot>(in);
    m.round = in.u64();
    m.wants_answer = in.boolean();
    const size_t count = in.count(message_values_max);
    for (size_t i = 0; i < count && !in.failed(); ++i) m.values.push_back(read_value(in));
    if (m.first == Slot{}) in.fail_with(codec_errc::bad_value);
    return m;
}

Accepted read_accepted(Reader& in) {
    Accepted m;
    m.granted = in.boolean();
    m.first = read_ordinal<Slot>(in);
    m.count = in.u64();
    if (m.count > message_values_max) in.fail_with(codec_errc::bad_value);
    m.durable = read_ordinal<Slot>(in);
    m.reached = read_ordinal<Slot>(in);
    m.sent = read_ordinal<Slot>(in);
    m.round = in.u64();
    return m;
}

Decided read_decided(Reader& in) {
    Decided m;
    const size_t count = in.count(message_values_max);
    for (size_t i = 0; i < count && !in.failed(); ++i) {
        m.decided.push_back(read_acceptance(in));
        if (m.decided.back().slot != m.decided.front().slot + i)
            in.fail_with(codec_errc::bad_value);
    }
    return m;
}

Body read_body(Reader& in, size_t kind) {
    // The kind on the wire is the alternative's place in Body; a test pins the numbers.
    switch (kind) {
        case 0:
            return Poll{.chosen = read_ordinal<Slot>(in)};
        case 1:
            return read_poll_reply(in);
        case 2:
            return read_prepare(in);
        case 3:
            return read_promise(in);
        case 4:
            return read_accept(in);
        case 5:
            return read_accepted(in);
        case 6:
            return read_decided(in);
        case 7:
            return consensus::read_behind(in);
        case 8:
            return Campaign{};
        case 9:
            return consensus::read_read_request(in);
        case 10:
            return consensus::read_read_reply(in);
        default:
            in.fail_with(codec_errc::bad_value);
            return Campaign{};
    }
}

size_t size_hint(const Body& body) {
    size_t size = 128;
    if (const auto* accept = std::get_if<Accept>(&body))
        for (const Value& value : accept->values) size += value_overhead_bytes + value.data->size();
    if (const auto* promise = std::get_if<Promise>(&body))
        for (const Acceptance& acceptance : promise->accepted)
            size += value_overhead_bytes + acceptance.value.data->size();
    if (const auto* decided = std::get_if<Decided>(&body))
        for (const Acceptance& acceptance : decided->decided)
            size += value_overhead_bytes + acceptance.value.data->size();
    return size;
}

}  // namespace

void write(Writer& out, const Acceptance& acceptance) {
    out.ordinal(acceptance.slot);
    write(out, acceptance.ballot);
    write(out, acceptance.value);
}

Acceptance read_acceptance(Reader& in) {
    Acceptance acceptance;
    acceptance.slot = read_ordinal<Slot>(in);
    acceptance.ballot = read_ballot(in);
    acceptance.value = read_value(in);
    return acceptance;
}

void write(Writer& out, const Ballot& ballot) {
    out.u64(ballot.round);
    out.ordinal(ballot.proposer);
    out.u64(ballot.incarnation);
}

Ballot read_ballot(Reader& in) {
    Ballot ballot;
    ballot.round = in.u64();
    if (ballot.round > ordinal_max) in.fail_with(codec_errc::bad_value);
    ballot.proposer = in.ordinal<NodeId>();
    ballot.incarnation = in.u64();
    return ballot;
}

void write(Writer& out, const Value& value) {
    out.u8(static_cast<uint8_t>(value.kind));
    out.ordinal(value.origin.proposer);
    out.u64(value.origin.epoch);
    out.u64(value.origin.view);
    out.bytes(*value.data);
}

Value read_value(Reader& in) {
    Value value;
    const uint8_t kind = in.u8();
    if (kind < 1 || kind > 3) in.fail_with(codec_errc::bad_value);
    value.kind = static_cast<Kind>(kind);
    value.origin.proposer = in.ordinal<NodeId>();
    value.origin.epoch = in.u64();
    value.origin.view = in.u64();
    value.data = make_buffer(in.bytes_copy(value_bytes_max));
    if (value.kind == Kind::filler && !value.data->empty()) in.fail_with(codec_errc::bad_value);
    if (value.kind == Kind::configuration && !decode_configuration(*value.data))
        in.fail_with(codec_errc::bad_value);
    return value;
}

Buffer encode(const Header& header, const Body& body) {
    Writer out(size_hint(body));
    out.u8(version);
    out.u8(static_cast<uint8_t>(body.index()));
    write(out, header.ballot);
    write(out, header.speaker);
    std::visit(BodyWriter{out}, body);
    return make_buffer(out.take());
}

Result<Message> decode(ByteView bytes) {
    Reader in(bytes);
    if (in.u8() != version) in.fail_with(codec_errc::bad_value);
    const uint8_t kind = in.u8();
    Message message;
    message.header.ballot = read_ballot(in);
    message.header.speaker = consensus::read_speaker(in);
    message.body = read_body(in, kind);
    if (Status status = in.finish(); !status) return std::unexpected(status.error());
    return message;
}

}  // namespace holdfast::paxos
