// Configurations, schedules and marks: look-up and encoding.
#include "consensus/paxos/configuration.h"

#include "base/check.h"

namespace holdfast::paxos {

const Seat* Configuration::find(NodeId id) const {
    return consensus::find_seat(voters, id);
}

bool Configuration::seats(NodeId id, const Speaker& speaker) const {
    const Seat* seat = find(id);
    return seat != nullptr && may_sit(*seat, speaker);
}

Configuration Configuration::founding(const consensus::Members& members) {
    return {.epoch = members.epoch, .voters = consensus::founding_seats(members.voters)};
}

void write(Writer& out, const Configuration& configuration) {
    out.u64(configuration.epoch);
    write(out, configuration.voters);
}

Configuration read_configuration(Reader& in) {
    Configuration configuration;
    configuration.epoch = in.u64();
    configuration.voters = consensus::read_seats(in);
    if (configuration.voters.empty()) in.fail_with(codec_errc::bad_value);
    return configuration;
}

Bytes encode(const Configuration& configuration) {
    Writer out;
    write(out, configuration);
    return out.take();
}

Result<Configuration> decode_configuration(ByteView bytes) {
    Reader in(bytes);
    Configuration configuration = read_configuration(in);
    if (Status status = in.finish(); !status) return std::unexpected(status.error());
    return configuration;
}

const Term& Schedule::at(Slot slot) const {
    CHECK(!terms_.empty(), "somebody always governs");
    const auto after = std::ranges::upper_bound(terms_, slot, {}, &Term::from);
    return after == terms_.begin() ? *after : *std::prev(after);
}

void Schedule::drop_before(Slot slot) {
    while (terms_.size() > 1 && terms_[1].from <= slot) terms_.erase(terms_.begin());
}

std::vector<Term> Schedule::as_of(Slot slot, size_t alpha) const {
    std::vector<Term> terms;
    for (const Term& term : terms_) {
        if (term.from > slot + alpha && !terms.empty()) break;
        if (term.from <= slot.next()) terms.clear();
        terms.push_back(term);
    }
    return terms;
}

std::vector<const Configuration*> Schedule::open_at(Slot slot) const {
    std::vector<const Configuration*> open{&at(slot).configuration};
    for (const Term& term : terms_)
        if (term.from > slot) open.push_back(&term.configuration);
    return open;
}

void write(Writer& out, const Mark& mark) {
    out.ordinal(mark.slot);
    out.ordinal(mark.position);
    out.count(mark.terms.size());
    for (const Term& term : mark.terms) {
        out.ordinal(term.from);
        write(out, term.configuration);
    }
}

Mark read_mark(Reader& in) {
    Mark mark;
    mark.slot = in.ordinal<Slot>();
    mark.position = in.ordinal<Height>();
    const size_t count = in.count(terms_max);
    for (size_t i = 0; i < count && !in.failed(); ++i) {
        const auto from = in.ordinal<Slot>();
        mark.terms.push_back({from, read_configuration(in)});
    }
    const auto not_ascending = [](const Term& a, const Term& b) { return a.from >= b.from; };
    if (mark.terms.empty() ||
        std::ranges::adjacent_find(mark.terms, not_ascending) != mark.terms.end())
        in.fail_with(codec_errc::bad_value);
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

}  // namespace holdfast::paxos
