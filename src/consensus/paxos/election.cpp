// Who leads. Safety needs no leader: any number of proposers may compete, and none is trusted. One
// that stays makes progress. [PMS §2.4] [PML §4.2]
// Polls, quorum contact and stickiness work only together: a poll keeps a cut-off node from raising
// ballots, stickiness keeps it from being believed, and a leader that a quorum no longer answers
// steps down so that nobody sticks to it.
#include "base/sometimes.h"
#include "consensus/paxos/core.h"

namespace holdfast::paxos {

void Core::restart_election_timer() {
    const auto timeout = static_cast<uint64_t>(config_.election_timeout.count());
    // Drawn anew each time: rivals that overthrow each other must fall out of step. [PMMC §3]
    election_at_ = now_ + config_.election_timeout +
                   Duration(static_cast<int64_t>(random_.below(std::max<uint64_t>(timeout, 1))));
}

// Whoever has a seat in a slot that is still open: also one that is about to lose it, which may be
// the only one left to bring that about.
bool Core::may_campaign() const {
    return std::max(round_seen_, vow_.ballot.round) + 1 < ordinal_max && seated();
}

bool Core::hears_leader() const {
    if (role_ == Role::leader) return true;
    return leader_ != NodeId{} && now_ < leader_heard_at_ + config_.election_timeout;
}

void Core::become_follower(NodeId leader) {
    if (role_ == Role::leader) {
        cancel_ask();
        refuse_reads("leadership was lost");
        transfer_.reset();
        last_accept_.reset();
        restart_election_timer();
    }
    peers_.clear();
    promises_.clear();
    recovered_.clear();
    role_ = Role::follower;
    leader_ = leader;
}

void Core::become_poller() {
    become_follower(NodeId{});
    role_ = Role::poller;
    restart_election_timer();
    // The set may change while the answers are under way: it is these whose answers count.
    polled_ = now_in_force().voters;
    polls_ = consensus::VoteTally(polled_.size());
    for (const Seat& seat : polled_)
        if (seat.id != config_.self) send(seat.id, Poll{.chosen = slots_.chosen()});
    count_poll(config_.self, vow_.speaker, true);
}

// Phase 1a, once for all slots that are not known to be chosen. [PMMC §2.4]
void Core::become_candidate(bool transfer) {
    become_follower(NodeId{});
    role_ = Role::candidate;
    // Above everything promised or seen, and written down before it is said: so no ballot is ever
    // used twice, whatever crashes. [PMS §2.5]
    vow_.ballot = {.round = std::max(round_seen_, vow_.ballot.round) + 1,
                   .proposer = config_.self,
                   .incarnation = vow_.speaker.incarnation};
    round_seen_ = vow_.ballot.round;
    out_.vow_changed = true;
    round_ = 0;
    next_slot_ = slots_.chosen().next();
    changed_at_ = recovered_upto_ = Slot{};
    restart_election_timer();
    refresh_peers();
    for (auto& [id, peer] : peers_) ask_promise(id, peer, transfer);
}

void Core::become_leader() {
    role_ = Role::leader;
    leader_ = config_.self;
    leader_since_ = now_;
    beat_at_ = now_ + config_.heartbeat;
    // The ledger may have decided on others while promises were under way.
    refresh_peers();
    for (const consensus::ReadId id : forwarded_) reads_.push_back({.local = id});
    for (const consensus::ReadId id : waiting_) reads_.push_back({.local = id});
    forwarded_.clear();
    waiting_.clear();
    // Everybody learns at once whom to follow.
    for (auto& [id, peer] : peers_)
        if (peer.pace == Pace::stream) send_word(id, peer, true);
}

void Core::count_poll(NodeId from, const Speaker& speaker, bool granted) {
    for (size_t i = 0; i < polled_.size(); ++i)
        if (polled_[i].id == from && may_sit(polled_[i], speaker)) polls_.record(i, granted);
    const consensus::Outcome outcome = polls_.outcome();
    if (outcome == consensus::Outcome::lost) become_follower(NodeId{});
    if (outcome == consensus::Outcome::won) become_candidate(false);
}

void Core::on_poll(NodeId from, const Poll& poll) {
    // Who hears a leader helps nobody against it, except that leader itself. And one that lacks
    // what is forgotten here must catch up before it leads.
    const bool loyal = hears_leader() && from != leader_;
    if (loyal) HF_SOMETIMES("paxos.poll_refused_by_stickiness");
    const Mark& start = slots_.start();
    send(from, PollReply{.granted = !loyal && poll.chosen >= start.slot,
                         .start = start.slot,
                         .start_position = start.position});
    send_decided(from, poll.chosen);
}

void Core::on_poll_reply(NodeId from, const Header& header, const PollReply& reply) {
    if (reply.start > slots_.chosen()) catch_up(reply.start_position, from);
    if (role_ != Role::poller) return;
    count_poll(from, header.speaker, reply.granted);
}

void Core::on_campaign(NodeId from) {
    if (from != leader_ || role_ == Role::leader || !may_campaign()) return;
    become_candidate(true);
}

// A leader that a quorum has not answered for a whole timeout leads nobody: others may have gone
// on, and those who still hear it would stick to it in vain.
void Core::check_quorum_contact() {
    const auto heard_at = [](const Peer& peer) { return peer.heard_at; };
    const auto contact = reached<Instant>(now_in_force(), now_, heard_at, leader_since_);
    if (contact + config_.election_timeout > now_) return;
    HF_SOMETIMES("paxos.no_quorum_stepped_down");
    become_follower(NodeId{});
}

}  // namespace holdfast::paxos
