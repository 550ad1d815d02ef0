// Phase 2, the proposer's side: windows of values under way, counting who has accepted, and pulling
// the next payload. [PMMC §2.3, §4] [PML §4.2]
#include "base/check.h"
#include "base/sometimes.h"
#include "consensus/paxos/core.h"

namespace holdfast::paxos {

// What a leader does after every input, in the order in which one thing enables the next.
void Core::pump() {
    if (role_ != Role::leader) return;
    advance_chosen();
    // What was accepted before goes first: a payload made for its place would come too late.
    if (!recovered_.empty()) cancel_ask();
    recover();
    drive_membership();
    leave_if_removed();
    if (role_ != Role::leader) return;
    drive_transfer();
    serve_reads();
    for (auto& [id, peer] : peers_) replicate(id, peer);
    tell_chosen();
    ask_payload();
}

Value Core::own_value(Kind kind, Buffer data) const {
    const Configuration& configuration = slots_.configuration_at(next_slot_);
    return {.kind = kind,
            .origin = {.proposer = config_.self,
                       .epoch = configuration.epoch,
                       .view = vow_.ballot.round},
            .data = std::move(data)};
}

// Not further ahead than alpha: who votes on a slot is told by what is chosen alpha before it.
// [PMS §3] [PMMC §2.1] And not before a quorum of those very voters has promised.
bool Core::may_propose() const {
    return next_slot_ <= slots_.chosen() + config_.alpha && promised_by_quorum(next_slot_);
}

// The leader's own acceptor accepts like any other; it counts once that is on disk.
void Core::propose(Value value) {
    if (value.kind == Kind::configuration) changed_at_ = next_slot_;
    slots_.accept(next_slot_, vow_.ballot, std::move(value), next_token_);
    out_.accepted.push_back(next_slot_);
    ++next_slot_;
}

// A value is chosen when a majority of the slot's voters has accepted it in this ballot. [PMS §2.2]
// [PMMC §2.3]
void Core::advance_chosen() {
    const Slot before = slots_.chosen();
    while (slots_.chosen().next() < next_slot_) {
        const Slot slot = slots_.chosen().next();
        const std::vector<Seat>& voters = slots_.configuration_at(slot).voters;
        const auto accepted = std::ranges::count_if(voters, [&](const Seat& seat) {
            if (seat.id == config_.self)
                return may_sit(seat, vow_.speaker) && slots_.find(slot)->token <= durable_;
            const auto peer = peers_.find(seat.id);
            return peer != peers_.end() && peer->second.heard && peer->second.has(slot) &&
                   may_sit(seat, peer->second.speaker);
        });
        if (static_cast<size_t>(accepted) < consensus::majority(voters.size())) break;
        choose();
    }
    if (slots_.chosen() > before) deliver();
}

// Optimization: pipelining. Slots are independent of each other, so values follow without waiting
// for answers, up to the window. [PMS §3] [PML §4.2]
void Core::replicate(NodeId id, Peer& peer) {
    if (peer.pace == Pace::asking) {
        if (peer.asked == Slot{}) ask_promise(id, peer, false);
        return;
    }
    while (peer.pace == Pace::stream && peer.next < next_slot_ &&
           peer.in_flight.size() < config_.messages_in_flight_max)
        send_accept(id, peer);
}

// Sends what the peer needs next, within bounds. What is chosen is sent like any other value: to
// propose it in a higher ballot changes nothing.
void Core::send_accept(NodeId id, Peer& peer) {
    if (peer.next <= slots_.start().slot) {
        peer.pace = Pace::behind;
        HF_SOMETIMES("paxos.peer_behind");
        return send_behind(id);
    }
    Accept accept{.first = peer.next,
                  .chosen = slots_.chosen(),
                  .round = round_,
                  .wants_answer = true,
                  .values = {}};
    size_t bytes = 0;
    for (Slot slot = peer.next; slot < next_slot_; ++slot) {
        const Slots::Cell* cell = slots_.find(slot);
        CHECK(cell != nullptr, "a leader has proposed every slot, or knows it as chosen");
        const size_t more = value_overhead_bytes + cell->value.data->size();
        if (!accept.values.empty() && bytes + more > config_.message_values_bytes_max) break;
        if (accept.values.size() == message_values_max) break;
        bytes += more;
        accept.values.push_back(cell->value);
    }
    peer.next = peer.next + accept.values.size();
    peer.chosen_sent = slots_.chosen();
    peer.in_flight.push_back(peer.next.previous());
    // Optimization: peers at the same place share one encoded message.
    const bool same = last_accept_ && last_accept_->first == accept.first &&
                      last_accept_->count == accept.values.size() &&
                      last_accept_->chosen == accept.chosen && last_accept_->round == round_;
    if (!same) {
        last_accept_ = {.first = accept.first,
                        .chosen = accept.chosen,
                        .count = accept.values.size(),
                        .round = round_,
                        .bytes = encode({vow_.ballot, vow_.speaker}, std::move(accept))};
    }
    out_.sends.push_back({id, last_accept_->bytes});
}

// No value: proves the leader alive, tells what is chosen, and shows what was lost.
void Core::send_word(NodeId id, Peer& peer, bool wants_answer) {
    peer.chosen_sent = slots_.chosen();
    send(id, Accept{.first = peer.next,
                    .chosen = slots_.chosen(),
                    .round = round_,
                    .wants_answer = wants_answer,
                    .values = {}});
}

void Core::send_behind(NodeId id) {
    send(id, Behind{.upto = delivered_position_, .round = round_});
}

// Heartbeat: whatever a lost message left undone is done again.
void Core::beat() {
    beat_at_ = now_ + config_.heartbeat;
    check_quorum_contact();
    if (role_ != Role::leader) return;
    std::erase_if(peers_, [&](const auto& peer) {
        return peer.second.leaving && *peer.second.leaving <= now_;
    });
    for (auto& [id, peer] : peers_) {
        if (peer.pace == Pace::asking) {
            ask_promise(id, peer, false);
        } else if (peer.pace == Pace::behind) {
            send_behind(id);
        } else {
            send_word(id, peer, true);
        }
    }
}

// An idle follower learns at once what is chosen rather than with the next heartbeat, so that every
// node executes, and answers clients, as early as it can. Lost, it is made good by the next
// message, so an answer would tell nothing.
void Core::tell_chosen() {
    for (auto& [id, peer] : peers_)
        if (peer.pace == Pace::stream && peer.chosen_sent < slots_.chosen())
            send_word(id, peer, false);
}

// Optimization: adaptive batching. The next payload is pulled when the one before is on this disk:
// an idle ledger answers at once, a busy one in batches as large as the disk makes them.
void Core::ask_payload() {
    const Slots::Cell* newest = slots_.find(next_slot_.previous());
    const bool written = newest == nullptr || newest->token <= durable_;
    const bool room =
        recovered_.empty() && written && may_propose() && delivered_ >= slots_.chosen();
    if (ask_ || transfer_ || !room) return;
    consensus::NeedPayload need{
        .ask = ++last_ask_, .ancestors = {}, .bytes_max = config_.payload_bytes_max};
    for (Slot slot = delivered_.next(); slot < next_slot_; ++slot) {
        const Slots::Cell* cell = slots_.find(slot);
        if (cell != nullptr && cell->value.kind == Kind::payload)
            need.ancestors.push_back(cell->value.data);
    }
    ask_ = need.ask;
    out_.asks.emplace_back(std::move(need));
}

void Core::cancel_ask() {
    if (ask_) out_.asks.emplace_back(consensus::Cancel{*ask_});
    ask_.reset();
}

// The peer that speaks under this proposer's ballot; null if nobody does.
Peer* Core::hear(NodeId from, const Header& header, uint64_t round) {
    if (role_ != Role::leader && role_ != Role::candidate) return nullptr;
    if (header.ballot > vow_.ballot) {
        // Preempted: somebody was promised a higher ballot. [PMMC §2.4]
        HF_SOMETIMES("paxos.preempted");
        become_follower(NodeId{});
        return nullptr;
    }
    const auto found = peers_.find(from);
    if (header.ballot != vow_.ballot || found == peers_.end() || round > round_) return nullptr;
    Peer& peer = found->second;
    if (!peer.heard || peer.speaker != header.speaker) {
        // What another incarnation accepted or promised says nothing of this one.
        if (peer.heard) peer = Peer{.leaving = peer.leaving};
        peer.heard = true;
        peer.speaker = header.speaker;
    }
    peer.heard_at = now_;
    peer.round = std::max(peer.round, round);
    return &peer;
}

void Core::on_accepted(NodeId from, const Header& header, const Accepted& accepted) {
    Peer* peer = hear(from, header, accepted.round);
    if (peer == nullptr || role_ != Role::leader || !accepted.granted) return;
    if (peer->pace == Pace::asking) return;
    const Slot end = next_slot_.previous();
    // Answers may come in any order: what is on disk there never shrinks.
    peer->match = std::max(peer->match, std::min(accepted.durable, end));
    Slot slot = accepted.first;
    for (uint64_t i = 0; i < accepted.count && slot <= end; ++i, ++slot)
        if (slot > peer->match) peer->beyond.insert(slot);
    while (peer->beyond.contains(peer->match.next())) ++peer->match;
    std::erase_if(peer->beyond, [&](Slot one) { return one <= peer->match; });
    std::erase_if(peer->in_flight, [&](Slot last) { return peer->has(last); });
    const bool back = peer->pace == Pace::behind && accepted.reached >= slots_.start().slot;
    const bool lost =
        peer->pace == Pace::stream && accepted.sent != Slot{} && accepted.reached < accepted.sent;
    if (!back && !lost) return;
    if (lost) HF_SOMETIMES("paxos.lost_message_noticed");
    peer->pace = Pace::stream;
    peer->next = std::min(accepted.reached, end).next();
    peer->in_flight.clear();
}

}  // namespace holdfast::paxos
