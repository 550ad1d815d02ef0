// Leader election: who may ask for votes, and who gets one. [Raft §5.2, §5.4.1]
// Polls, quorum contact and stickiness work only together: a poll keeps a cut-off node from raising
// terms, stickiness keeps it from being believed, and a leader that a quorum no longer answers
// steps down so that nobody sticks to it. [RaftDiss §4.2.3, §6.2, §9.6]
#include "base/sometimes.h"
#include "consensus/raft/core.h"

namespace holdfast::raft {

void Core::restart_election_timer() {
    const auto timeout = static_cast<uint64_t>(config_.election_timeout.count());
    election_at_ = now_ + config_.election_timeout +
                   Duration(static_cast<int64_t>(random_.below(std::max<uint64_t>(timeout, 1))));
}

// Voters campaign. So does one whose removal is in its log but not known to be committed: it may be
// the only one left who can bring that about, the others' logs being too short. It does not count
// itself. [RaftDiss §4.2.2]
bool Core::may_campaign() const {
    const bool voter = log_.configuration().seats(config_.self, promise_.speaker);
    const bool leaving = log_.configuration_index() > commit_ &&
                         log_.configuration_before().seats(config_.self, promise_.speaker);
    return promise_.term.value + 1 < ordinal_max && (voter || leaving);
}

bool Core::hears_leader() const {
    if (role_ == Role::leader) return true;
    return leader_ != NodeId{} && now_ < leader_heard_at_ + config_.election_timeout;
}

void Core::become_follower(Term term, NodeId leader) {
    // The role is left before the term is entered: a leader must never create an entry of a term
    // that it was not elected in.
    if (role_ == Role::leader) {
        cancel_ask();
        refuse_reads("leadership was lost");
        peers_.clear();
        transfer_.reset();
        last_append_.reset();
        restart_election_timer();
    }
    role_ = Role::follower;
    leader_ = leader;
    if (term > promise_.term) {
        promise_.term = term;
        promise_.vote = NodeId{};
        promise_changed_ = true;
    }
}

void Core::become_poller() {
    role_ = Role::poller;
    leader_ = NodeId{};
    restart_election_timer();
    ask_for_votes(Ballot::poll, false);
    // Saying that one would vote promises nothing, so it need not be on disk.
    count_vote(config_.self, promise_.speaker, true);
    settle_election();
}

void Core::become_candidate(bool transfer) {
    role_ = Role::candidate;
    leader_ = NodeId{};
    ++promise_.term;
    promise_.vote = config_.self;
    promise_changed_ = true;
    restart_election_timer();
    ask_for_votes(Ballot::vote, transfer);
}

void Core::become_leader() {
    role_ = Role::leader;
    leader_ = config_.self;
    leader_since_ = now_;
    beat_at_ = now_ + config_.heartbeat;
    round_ = 0;
    peers_.clear();
    refresh_peers();
    for (const consensus::ReadId id : forwarded_) reads_.push_back({.local = id});
    for (const consensus::ReadId id : waiting_) reads_.push_back({.local = id});
    forwarded_.clear();
    waiting_.clear();
    // Earlier terms' entries are committed only by committing one of this term on top. [Raft
    // §5.4.2, §8]
    append_own(EntryKind::no_op, make_buffer({}));
    term_start_ = log_.last_index();
}

// One request a seat: it names the seat, so that whoever hears it can tell whether it is meant.
void Core::ask_for_votes(Ballot ballot, bool transfer) {
    const Configuration& configuration = log_.configuration();
    tally_incoming_ = consensus::VoteTally(configuration.voters.size());
    tally_outgoing_ = consensus::VoteTally(configuration.outgoing.size());
    std::vector<Seat> seats = configuration.voters;
    seats.insert(seats.end(), configuration.outgoing.begin(), configuration.outgoing.end());
    std::ranges::sort(seats);
    seats.erase(std::ranges::unique(seats).begin(), seats.end());
    for (const Seat& seat : seats) {
        if (seat.id == config_.self) continue;
        send(seat.id, VoteRequest{.ballot = ballot,
                                  .transfer = transfer,
                                  .seat_incarnation = seat.incarnation,
                                  .last = log_.last()});
    }
}

// A candidate's own vote counts like any other: once a crash can no longer take it back.
void Core::count_own_vote() {
    count_vote(config_.self, promise_.speaker, true);
    settle_election();
}

void Core::count_vote(NodeId voter, const Speaker& speaker, bool granted) {
    const auto count = [&](const std::vector<Seat>& seats, consensus::VoteTally& tally) {
        for (size_t i = 0; i < seats.size(); ++i)
            if (seats[i].id == voter && may_sit(seats[i], speaker)) tally.record(i, granted);
    };
    count(log_.configuration().voters, tally_incoming_);
    count(log_.configuration().outgoing, tally_outgoing_);
}

void Core::settle_election() {
    // While a change is under way both majorities must agree. [Raft §6]
    const auto outgoing =
        log_.configuration().joint() ? tally_outgoing_.outcome() : consensus::Outcome::won;
    const auto outcome = consensus::joint_outcome(tally_incoming_.outcome(), outgoing);
    if (outcome == consensus::Outcome::lost) become_follower(promise_.term, NodeId{});
    if (outcome != consensus::Outcome::won) return;
    if (role_ == Role::poller) {
        become_candidate(false);
    } else {
        become_leader();
    }
}

// RequestVote, receiver's side, and its poll. [Raft Fig. 2, §5.4.1]
void Core::on_vote_request(NodeId from, const Header& header, const VoteRequest& request) {
    const bool is_vote = request.ballot == Ballot::vote;
    // Who hears a leader helps nobody against it, except that leader itself. [RaftDiss §4.2.3]
    const bool loyal = hears_leader() && from != leader_ && !request.transfer;
    if (loyal) HF_SOMETIMES("raft.vote_refused_by_stickiness");
    // One vote a term, but the same candidate may ask again after a lost reply. [Raft §5.2]
    const bool vote_is_free = promise_.vote == NodeId{} || promise_.vote == from;
    // Election restriction: never help elect a leader that could lack a committed entry. [Raft
    // §5.4.1]
    const bool log_is_current = request.last >= log_.last();
    // Asked as the voter that this journal was, or as one that is lost: only the former may answer.
    const bool seat_is_ours =
        may_sit({.id = config_.self, .incarnation = request.seat_incarnation}, promise_.speaker);
    // A poll asks about the term after the asker's. [RaftDiss §9.6]
    const bool granted = header.term == promise_.term && !loyal && log_is_current && seat_is_ours &&
                         (!is_vote || vote_is_free);
    if (granted && is_vote) {
        if (promise_.vote != from) {
            promise_.vote = from;
            promise_changed_ = true;
        }
        role_ = role_ == Role::poller ? Role::follower : role_;
        // Granting postpones our own candidacy, or rivals would outrun every new leader; refusing
        // and being polled must not. [Raft Fig. 2]
        restart_election_timer();
    }
    // A refusal carries our term: an asker with the better log but the lower term must learn it, or
    // it would poll in vain for ever.
    send_after_persist(from, VoteReply{.ballot = request.ballot, .granted = granted});
}

void Core::on_vote_reply(NodeId from, const Header& header, const VoteReply& reply) {
    const Role asked_as = reply.ballot == Ballot::vote ? Role::candidate : Role::poller;
    if (role_ != asked_as) return;
    count_vote(from, header.speaker, reply.granted);
    settle_election();
}

void Core::on_timeout_now(NodeId from) {
    if (from != leader_ || role_ == Role::leader || !may_campaign()) return;
    become_candidate(true);
}

// A leader that a quorum has not answered for a whole timeout leads nobody: others may have gone
// on, and those who still hear it would stick to it in vain. [RaftDiss §6.2]
void Core::check_quorum_contact() {
    const Instant contact = reached<Instant>(
        [&](const Seat& seat) {
            if (seat.id == config_.self) return now_;
            const auto peer = peers_.find(seat.id);
            if (peer == peers_.end() || !peer->second.heard) return leader_since_;
            return may_sit(seat, peer->second.speaker) ? peer->second.heard_at : Instant{};
        },
        now_);
    if (contact + config_.election_timeout > now_) return;
    HF_SOMETIMES("raft.no_quorum_stepped_down");
    become_follower(promise_.term, NodeId{});
}

}  // namespace holdfast::raft
