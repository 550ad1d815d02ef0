// Who votes: joint consensus, catching up first, seats renamed for journals reborn, and handing
// leadership over. The rule is one sentence: whoever leads moves the configuration, one committed
// step at a time, towards the newest set that the ledger decided on. [Raft §6] [RaftDiss §4, §3.10]
#include "base/sometimes.h"
#include "consensus/raft/core.h"

namespace holdfast::raft {

void Core::learn_members(const consensus::Members& members) {
    const bool sound = !members.voters.empty() && members.voters.size() <= voters_max &&
                       std::ranges::is_sorted(members.voters, {}, &consensus::Voter::id);
    if (!sound || members.epoch <= desired_.epoch) return;
    desired_ = members;
    if (role_ == Role::leader) refresh_peers();
}

// Everybody with a seat, and everybody who shall have one: they catch up before they vote, so that
// a new voter never holds up commitment while it copies the log. [RaftDiss §4.2.1]
void Core::refresh_peers() {
    constexpr int farewell_timeouts = 4;
    std::vector<NodeId> wanted;
    wanted.reserve(3 * voters_max);
    const Configuration& configuration = log_.configuration();
    for (const Seat& seat : configuration.voters) wanted.push_back(seat.id);
    for (const Seat& seat : configuration.outgoing) wanted.push_back(seat.id);
    if (desired_.epoch > configuration.epoch)
        for (const consensus::Voter& voter : desired_.voters) wanted.push_back(voter.id);
    std::ranges::sort(wanted);
    for (const NodeId id : wanted) {
        if (id == config_.self) continue;
        const auto [peer, is_new] = peers_.try_emplace(id);
        if (is_new) {
            // Nothing is taken for granted of what a peer has: `match` grows by answers alone.
            peer->second.next = log_.last_index().next();
            peer->second.heard_at = now_;
        }
        peer->second.leaving.reset();
    }
    // The removed still learn that they are, or they would campaign against a set unknown to them.
    for (auto& [id, peer] : peers_)
        if (!std::ranges::binary_search(wanted, id) && !peer.leaving)
            peer.leaving = now_ + farewell_timeouts * config_.election_timeout;
}

void Core::drive_membership() {
    // One change at a time, the next only once the last is committed; and none before an entry of
    // this term is, or two leaders could each change a configuration the other does not know of.
    // [Raft §6] [RaftDiss §4.1]
    if (log_.configuration_index() > commit_ || commit_ < term_start_) return;
    const Configuration& now = log_.configuration();
    if (now.joint()) {
        append_configuration({.epoch = now.epoch, .voters = now.voters, .outgoing = {}});
        HF_SOMETIMES("raft.joint_left");
        return;
    }
    if (transfer_) return;
    Configuration next = next_configuration();
    if (next == now) return;
    // Writing down the incarnation of a founder gives the same voter its full name: no seat changes
    // hands, every quorum stays a quorum. Anything else goes through both majorities.
    if (!consensus::are_same_voters(now.voters, next.voters)) {
        if (!has_live_majority(next.voters)) {
            hand_over_if_leaving(next);
            return;
        }
        next.outgoing = now.voters;
    }
    append_configuration(next);
    if (next.joint()) HF_SOMETIMES("raft.joint_entered");
}

// A change that its own majority could not commit would hold up everything: it is not begun.
bool Core::has_live_majority(const std::vector<Seat>& seats) const {
    const auto alive = std::ranges::count_if(seats, [&](const Seat& seat) {
        if (seat.id == config_.self) return may_sit(seat, promise_.speaker);
        const auto peer = peers_.find(seat.id);
        return peer != peers_.end() && peer->second.heard && may_sit(seat, peer->second.speaker) &&
               now_ < peer->second.heard_at + config_.election_timeout;
    });
    return static_cast<size_t>(alive) >= consensus::majority(seats.size());
}

// A leader that shall go and does not hear enough of those who stay would lead for ever, and nobody
// sends it transactions any more. One of those who stay may hear more.
void Core::hand_over_if_leaving(const Configuration& next) {
    if (next.find(config_.self) != nullptr) return;
    const NodeId heir = most_up_to_date(next);
    if (heir == NodeId{}) return;
    HF_SOMETIMES("raft.leaving_leader_handed_over");
    on_admin({.action = consensus::AdminAction::transfer_leadership, .target = heir});
}

void Core::append_configuration(const Configuration& configuration) {
    append_own(EntryKind::configuration,
               make_buffer(encode(Change{.configuration = configuration, .committed = commit_})));
    refresh_peers();
}

bool Core::caught_up(const Peer& peer) const {
    return peer.heard && peer.pace == Pace::replicate &&
           peer.match + config_.entries_in_flight_max >= log_.last_index();
}

bool Core::ready(NodeId id) const {
    if (id == config_.self || log_.configuration().find(id) != nullptr) return true;
    const auto peer = peers_.find(id);
    if (peer == peers_.end() || !caught_up(peer->second)) return false;
    const Speaker& speaker = peer->second.speaker;
    return speaker.incarnation != 0 || !speaker.rejoined;
}

Configuration Core::next_configuration() const {
    const Configuration& now = log_.configuration();
    Configuration next{.epoch = now.epoch, .voters = {}, .outgoing = {}};
    std::vector<NodeId> ids;
    const auto id_ready = [&](const consensus::Voter& voter) { return ready(voter.id); };
    if (desired_.epoch > now.epoch && std::ranges::all_of(desired_.voters, id_ready)) {
        next.epoch = desired_.epoch;
        for (const consensus::Voter& voter : desired_.voters) ids.push_back(voter.id);
    } else {
        for (const Seat& seat : now.voters) ids.push_back(seat.id);
    }
    for (const NodeId id : ids) next.voters.push_back(next_seat(id, now.find(id)));
    // Founders are named together, not one entry each: wait a little for those not heard yet.
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
    Speaker speaker = promise_.speaker;
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
        HF_SOMETIMES("raft.seat_of_a_reborn_journal");
    return next;
}

// A leader outside the new configuration leads until that is committed, without counting itself;
// then it says so, hands over and stands back. [Raft §6]
void Core::leave_if_removed() {
    const Configuration& now = log_.configuration();
    const bool settled = log_.configuration_index() <= commit_ && !now.joint();
    if (!settled || now.seats(config_.self, promise_.speaker)) return;
    for (auto& [id, peer] : peers_) replicate(id, peer);
    tell_commit();
    const NodeId heir = most_up_to_date(now);
    if (heir != NodeId{}) send(heir, TimeoutNow{});
    become_follower(promise_.term, NodeId{});
}

// Of the voters who keep their place in `next`; null id if no such journal is known to be alive.
NodeId Core::most_up_to_date(const Configuration& next) const {
    NodeId best;
    Index best_match;
    for (const Seat& seat : log_.configuration().voters) {
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
    const NodeId target =
        admin.target == NodeId{} ? most_up_to_date(log_.configuration()) : admin.target;
    const Seat* seat = log_.configuration().find(target);
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
    // The heir needs the whole log, or it would lose the election that it is told to hold.
    // [RaftDiss §3.10]
    if (transfer_->ordered || peer->second.match < log_.last_index()) return;
    transfer_->ordered = true;
    HF_SOMETIMES("raft.transfer_ordered");
    send(transfer_->target, TimeoutNow{});
}

std::string Core::membership_note() const {
    const Configuration& now = log_.configuration();
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

}  // namespace holdfast::raft
