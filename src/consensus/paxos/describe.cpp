// Messages and records in words, one line each: for scripts, logs and the simulator. Never parsed.
#include "consensus/paxos/describe.h"

namespace holdfast::paxos {
namespace {

constexpr size_t shown_bytes_max = 16;

/// Runs of values, each with its slot; fillers in a row are told as one.
template <class Values, class SlotOf, class ValueOf>
std::string describe_values(const Values& values, SlotOf slot_of, ValueOf value_of) {
    std::string text;
    for (size_t i = 0; i < values.size();) {
        size_t end = i + 1;
        const Value& value = value_of(i);
        while (value.kind == Kind::filler && end < values.size() &&
               value_of(end).kind == Kind::filler && slot_of(end) == slot_of(end - 1).next())
            ++end;
        text += end - i == 1 ? fmt::format(" {}:{}", slot_of(i), describe(value))
                             : fmt::format(" {}-{}:fillers", slot_of(i), slot_of(end - 1));
        i = end;
    }
    return text;
}

struct BodyPrinter {
    std::string ballot;

    std::string operator()(const Poll& m) const {
        return fmt::format("Poll b={} chosen={}", ballot, m.chosen);
    }
    std::string operator()(const PollReply& m) const {
        return fmt::format("PollReply b={} {}", ballot, m.granted ? "granted" : "refused");
    }
    std::string operator()(const Prepare& m) const {
        return fmt::format("Prepare b={} from={}{}", ballot, m.first,
                           m.insists ? " (insists)" : "");
    }
    std::string operator()(const Promise& m) const {
        if (!m.granted) return fmt::format("Promise b={} refused", ballot);
        std::string text = fmt::format("Promise b={} from={}", ballot, m.first);
        if (m.start >= m.first) text += fmt::format(" forgotten={}", m.start);
        for (const Acceptance& one : m.accepted)
            text += fmt::format(" {}:{}@{}", one.slot, describe(one.value), describe(one.ballot));
        return text + (m.more ? " and more" : "");
    }
    std::string operator()(const Accept& m) const {
        const auto slot_of = [&](size_t i) { return m.first + i; };
        const auto value_of = [&](size_t i) -> const Value& { return m.values[i]; };
        return fmt::format("Accept b={} chosen={}{}{}", ballot, m.chosen,
                           m.round == 0 ? "" : fmt::format(" round={}", m.round),
                           describe_values(m.values, slot_of, value_of));
    }
    std::string operator()(const Accepted& m) const {
        if (!m.granted) return fmt::format("Accepted b={} refused", ballot);
        std::string text = fmt::format("Accepted b={} upto={}", ballot, m.durable);
        if (m.reached != m.durable) text += fmt::format(" reached={}", m.reached);
        if (m.count != 0 && m.first + m.count > m.durable.next())
            text += fmt::format(" and {}-{}", m.first, (m.first + m.count).previous());
        return text + (m.round == 0 ? "" : fmt::format(" round={}", m.round));
    }
    std::string operator()(const Decided& m) const {
        const auto slot_of = [&](size_t i) { return m.decided[i].slot; };
        const auto value_of = [&](size_t i) -> const Value& { return m.decided[i].value; };
        return "Decided" + describe_values(m.decided, slot_of, value_of);
    }
    std::string operator()(const Behind& m) const {
        return fmt::format("Behind b={} upto={}", ballot, m.upto);
    }
    std::string operator()(const Campaign&) const { return fmt::format("Campaign b={}", ballot); }
    std::string operator()(const ReadRequest& m) const {
        return fmt::format("ReadRequest number={}", m.number);
    }
    std::string operator()(const ReadReply& m) const {
        return m.granted ? fmt::format("ReadReply number={} height={}", m.number, m.height)
                         : fmt::format("ReadReply number={} refused", m.number);
    }
};

}  // namespace

std::string describe(const Ballot& ballot) {
    return fmt::format("{}.{}", ballot.round, ballot.proposer);
}

std::string describe(const Configuration& configuration) {
    std::string text = fmt::format("epoch {} of", configuration.epoch);
    for (const Seat& seat : configuration.voters)
        text += seat.incarnation == 0 ? fmt::format(" {}", seat.id)
                                      : fmt::format(" {}/{}", seat.id, seat.incarnation);
    return text;
}

std::string describe(const Value& value) {
    if (value.kind == Kind::filler) return "filler";
    if (value.kind == Kind::configuration) {
        const auto configuration = decode_configuration(*value.data);
        return fmt::format("({})", configuration ? describe(*configuration) : "undecodable");
    }
    if (value.data->size() > shown_bytes_max) return fmt::format("({} bytes)", value.data->size());
    return fmt::format("\"{}\"", text_of(*value.data));
}

std::string describe(const Message& message) {
    return std::visit(BodyPrinter{describe(message.header.ballot)}, message.body);
}

std::string describe_message(ByteView bytes) {
    const auto message = decode(bytes);
    return message ? describe(*message) : "undecodable";
}

std::string describe_record(ByteView bytes) {
    const auto record = decode_record(bytes);
    if (!record) return "undecodable";
    std::string text;
    const auto add = [&](const std::string& more) { text += (text.empty() ? "" : " ") + more; };
    if (record->vow) add("promise " + describe(record->vow->ballot));
    if (record->start)
        add(fmt::format("start={} height={}", record->start->slot, record->start->position));
    if (record->accepted.empty()) return text;
    const auto slot_of = [&](size_t i) { return record->accepted[i].slot; };
    const auto value_of = [&](size_t i) -> const Value& { return record->accepted[i].value; };
    add("accept" + describe_values(record->accepted, slot_of, value_of));
    return text;
}

}  // namespace holdfast::paxos
