// The acceptor: what it promises and accepts, and how it learns what is chosen. One promise speaks
// for all slots. [PMS §2.2, §2.5] [PMMC §2.2]
#include "base/sometimes.h"
#include "consensus/paxos/core.h"

namespace holdfast::paxos {

// Phase 1b. [PMS §2.2, P1a]
void Core::on_prepare(NodeId from, const Header& header, const Prepare& prepare) {
    const Ballot& theirs = header.ballot;
    if (theirs.proposer != from) return;
    // Asked again: the answer was lost, or did not fit into one message.
    if (theirs == vow_.ballot) return send_promise(from, prepare.first, true);
    // While the leader is heard, nobody's campaign may disturb it, unless that leader's own, or by
    // its order; but who has won without this node is no rival any more.
    const bool disturbs = hears_leader() && from != leader_ && !prepare.insists;
    if (disturbs && theirs > vow_.ballot) {
        HF_SOMETIMES("paxos.prepare_refused_by_stickiness");
        return;
    }
    // Deviation [PMS §2.2]: of two who ask for one round, the first is served, not the higher id:
    // else two who rise together would overthrow each other. To refuse is always safe; but who has
    // won the round is not refused by those who had promised it to a loser.
    const bool second = theirs.round == vow_.ballot.round && !prepare.insists;
    if (theirs < vow_.ballot || second) return send_promise(from, prepare.first, false);
    become_follower(NodeId{});
    vow_.ballot = theirs;
    out_.vow_changed = true;
    // Promising postpones our own campaign, or rivals would outrun every new leader.
    restart_election_timer();
    send_promise(from, prepare.first, true);
}

// Everything accepted from `first` on, each with its ballot; in several messages if need be. A part
// sent later is as good: below the promised ballot nothing is accepted any more. [PMMC §2.2]
void Core::send_promise(NodeId to, Slot first, bool granted) {
    const Mark& start = slots_.start();
    Promise promise{.granted = granted,
                    .first = first,
                    .start = start.slot,
                    .start_position = start.position,
                    .chosen = slots_.chosen(),
                    .more = false,
                    .accepted = {}};
    size_t bytes = 0;
    const bool remembers = granted && start.slot < first;
    for (Slot slot = first; remembers && slot <= slots_.last(); ++slot) {
        const Slots::Cell* cell = slots_.find(slot);
        if (cell == nullptr) continue;
        const size_t more = value_overhead_bytes + cell->value.data->size();
        const bool full = bytes + more > config_.message_values_bytes_max ||
                          promise.accepted.size() == message_values_max;
        if (full && !promise.accepted.empty()) {
            promise.more = true;
            HF_SOMETIMES("paxos.promise_in_parts");
            break;
        }
        bytes += more;
        promise.accepted.push_back({slot, cell->ballot, cell->value});
    }
    send_after_persist(to, promise);
}

// True if the sender is the proposer of a ballot that is not below what was promised.
bool Core::follow(NodeId from, const Header& header) {
    if (header.ballot.proposer != from) return false;
    if (header.ballot < vow_.ballot) {
        // A leader of the past learns from the answer's ballot that it is one. [PMMC §2.3]
        send(from, Accepted{});
        return false;
    }
    if (header.ballot == vow_.ballot && role_ == Role::leader) return false;  // nobody honest
    if (role_ != Role::follower) become_follower(NodeId{});
    if (header.ballot > vow_.ballot) {
        // Accepting in a ballot is promising it as well: an acceptor that did not raise its promise
        // here could still accept in a lower ballot afterwards. [PMMC §2.2]
        vow_.ballot = header.ballot;
        out_.vow_changed = true;
    }
    const bool is_new = leader_ != from;
    leader_ = from;
    leader_heard_at_ = now_;
    restart_election_timer();
    if (is_new) {
        // What the last leader was asked, this one is asked again.
        waiting_.insert(waiting_.begin(), forwarded_.begin(), forwarded_.end());
        forwarded_.clear();
        forward_reads();
    }
    return true;
}

// Phase 2b, for many slots at once and in whatever order they come. [PMS §2.2] [PMMC §2.2]
void Core::on_accept(NodeId from, const Header& header, const Accept& accept) {
    if (!follow(from, header)) return;
    if (told_ballot_ != header.ballot) told_chosen_ = Slot{};
    told_ballot_ = header.ballot;
    told_chosen_ = std::max(told_chosen_, accept.chosen);
    bool stored = true;
    Slot slot = accept.first;
    for (const Value& value : accept.values) {
        stored = stored && store(slot, value);
        ++slot;
    }
    // What this step writes is on disk when the answer leaves; what an earlier step wrote may not
    // be.
    if (!out_.writes())
        for (Slot own = accept.first; own < slot; ++own)
            if (const Slots::Cell* cell = slots_.find(own);
                own > slots_.chosen() && cell != nullptr)
                stored = stored && cell->token <= durable_;
    learn();
    if (!accept.wants_answer) return;
    Accepted answer = standing(accept.round);
    answer.first = accept.first;
    if (accept.values.empty()) answer.sent = accept.first.previous();
    if (stored) answer.count = accept.values.size();
    send_after_persist(from, answer);
}

// False if the slot is out of bounds.
bool Core::store(Slot slot, const Value& value) {
    if (slot <= slots_.chosen()) return true;
    if (slot - slots_.chosen() > slots_ahead_max) return false;
    // Already here: a proposer says one thing only in a slot and ballot. [PMMC §2.3]
    const Slots::Cell* cell = slots_.find(slot);
    if (cell != nullptr && cell->ballot == vow_.ballot) return true;
    slots_.accept(slot, vow_.ballot, value, next_token_);
    out_.accepted.push_back(slot);
    return true;
}

// Where this acceptor stands under the present ballot. `reached` promises nothing: it tells the
// leader from where to send.
Accepted Core::standing(uint64_t round) const {
    Accepted answer{.granted = true,
                    .first = {},
                    .count = 0,
                    .durable = slots_.chosen(),
                    .reached = slots_.chosen(),
                    .sent = {},
                    .round = round};
    for (Slot slot = slots_.chosen().next();; ++slot) {
        const Slots::Cell* cell = slots_.find(slot);
        if (cell == nullptr || cell->ballot != vow_.ballot) return answer;
        const bool safe = out_.writes() || cell->token <= durable_;
        if (safe && answer.durable == answer.reached) answer.durable = slot;
        answer.reached = slot;
    }
}

void Core::on_behind(NodeId from, const Header& header, const Behind& behind) {
    if (!follow(from, header)) return;
    send_after_persist(from, standing(behind.round));
    catch_up(behind.upto, from);
}

// ------------------------------------------------------------------------------------- learning

// The leader said up to where everything is chosen. What was accepted in its own ballot is what it
// meant; an older value in such a slot need not be. [PMS §2.3]
void Core::learn() {
    while (role_ != Role::leader && slots_.chosen() < told_chosen_) {
        const Slots::Cell* cell = slots_.find(slots_.chosen().next());
        if (cell == nullptr || cell->ballot != told_ballot_) break;
        choose();
    }
    deliver();
}

// A node without a seat in any slot that it knows to be open, whom nobody leads, may be one whom
// nobody has told: those who have a seat may not know that, and those who know may have none. So it
// asks around. [PMS §2.3]
void Core::inquire() {
    std::vector<NodeId> others = counted();
    for (const consensus::Voter& voter : desired_.voters)
        if (std::ranges::find(others, voter.id) == others.end()) others.push_back(voter.id);
    for (const NodeId id : others)
        if (id != config_.self) send(id, Poll{.chosen = slots_.chosen()});
}

// Tells who asks what is chosen after what he knows, as much as one message bears.
void Core::send_decided(NodeId to, Slot after) {
    if (after < slots_.start().slot || after >= slots_.chosen()) return;
    Decided decided;
    size_t bytes = 0;
    for (Slot slot = after.next(); slot <= slots_.chosen(); ++slot) {
        const Slots::Cell* cell = slots_.find(slot);
        bytes += value_overhead_bytes + cell->value.data->size();
        const bool full = bytes > config_.message_values_bytes_max ||
                          decided.decided.size() == message_values_max;
        if (full && !decided.decided.empty()) break;
        decided.decided.push_back({slot, cell->ballot, cell->value});
    }
    send(to, decided);
}

// What is chosen is chosen, whoever says so. It is kept under a ballot in which it was accepted by
// whoever tells: none so high holds anything else in this slot. [PMS §2.2, P2b]
void Core::on_decided(const Decided& decided) {
    if (role_ == Role::leader || role_ == Role::candidate) return;
    for (const Acceptance& one : decided.decided) {
        if (one.slot != slots_.chosen().next()) continue;
        if (one.ballot > vow_.ballot) {
            vow_.ballot = one.ballot;
            out_.vow_changed = true;
        }
        const Slots::Cell* cell = slots_.find(one.slot);
        if (cell == nullptr || cell->ballot < one.ballot) {
            slots_.accept(one.slot, one.ballot, one.value, next_token_);
            out_.accepted.push_back(one.slot);
        }
        choose();
        HF_SOMETIMES("paxos.told_by_a_peer");
    }
    learn();
}

// Whoever votes from here on is written down at once: those who voted before may be gone by the
// time this node is asked what it knows, and none but they could tell it anew.
void Core::choose() {
    const Slot before = slots_.schedule().at(slots_.chosen().next()).from;
    slots_.choose();
    if (slots_.schedule().at(slots_.chosen().next()).from != before) out_.vow_changed = true;
}

// Hands chosen payloads over, in order. It need not wait for the own disk: a quorum's disks hold
// what is chosen, and a store ahead of its journal is trusted at restart. [PMMC §2.1]
void Core::deliver() {
    if (delivered_ < slots_.start().slot) {
        // The store was put back to before the start: only peers have what is between.
        return catch_up(slots_.start().position, NodeId{});
    }
    while (delivered_ < slots_.chosen()) {
        ++delivered_;
        const Slots::Cell* cell = slots_.find(delivered_);
        if (cell->value.kind != Kind::payload) continue;
        delivered_position_ = cell->position;
        out_.deliveries.emplace_back(
            consensus::Deliver{.position = cell->position,
                               .payload = cell->value.data,
                               .origin = cell->value.origin,
                               .mark = encode(slots_.mark_at(delivered_))});
        out_.deliveries.emplace_back(consensus::Final{cell->position});
    }
    compact();
}

// Forgets the older half of what was delivered when it has outgrown its allowance. An acceptor may
// forget a slot only because it is chosen and in the ledger; before the journal may forget the
// records, every promise still binding is written again. [PMMC §4.2]
void Core::compact() {
    if (slots_.bytes_through(delivered_) <= config_.retained_bytes_max) return;
    const size_t keep = config_.retained_bytes_max / 2;
    const size_t all = slots_.bytes_through(delivered_);
    // The slots start right at a payload: a follower whose ledger stands at that block can always
    // go on from there.
    std::optional<Slot> cut;
    for (Slot slot = slots_.start().slot.next(); slot <= delivered_; ++slot) {
        const Slots::Cell* cell = slots_.find(slot);
        if (cell->token > durable_) break;
        if (cell->value.kind == Kind::payload) cut = slot;
        if (cut && all - slots_.bytes_through(slot) <= keep) break;
    }
    if (!cut) return;
    slots_.drop_through(*cut);
    out_.start_changed = true;
    out_.vow_changed = true;
    const consensus::Token upto = slots_.oldest_token().value_or(next_token_) - 1;
    if (upto <= forgotten_) return;
    forgotten_ = upto;
    out_.forget = upto;
}

void Core::catch_up(Height upto, NodeId source) {
    constexpr int patience_timeouts = 8;
    if (upto <= delivered_position_) return;
    if (catch_up_again_at_ && now_ < *catch_up_again_at_) return;
    catch_up_again_at_ = now_ + patience_timeouts * config_.election_timeout;
    out_.deliveries.emplace_back(
        consensus::CatchUp{.from = delivered_position_.next(), .upto = upto, .source = source});
}

}  // namespace holdfast::paxos
