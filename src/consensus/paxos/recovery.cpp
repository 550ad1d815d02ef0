// Phase 1, the proposer's side: what a majority of acceptors has accepted before must be proposed
// again, and what nobody has may be filled. [PMS §2.2, §3] [PMMC §2.4]
#include "base/sometimes.h"
#include "consensus/paxos/core.h"

namespace holdfast::paxos {

void Core::ask_promise(NodeId id, Peer& peer, bool insists) {
    // Slots that have been chosen meanwhile need no promise.
    peer.asked = std::max(peer.asked, slots_.chosen().next());
    send(id, Prepare{.first = peer.asked, .insists = insists || role_ == Role::leader});
}

// What this acceptor has accepted itself counts like any other's, once its promise is on disk.
void Core::count_own_promise() {
    for (Slot slot = slots_.chosen().next(); slot <= slots_.last(); ++slot)
        if (const Slots::Cell* cell = slots_.find(slot)) adopt({slot, cell->ballot, cell->value});
    const std::pair own{config_.self, vow_.speaker};
    if (std::ranges::find(promises_, own) == promises_.end()) promises_.push_back(own);
    if (promised_by_quorum(slots_.chosen().next())) become_leader();
}

void Core::on_promise(NodeId from, const Header& header, const Promise& promise) {
    Peer* peer = hear(from, header, 0);
    if (peer == nullptr || !promise.granted) return;
    if (peer->pace != Pace::asking || promise.first != peer->asked) return;
    if (promise.start >= promise.first) {
        // It has forgotten slots that are still open here: they are chosen, and its promise does
        // not tell as what. It counts for nothing until this node has learnt them.
        HF_SOMETIMES("paxos.promise_with_a_gap");
        if (promise.start > slots_.chosen()) catch_up(promise.start_position, from);
        return;
    }
    for (const Acceptance& acceptance : promise.accepted) adopt(acceptance);
    if (promise.more) {
        peer->asked = promise.accepted.back().slot.next();
        return ask_promise(from, *peer, false);
    }
    promises_.emplace_back(from, peer->speaker);
    peer->pace = Pace::stream;
    peer->match = std::min(promise.chosen, next_slot_.previous());
    peer->next = peer->match.next();
    // Whoever comes late to a leader hears at once that there is one.
    if (role_ == Role::leader) return send_word(from, *peer, true);
    if (promised_by_quorum(slots_.chosen().next())) become_leader();
}

// Of what several accepted in one slot, the value of the highest ballot: neither the first heard
// nor the most frequent. If anything is chosen there, it is this. [PMS §2.2, P2c] [PMMC §2.4, pmax]
void Core::adopt(const Acceptance& acceptance) {
    if (acceptance.slot < next_slot_) return;
    const auto [found, is_new] = recovered_.try_emplace(acceptance.slot);
    if (!is_new && found->second.first >= acceptance.ballot) return;
    found->second = {acceptance.ballot, acceptance.value};
    recovered_upto_ = std::max(recovered_upto_, acceptance.slot);
}

// Proposes again what was found, each in its slot; where a quorum has accepted nothing below
// something that was found, a filler closes the gap: "no-op" commands let what comes after be
// executed. [PMS §3]
void Core::recover() {
    while (!recovered_.empty() && may_propose()) {
        const auto first = recovered_.begin();
        if (first->first == next_slot_) {
            Value value = std::move(first->second.second);
            recovered_.erase(first);
            propose(std::move(value));
            HF_SOMETIMES("paxos.value_proposed_again");
        } else {
            propose(own_value(Kind::filler, make_buffer({})));
            HF_SOMETIMES("paxos.gap_filled");
        }
    }
}

// A promise of a journal that was lost since is one for ever: that voter is silent. A slot whose
// configuration names voters that have not promised yet must wait for them: what they accepted
// there, nobody else may know.
bool Core::promised_by_quorum(Slot slot) const {
    const std::vector<Seat>& voters = slots_.configuration_at(slot).voters;
    const auto promised = std::ranges::count_if(voters, [&](const Seat& seat) {
        return std::ranges::any_of(promises_, [&](const auto& one) {
            return one.first == seat.id && may_sit(seat, one.second);
        });
    });
    return static_cast<size_t>(promised) >= consensus::majority(voters.size());
}

}  // namespace holdfast::paxos
