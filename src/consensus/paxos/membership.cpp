// Who votes: a configuration is a value like any other, and governs from alpha slots after its own;
// newcomers catch up first, journals reborn are given their seats anew, and leadership is handed
// over. Whoever leads moves the configuration, one step at a time, towards the newest set that the
// ledger decided on. [PMS §3] [PMMC §2.1]
#include "base/sometimes.h"
#include "consensus/paxos/core.h"

namespace holdfast::paxos {

void Core::learn_members(const consensus::Members& members) {
    const bool sound = !members.voters.empty() && members.voters.size() <= voters_max &&
                       std::ranges::is_sorted(members.voters, {}, &consensus::Voter::id);
    if (!sound || members.epoch <= desired_.epoch) return;
    desired_ = members;
    if (role_ == Role::leader) refresh_peers();
}

/// Has this node a seat in a slot that is still open, now or by and by?
bool Core::seated() const {
    return std::ranges::any_of(
        slots_.schedule().open_at(slots_.chosen().next()),
        [&](const Configuration* one) { return one->seats(config_.self, vow_.speaker); });
}

/// The first slot that the newest configuration governs, be it chosen or only proposed.
Slot Core::governed_from() const {
    const Slot known = slots_.schedule().newest().from;
    return changed_at_ > slots_.chosen() ? std::max(known, changed_at_ + config_.alpha) : known;
}

// Everybody with a seat, and everybody who shall have one: they catch up before they vote, so that
// a new voter never holds up anything while it copies what was chosen.
void Core::refresh_peers() {
    constexpr int farewell_timeouts = 4;
    std::vector<NodeId> wanted = counted();
    if (desired_.epoch > now_in_force().epoch)
        for (const consensus::Voter& voter : desired_.voters) wanted.push_back(voter.id);
    std::ranges::sort(wanted);
    for (const NodeId id : wanted) {
        if (id == config_.self) continue;
        const auto [peer, is_new] = peers_.try_emplace(id);
        if (is_new) peer->second.heard_at = now_;
        peer->second.leaving.reset();
    }
    // The removed still learn that they are, or they would campaign against a set unknown to them.
    for (auto& [id, peer] : peers_)
        if (!std::ranges::binary_search(wanted, id) && !peer.leaving)
            peer.leaving = now_ + farewell_timeouts * config_.election_timeout;
}

void Core::drive_membership() {
    // A change is on its way: fillers bring the slots nearer that it governs. One at a time, so
    // that there are never more than two sets of voters to hear. [PMMC §2.1] [PMS §3]
    const Slot governed = governed_from();
    while (next_slot_ < governed && may_propose())
        propose(own_value(Kind::filler, make_buffer({})));
    if (!recovered_.empty() || slots_.chosen().next() < governed) return;
    if (changed_at_ != Slot{}) {
        // In force: whoever is no longer needed is told so, and not for long.
        refresh_peers();
        changed_at_ = Slot{};
    }
    if (transfer_ || !may_propose()) return;
    const Configuration& now = now_in_force();
    const Configuration next = next_configuration();
    if (next == now) return;
    // Writing down the incarnation of a founder gives the same voter its full name. Anything else
    // needs a majority that is alive to take over.
    if (!consensus::are_same_voters(now.voters, next.voters) && !has_live_majority(next))
        return hand_over_if_leaving(next);
    propose_configuration(next);
}

void Core::propose_configuration(const Configuration& configuration) {
    // The place of a payload that was asked for is taken now.
    cancel_ask();
    HF_SOMETIMES("paxos.configuration_proposed");
    propose(own_value(Kind::configuration, make_buffer(encode(configuration))));
    while (next_slot_ < governed_from() && may_propose())
        propose(own_value(Kind::filler, make_buffer({})));
}

// A change that its own majority could not go on from would hold up everything: it is not begun.
bool Core::has_live_majority(const Configuration& configuration) const {
    const auto heard_at = [](const Peer& peer) { return peer.heard_at; };
    const auto contact = reached<Instant>(configuration, now_, heard_at, Instant{});
    return now_ < contact + config_.election_timeout;
}

// A leader that shall go and does not hear enough of those who stay would lead for ever, and nobody
// sends it transactions any more. One of those who stay may hear more.
void Core::hand_over_if_leaving(const Configuration& next) {
    if (next.find(config_.self) != nullptr) return;
    const NodeId heir = most_up_to_date(next);
    if (heir == NodeId{}) return;
    HF_SOMETIMES("paxos.leaving_leader_handed_over");
    on_admin({.action = consensus::AdminAction::transfer_leadership, .target = heir});
}

bool Core::caught_up(const Peer& peer) const {
    return peer.heard && peer.pace == Pace::stream && peer.match + config_.alpha >= next_slot_;
}

bool Core::ready(NodeId id) const {
    if (id == config_.self || now_in_force().find(id) != nullptr) return true;
    const auto peer = peers_.find(id);
    if (peer == peers_.end() || !caught_up(peer->second)) return false;
    const Speaker& speaker = peer->second.speaker;
    return speaker.incarnation != 0 || !speaker.rejoined;
}

Configuration Core::next_configuration() const {
    const Configuration& now = now_in_force();
    Configuration next{.epoch = now.epoch, .voters = {}};
    std::vector<NodeId> ids;
    const auto id_ready = [&](const consensus::Voter& voter) { return ready(voter.id); };
    if (desired_.epoch > now.epoch && std::ranges::all_of(desired_.voters, id_ready)) {
        next.epoch = desired_.epoch;
        for (const consensus::Voter& voter : desired_.voters) ids.push_back(voter.id);
    } else {
        for (const Seat& seat : now.voters) ids.push_back(seat.id);
    }
    for (const NodeId id : ids) next.voters.push_back(next_seat(id, now.find(id)));
    // Founders are named together, not one value each: wait a little for those not heard yet.
    const auto unnamed = [&](const Seat& seat) {
        const auto peer = peers_.find(seat.id);
        return seat.id != config_.self && (peer == peers_.end() || !peer->second.heard);
    };
    const bool early = now_ < leader_since_ + config_.election_timeout;
    if (early && next.epoch == now.epoch && std::ranges::any_of(next.voters, unnamed)) return now;
    return next;
}

// The seat that this member shall have, given the one that it has now, if any.
Seat Core::next_seat(NodeId id, const Seat* now) const {
    Speaker speaker = vow_.speaker;
    bool has_all = true;
    if (id != config_.self) {
        const auto peer = peers_.find(id);
        if (peer == peers_.end() || !peer->second.heard)
            return now != nullptr ? *now : Seat{.id = id, .incarnation = 0};
        speaker = peer->second.speaker;
        has_all = caught_up(peer->second);
    }
    const Seat next = consensus::next_seat(id, now, speaker, has_all);
    if (now != nullptr && !may_sit(*now, speaker) && next != *now)
        HF_SOMETIMES("paxos.seat_of_a_reborn_journal");
    return next;
}

// A leader without a seat in any open slot says what is chosen, hands over and stands back.
void Core::leave_if_removed() {
    if (seated() || changed_at_ > slots_.chosen()) return;
    for (auto& [id, peer] : peers_) replicate(id, peer);
    tell_chosen();
    const NodeId heir = most_up_to_date(now_in_force());
    if (heir != NodeId{}) send(heir, Campaign{});
    become_follower(NodeId{});
}

// Of the present voters who keep their place in `next`; null id if no such journal is known to be
// alive.
NodeId Core::most_up_to_date(const Configuration& next) const {
    NodeId best;
    Slot best_match;
    for (const Seat& seat : now_in_force().voters) {
        const auto peer = peers_.find(seat.id);
        if (peer == peers_.end() || !peer->second.heard || next.find(seat.id) == nullptr) continue;
        if (!may_sit(seat, peer->second.speaker) || peer->second.match <= best_match) continue;
        best = seat.id;
        best_match = peer->second.match;
    }
    return best;
}

void Core::on_admin(const consensus::Admin& admin) {
    if (role_ != Role::leader || admin.action != consensus::AdminAction::transfer_leadership)
        return;
    const NodeId target = admin.target == NodeId{} ? most_up_to_date(now_in_force()) : admin.target;
    const Seat* seat = now_in_force().find(target);
    const auto peer = peers_.find(target);
    const bool able = seat != nullptr && peer != peers_.end() && peer->second.heard &&
                      may_sit(*seat, peer->second.speaker);
    if (!able) return;
    // Nothing new is proposed while the heir catches up; if it cannot in time, business goes on.
    cancel_ask();
    transfer_ = Transfer{.target = target, .until = now_ + config_.election_timeout};
}

void Core::drive_transfer() {
    if (!transfer_) return;
    const auto peer = peers_.find(transfer_->target);
    if (now_ >= transfer_->until || peer == peers_.end()) {
        transfer_.reset();
        return;
    }
    // Any acceptor may lead; one that has everything has nothing to ask for.
    if (transfer_->ordered || peer->second.match < next_slot_.previous()) return;
    transfer_->ordered = true;
    HF_SOMETIMES("paxos.transfer_ordered");
    send(transfer_->target, Campaign{});
}

std::string Core::membership_note() const {
    const Configuration& now = now_in_force();
    for (const Seat& seat : now.voters) {
        const auto peer = peers_.find(seat.id);
        if (peer == peers_.end() || !peer->second.heard) continue;
        if (!may_sit(seat, peer->second.speaker))
            return fmt::format("node {} came back without its journal: it learns before it votes",
                               seat.id);
    }
    if (desired_.epoch <= now.epoch) return {};
    for (const consensus::Voter& voter : desired_.voters)
        if (!ready(voter.id))
            return fmt::format("epoch {} waits for node {} to catch up", desired_.epoch, voter.id);
    return {};
}

}  // namespace holdfast::paxos
