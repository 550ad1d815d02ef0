// Messages and records in words, one line each: for scripts, logs and the simulator. Never parsed.
#include "consensus/raft/describe.h"

namespace holdfast::raft {
namespace {

constexpr size_t shown_bytes_max = 16;

std::string describe(const Seat& seat) {
    return seat.incarnation == 0 ? fmt::format("{}", seat.id)
                                 : fmt::format("{}/{}", seat.id, seat.incarnation);
}

std::string describe(const std::vector<Seat>& seats) {
    std::string text;
    for (const Seat& seat : seats) text += (text.empty() ? "" : " ") + describe(seat);
    return text;
}

std::string describe_entries(const std::vector<Entry>& entries, Index before) {
    std::string text;
    for (const Entry& entry : entries) text += " " + describe(entry, ++before);
    return text;
}

std::string_view outcome(bool granted) {
    return granted ? "granted" : "refused";
}

struct BodyPrinter {
    uint64_t term;

    std::string operator()(const VoteRequest& m) const {
        const bool is_poll = m.ballot == Ballot::poll;
        return fmt::format(
            "{} term={} last={}{}{}", is_poll ? "PollRequest" : "VoteRequest", term,
            describe(m.last), m.transfer ? " (by order)" : "",
            m.seat_incarnation == 0 ? "" : fmt::format(" of incarnation {}", m.seat_incarnation));
    }
    std::string operator()(const VoteReply& m) const {
        const bool is_poll = m.ballot == Ballot::poll;
        return fmt::format("{} term={} {}", is_poll ? "PollReply" : "VoteReply", term,
                           outcome(m.granted));
    }
    std::string operator()(const Append& m) const {
        return fmt::format("Append term={} previous={} commit={}{}{}", term, describe(m.previous),
                           m.commit, m.round == 0 ? "" : fmt::format(" round={}", m.round),
                           describe_entries(m.entries, m.previous.index));
    }
    std::string operator()(const AppendReply& m) const {
        const std::string round = m.round == 0 ? "" : fmt::format(" round={}", m.round);
        if (m.accepted)
            return fmt::format("AppendReply term={} durable={}{}", term, m.index, round);
        return fmt::format("AppendReply term={} refused={} hint={}{}", term, m.index,
                           describe(m.hint), round);
    }
    std::string operator()(const Behind& m) const {
        return fmt::format("Behind term={} upto={}", term, m.upto);
    }
    std::string operator()(const TimeoutNow&) const {
        return fmt::format("TimeoutNow term={}", term);
    }
    std::string operator()(const ReadRequest& m) const {
        return fmt::format("ReadRequest term={} number={}", term, m.number);
    }
    std::string operator()(const ReadReply& m) const {
        return m.granted
                   ? fmt::format("ReadReply term={} number={} height={}", term, m.number, m.height)
                   : fmt::format("ReadReply term={} number={} refused", term, m.number);
    }
};

}  // namespace

std::string describe(EntryId id) {
    return fmt::format("{}:{}", id.term, id.index);
}

std::string describe(const Configuration& configuration) {
    const std::string leaving =
        configuration.joint() ? " leaving " + describe(configuration.outgoing) : "";
    return fmt::format("epoch {} of {}{}", configuration.epoch, describe(configuration.voters),
                       leaving);
}

std::string describe(const Entry& entry, Index index) {
    const std::string id = describe(EntryId{entry.term, index});
    if (entry.kind == EntryKind::no_op) return id + "(no-op)";
    if (entry.kind == EntryKind::configuration) {
        const auto change = decode_change(*entry.data);
        return fmt::format("{}({})", id, change ? describe(change->configuration) : "undecodable");
    }
    if (entry.data->size() > shown_bytes_max)
        return fmt::format("{}({} bytes)", id, entry.data->size());
    return fmt::format("{}\"{}\"", id, text_of(*entry.data));
}

std::string describe(const Message& message) {
    return std::visit(BodyPrinter{message.header.term.value}, message.body);
}

std::string describe_message(ByteView bytes) {
    const auto message = decode(bytes);
    return message ? describe(*message) : "undecodable";
}

std::string describe_record(ByteView bytes) {
    const auto record = decode_record(bytes);
    if (!record) return "undecodable";
    std::string text;
    if (record->promise) {
        const Promise& promise = *record->promise;
        text += fmt::format("term={} vote={}", promise.term,
                            promise.vote == NodeId{} ? "none" : fmt::to_string(promise.vote));
    }
    if (record->start) {
        if (!text.empty()) text += " ";
        text += fmt::format("start={} height={}",
                            describe(EntryId{record->start->term, record->start->index}),
                            record->start->position);
    }
    if (!record->entries.empty()) {
        if (!text.empty()) text += " ";
        text += (record->entries.size() == 1 ? "entry" : "entries") +
                describe_entries(record->entries, record->first.previous());
    }
    return text;
}

}  // namespace holdfast::raft
