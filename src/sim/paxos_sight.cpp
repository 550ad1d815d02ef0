// What is promised, accepted and chosen, told from platters and messages.
#include "sim/paxos_sight.h"

#include <fmt/format.h>

#include "consensus/paxos/describe.h"
#include "sim/checkers.h"

namespace holdfast::sim {
namespace {

uint64_t print_of(const paxos::Value& value) {
    Writer out(value.data->size() + paxos::value_overhead_bytes);
    write(out, value);
    return fingerprint(out.take());
}

}  // namespace

PaxosSight::PaxosSight(const chain::Genesis& genesis) {
    paxos::Configuration founders;
    for (const chain::Member& member : genesis.members.members)
        founders.voters.push_back({.id = member.id, .incarnation = 0});
    schedule_[1] = std::move(founders);
}

// Opening a journal syncs what it finds, for the engine takes it for durable.
void PaxosSight::on_start(NodeId node, const std::vector<consensus::JournalRecord>& records,
                          uint64_t incarnation) {
    Node& now = nodes_[node];
    now.writing.clear();
    now.voice = {node, incarnation};
    acceptors_.try_emplace(now.voice);
    for (const auto& record : records)
        if (const auto decoded = paxos::decode_record(*record.bytes))
            apply(now.voice, *decoded, record.token.value);
}

void PaxosSight::on_persist(NodeId node, const consensus::Persist& persist) {
    auto record = paxos::decode_record(*persist.record);
    if (!record) return problems.promise.push_back("a record does not decode");
    nodes_[node].writing.emplace_back(persist.token.value, std::move(*record));
}

void PaxosSight::on_platter(NodeId node, consensus::Token token) {
    Node& now = nodes_[node];
    while (!now.writing.empty() && now.writing.front().first <= token.value) {
        apply(now.voice, now.writing.front().second, now.writing.front().first);
        now.writing.pop_front();
    }
}

void PaxosSight::apply(const Voice& voice, const paxos::Record& record, uint64_t token) {
    Acceptor& acceptor = acceptors_.at(voice);
    if (token <= acceptor.newest) return;
    acceptor.newest = token;
    if (record.vow && record.vow->speaker.incarnation == voice.second) {
        if (record.vow->ballot < acceptor.promised)
            problems.promise.push_back(fmt::format("node {} takes a promise back", voice.first));
        acceptor.promised = record.vow->ballot;
        acceptor.rejoined = record.vow->speaker.rejoined;
    }
    for (const paxos::Acceptance& one : record.accepted) accepted(voice, one);
    settle();
}

void PaxosSight::accepted(const Voice& voice, const paxos::Acceptance& one) {
    Acceptor& acceptor = acceptors_.at(voice);
    const uint64_t slot = one.slot.value;
    const Print print = print_of(one.value);
    if (one.value.kind == paxos::Kind::configuration) configurations_.emplace(print, one.value);
    if (one.value.kind == paxos::Kind::payload)
        values_.emplace(print, Payload{fingerprint(*one.value.data), one.value.origin});
    const auto chosen = chosen_.find(slot);
    // What it was told to be chosen, it may keep under the ballot of whoever told.
    const bool told = chosen != chosen_.end() && one.ballot >= chosen->second.first;
    if (one.ballot < acceptor.said && !told)
        problems.promise.push_back(fmt::format("node {} accepts in ballot {}, and had promised {}",
                                               voice.first, paxos::describe(one.ballot),
                                               paxos::describe(acceptor.said)));
    Held& held = acceptor.accepted[slot];
    if (one.ballot < held.ballot)
        problems.promise.push_back(fmt::format("node {} goes back in slot {}", voice.first, slot));
    held = {one.ballot, one.ballot < acceptor.promised};
    accepted_[slot][one.ballot].insert(voice);
    if (proposed_.try_emplace({slot, one.ballot}, print).first->second != print)
        problems.chosen.push_back(
            fmt::format("ballot {} has two values in slot {}", paxos::describe(one.ballot), slot));
    if (told && chosen->second.second != print)
        problems.chosen.push_back(
            fmt::format("slot {} is chosen in ballot {}, and ballot {} has another value", slot,
                        paxos::describe(chosen->second.first), paxos::describe(one.ballot)));
}

// The voters of a slot are told by what is chosen alpha before it.
void PaxosSight::settle() {
    for (uint64_t slot = settled_ + 1; slot <= settled_ + paxos::alpha_slots; ++slot) settle(slot);
    while (chosen_.contains(settled_ + 1)) {
        const Print print = chosen_.at(++settled_).second;
        if (const auto payload = values_.find(print); payload != values_.end())
            payloads_.push_back(payload->second);
        if (const auto change = configurations_.find(print); change != configurations_.end())
            schedule_[settled_ + paxos::alpha_slots] =
                *paxos::decode_configuration(*change->second.data);
        if (settled_ % 64 == 0) accepted_.erase(accepted_.begin(), accepted_.lower_bound(settled_));
    }
}

void PaxosSight::settle(uint64_t slot) {
    const auto ballots = accepted_.find(slot);
    if (ballots == accepted_.end()) return;
    const paxos::Configuration& configuration = configuration_at(slot);
    for (const auto& [ballot, voices] : ballots->second) {
        const auto count = std::ranges::count_if(configuration.voters, [&](const auto& seat) {
            return std::ranges::any_of(voices, [&](const Voice& voice) {
                const bool rejoined = acceptors_.at(voice).rejoined;
                return voice.first == seat.id && may_sit(seat, {voice.second, rejoined});
            });
        });
        if (2 * static_cast<size_t>(count) <= configuration.voters.size()) continue;
        const Print print = proposed_.at({slot, ballot});
        const auto [chosen, is_new] = chosen_.try_emplace(slot, ballot, print);
        if (chosen->second.second != print)
            problems.chosen.push_back(fmt::format("two values are chosen in slot {}", slot));
    }
}

void PaxosSight::on_message(NodeId from, ByteView bytes) {
    constexpr uint8_t promise_kind = 3;
    constexpr uint8_t accepted_kind = 5;
    if (bytes.size() < 2 || (bytes[1] != promise_kind && bytes[1] != accepted_kind)) return;
    const auto message = paxos::decode(bytes);
    if (!message) return problems.promise.push_back("a message does not decode");
    const auto found = acceptors_.find({from, message->header.speaker.incarnation});
    if (found == acceptors_.end()) return;  // one that abstains for good
    Acceptor& acceptor = found->second;
    const paxos::Ballot& ballot = message->header.ballot;
    if (acceptor.promised < ballot)
        problems.promise.push_back(fmt::format(
            "node {} speaks of ballot {} before it is on its disk", from, paxos::describe(ballot)));
    if (const auto* promise = std::get_if<paxos::Promise>(&message->body))
        on_promise(from, acceptor, ballot, *promise);
    if (const auto* answer = std::get_if<paxos::Accepted>(&message->body))
        on_accepted(from, acceptor, ballot, *answer);
}

// Nothing that is on its platter is kept back, unless it says that it has forgotten.
void PaxosSight::on_promise(NodeId from, Acceptor& acceptor, const paxos::Ballot& ballot,
                            const paxos::Promise& promise) {
    if (!promise.granted) return;
    acceptor.said = std::max(acceptor.said, ballot);
    if (promise.start >= promise.first) return;
    const uint64_t upto =
        promise.more ? promise.accepted.back().slot.value : std::numeric_limits<uint64_t>::max();
    for (auto held = acceptor.accepted.lower_bound(promise.first.value);
         held != acceptor.accepted.end() && held->first <= upto; ++held) {
        // A promise leaves late. What was accepted in its ballot, or is known by word of mouth, may
        // have come since.
        if (held->second.ballot >= ballot || held->second.told) continue;
        const paxos::Slot slot(held->first);
        const auto told =
            std::ranges::lower_bound(promise.accepted, slot, {}, &paxos::Acceptance::slot);
        if (told == promise.accepted.end() || told->slot != slot ||
            told->ballot < held->second.ballot)
            problems.promise.push_back(
                fmt::format("node {} keeps back what it accepted in slot {}", from, held->first));
    }
}

bool PaxosSight::has(const Acceptor& acceptor, uint64_t slot, const paxos::Ballot& ballot) const {
    const auto held = acceptor.accepted.find(slot);
    return chosen_.contains(slot) ||
           (held != acceptor.accepted.end() && held->second.ballot >= ballot);
}

void PaxosSight::on_accepted(NodeId from, Acceptor& acceptor, const paxos::Ballot& ballot,
                             const paxos::Accepted& answer) {
    if (!answer.granted) return;
    acceptor.said = std::max(acceptor.said, ballot);
    const auto expect = [&](uint64_t slot) {
        if (!has(acceptor, slot, ballot))
            problems.promise.push_back(fmt::format(
                "node {} says that it accepted slot {}, and has it not on its disk", from, slot));
    };
    for (uint64_t i = 0; i < answer.count; ++i) expect(answer.first.value + i);
    for (uint64_t slot = settled_ + 1; slot <= answer.durable.value; ++slot) expect(slot);
}

void PaxosSight::on_deliver(NodeId node, const consensus::Deliver& deliver) {
    const uint64_t height = deliver.position.value;
    if (height == 0 || height > payloads_.size())
        return problems.order.push_back(
            fmt::format("node {} delivers {}, which is not chosen yet", node, height));
    const Payload& payload = payloads_[height - 1];
    if (payload.data != fingerprint(*deliver.payload) || payload.origin != deliver.origin)
        problems.order.push_back(
            fmt::format("node {} delivers at {} what is not chosen there", node, height));
}

}  // namespace holdfast::sim
