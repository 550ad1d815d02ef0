// The judge of random lives.
#include "consensus/paxos/judge_test.h"

#include <fmt/format.h>

namespace holdfast::paxos {

void Judge::look_at_disks(const std::map<NodeId, consensus::Machine>& machines) {
    for (const auto& [id, machine] : machines) {
        Acceptor& acceptor = acceptors_[machine.incarnation];
        acceptor.node = id;
        if (machine.journal.empty()) continue;
        auto record = std::ranges::upper_bound(machine.journal, Token(acceptor.read_upto), {},
                                               &consensus::JournalRecord::token);
        for (; record != machine.journal.end(); ++record) {
            acceptor.read_upto = record->token.value;
            on_record(machine.incarnation, decode_record(*record->bytes).value());
        }
    }
}

void Judge::on_record(Voice voice, const Record& record) {
    Acceptor& acceptor = acceptors_.at(voice);
    if (record.vow) {
        if (record.vow->ballot < acceptor.promised) problem("a promise went back");
        acceptor.promised = record.vow->ballot;
        acceptor.rejoined = record.vow->speaker.rejoined;
    }
    if (record.start) acceptor.start = std::max(acceptor.start, record.start->slot.value);
    for (const Acceptance& one : record.accepted)
        on_accepted(voice, one.slot.value, one.ballot, bytes_of(one.value));
    settle();
}

// P-1B, P-2B: nothing below a promise, and nothing but what is chosen where something is.
void Judge::on_accepted(Voice voice, uint64_t slot, const Ballot& ballot, const Bytes& value) {
    Acceptor& acceptor = acceptors_.at(voice);
    // What it was told to be chosen, it may keep under the ballot of whoever told.
    const auto chosen = chosen_.find(slot);
    const bool told = chosen != chosen_.end() && ballot >= chosen->second.first;
    if (ballot < acceptor.said && !told)
        problem(fmt::format("node {} accepted in {} after it had promised {}", acceptor.node,
                            describe(ballot), describe(acceptor.said)));
    auto& held = acceptor.accepted[slot];
    if (ballot < held.first) problem("an acceptance went back");
    held = {ballot, value};
    accepted_[slot][ballot].insert(voice);
    on_proposed(slot, ballot, value);
}

// P-2A: in a slot and ballot, one value.
void Judge::on_proposed(uint64_t slot, const Ballot& ballot, const Bytes& value) {
    const auto [known, is_new] = proposed_.try_emplace({slot, ballot}, value);
    if (known->second != value)
        problem(fmt::format("two values in slot {} of ballot {}", slot, describe(ballot)));
    const auto chosen = chosen_.find(slot);
    if (chosen == chosen_.end() || ballot < chosen->second.first) return;
    if (is_new) ++chosen_again_;
    if (chosen->second.second != value)
        problem(fmt::format("slot {} is chosen, and ballot {} proposes something else", slot,
                            describe(ballot)));
}

// P-CH: a value is chosen once a majority of the slot's own voters has it on disk in one ballot.
// The voters of a slot are told by what is chosen alpha before it.
void Judge::settle() {
    for (uint64_t slot = settled_ + 1; slot <= settled_ + alpha_; ++slot) {
        const Configuration& configuration = configuration_at(slot);
        for (const auto& [ballot, voices] : accepted_[slot]) {
            const auto count = std::ranges::count_if(configuration.voters, [&](const Seat& seat) {
                return std::ranges::any_of(voices, [&](Voice voice) {
                    const Acceptor& acceptor = acceptors_.at(voice);
                    return acceptor.node == seat.id &&
                           may_sit(seat, {.incarnation = voice, .rejoined = acceptor.rejoined});
                });
            });
            if (static_cast<size_t>(count) * 2 <= configuration.voters.size()) continue;
            const Bytes& value = proposed_.at({slot, ballot});
            const auto [chosen, is_new] = chosen_.try_emplace(slot, ballot, value);
            if (chosen->second.second != value)
                problem(fmt::format("two values are chosen in slot {}", slot));
        }
    }
    while (chosen_.contains(settled_ + 1)) {
        const Bytes& bytes = chosen_.at(++settled_).second;
        Reader in(bytes);
        const Value value = read_value(in);
        if (value.kind == Kind::payload) payloads_.push_back(*value.data);
        if (value.kind == Kind::filler) ++fillers_;
        if (value.kind == Kind::configuration)
            schedule_[settled_ + alpha_] = decode_configuration(*value.data).value();
    }
}

// What leaves must be on disk by then: a promise, an acceptance, the ballot of a proposer.
void Judge::on_message(ByteView bytes) {
    const auto message = decode(bytes);
    if (!message) return problem("an engine sent what does not decode");
    const auto found = acceptors_.find(message->header.speaker.incarnation);
    if (found == acceptors_.end()) return;  // one that abstains for good
    Acceptor& acceptor = found->second;
    const Ballot& ballot = message->header.ballot;
    if (acceptor.promised < ballot)
        problem(fmt::format("node {} speaks of a ballot that is not on its disk", acceptor.node));
    if (const auto* promise = std::get_if<Promise>(&message->body); promise && promise->granted) {
        acceptor.said = std::max(acceptor.said, ballot);
        // P-TR, and P2c's other half: nothing that it has accepted is kept back.
        for (const auto& [slot, held] : acceptor.accepted) {
            const bool asked = slot >= promise->first.value && slot > promise->start.value;
            const bool in_part = !promise->more || slot <= promise->accepted.back().slot.value;
            if (!asked || !in_part || promise->start >= promise->first) continue;
            const auto told = std::ranges::find(promise->accepted, Slot(slot), &Acceptance::slot);
            if (told == promise->accepted.end() || told->ballot < held.first)
                problem(fmt::format("node {} keeps back what it accepted in slot {}", acceptor.node,
                                    slot));
        }
    }
    if (const auto* accepted = std::get_if<Accepted>(&message->body);
        accepted && accepted->granted) {
        acceptor.said = std::max(acceptor.said, ballot);
        for (uint64_t i = 0; i < accepted->count; ++i) {
            const uint64_t slot = accepted->first.value + i;
            const auto held = acceptor.accepted.find(slot);
            const bool has = held != acceptor.accepted.end() && held->second.first >= ballot;
            if (!has && slot > settled_)
                problem(fmt::format("node {} says slot {} before it is on its disk", acceptor.node,
                                    slot));
        }
        for (uint64_t slot = settled_ + 1; slot <= accepted->durable.value; ++slot) {
            const auto held = acceptor.accepted.find(slot);
            if (!chosen_.contains(slot) &&
                (held == acceptor.accepted.end() || held->second.first < ballot))
                problem(fmt::format("node {} says everything up to slot {} is on its disk",
                                    acceptor.node, accepted->durable));
        }
    }
    if (const auto* accept = std::get_if<Accept>(&message->body)) {
        if (accept->chosen.value > settled_)
            problem(fmt::format("slot {} is told to be chosen, and is not", accept->chosen));
        for (size_t i = 0; i < accept->values.size(); ++i)
            on_proposed(accept->first.value + i, ballot, bytes_of(accept->values[i]));
    }
}

void Judge::compare(const std::vector<consensus::Block>& history) {
    for (; compared_ < history.size(); ++compared_)
        if (compared_ >= payloads_.size() || payloads_[compared_] != *history[compared_].payload)
            return problem(fmt::format("block {} is not the chosen payload", compared_ + 1));
}

}  // namespace holdfast::paxos
