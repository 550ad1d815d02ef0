// The frame: which input goes where, what a step says and writes, and the one timer.
#include "consensus/raft/core.h"

#include "base/check.h"
#include "base/overload.h"

namespace holdfast::raft {
Core::Core(const Config& config, const consensus::Base& base, Recalled recalled, std::string note,
           Instant now)
    : config_(config),
      // Another life, other timeouts: equal draws would meet again and again.
      random_(config.seed ^ (config.self.value << 32) ^ recalled.promise.boot),
      log_(std::move(recalled.log)),
      promise_(recalled.promise),
      now_(now),
      note_(std::move(note)),
      next_token_(recalled.last.next()),
      promise_token_(next_token_),
      durable_(recalled.last),
      desired_(base.members) {
    CHECK(config.self != NodeId{}, "node 0 means nobody");
    CHECK(config.payload_bytes_max <= entry_bytes_max, "a payload must fit into an entry");
    // Without a mark the store is at genesis, which may be far before the log's start.
    delivered_ = decode_mark(base.mark).value_or(Mark{}).index;
    delivered_position_ = base.applied;
    commit_ = std::max(log_.start().index, delivered_);
    // The block that decided on a membership is executed again even if nobody leads yet: without it
    // this node would not know whom it needs to elect anybody.
    commit_ = std::max(commit_, log_.known_committed());
    if (recalled.log_was_reset) start_changed_ = log_.start();
    promise_changed_ = true;
    restart_election_timer();
    // Nobody else to wait for.
    const Configuration& configuration = log_.configuration();
    if (configuration.voters.size() == 1 && !configuration.joint()) election_at_ = now_;
}

void Core::begin(consensus::Effects& out) {
    deliver();
    flush(out);
}

void Core::step(Instant now, consensus::Input input, consensus::Effects& out) {
    now_ = std::max(now_, now);
    std::visit(Overload{
                   [&](const consensus::Tick&) { on_tick(); },
                   [&](const consensus::Received& in) { on_received(in.from, in.bytes); },
                   [&](const consensus::Durable& in) { on_durable(in.token); },
                   [&](const consensus::PayloadReady& in) { on_payload(in.ask, in.payload); },
                   [&](const consensus::Synced& in) { on_synced(in); },
                   [&](const consensus::MembersChanged& in) { learn_members(in.members); },
                   [&](const consensus::Read& in) { on_read(in.id); },
                   [&](const consensus::Admin& in) { on_admin(in); },
                   // Raft asks neither for checks nor for signatures nor for work.
                   [&](const consensus::Checked&) {},
                   [&](const consensus::Verified&) {},
                   [&](const consensus::Sealed&) {},
                   // Knows whom to talk to from its members.
                   [&](const consensus::Neighbours&) {},
               },
               input);
    pump();
    flush(out);
}

void Core::on_tick() {
    armed_at_.reset();
    expire_reads();
    if (delivered_ < log_.start().index) deliver();
    if (role_ == Role::leader) {
        if (now_ >= beat_at_) beat();
        return;
    }
    if (now_ < election_at_) return;
    if (may_campaign()) {
        become_poller();
    } else {
        leader_ = NodeId{};
        restart_election_timer();
    }
}

void Core::on_received(NodeId from, const Buffer& bytes) {
    if (from == config_.self || from == NodeId{}) return;
    const auto message = decode(*bytes);
    if (!message || !accept_term(from, *message)) return;
    const Header& theirs = message->header;
    std::visit(Overload{
                   [&](const VoteRequest& m) { on_vote_request(from, theirs, m); },
                   [&](const VoteReply& m) { on_vote_reply(from, theirs, m); },
                   [&](const Append& m) { on_append(from, m); },
                   [&](const AppendReply& m) { on_append_reply(from, theirs, m); },
                   [&](const Behind& m) { on_behind(from, m); },
                   [&](const TimeoutNow&) { on_timeout_now(from); },
                   [&](const ReadRequest& m) { on_read_request(from, m); },
                   [&](const ReadReply& m) { on_read_reply(from, m); },
               },
               message->body);
}

// True if the message is of the present term, or is a request that is answered whatever its term.
bool Core::accept_term(NodeId from, const Message& message) {
    const Term theirs = message.header.term;
    const auto* vote = std::get_if<VoteRequest>(&message.body);
    if (theirs == promise_.term) return true;
    if (theirs < promise_.term) {
        // A leader of the past learns from the answer's term that it is one. [Raft §5.1]
        if (const auto* append = std::get_if<Append>(&message.body)) {
            send(from, AppendReply{.index = append->previous.index, .hint = {}});
        } else if (std::holds_alternative<Behind>(message.body)) {
            send(from, AppendReply{});
        }
        return vote != nullptr;
    }
    // While the leader is heard, nobody's campaign may disturb it: not even by its term. A campaign
    // by that very leader, which has stepped down, or by its order, is no disturbance. [RaftDiss
    // §4.2.3]
    const bool disturbs = vote != nullptr && !vote->transfer && from != leader_ && hears_leader();
    if (disturbs) return false;
    become_follower(theirs, NodeId{});
    return true;
}

void Core::on_durable(consensus::Token token) {
    if (token >= next_token_) return;  // nothing of ours
    durable_ = std::max(durable_, token);
    log_.on_durable(durable_);
    if (role_ == Role::candidate && promise_durable()) count_own_vote();
}

void Core::on_payload(consensus::AskId ask, const Buffer& payload) {
    // Late answers are for a leadership that is over.
    if (!ask_ || *ask_ != ask || role_ != Role::leader) return;
    CHECK(payload->size() <= config_.payload_bytes_max,
          "the host answered with too large a payload");
    ask_.reset();
    append_own(EntryKind::payload, payload);
}

// The ledger now stands where the mark says, by other means than this log. [Raft §7]
void Core::on_synced(const consensus::Synced& synced) {
    learn_members(synced.members);
    auto mark = decode_mark(synced.mark);
    // Only forward: what was delivered is never taken back, however late a sync reports.
    if (!mark || mark->position != synced.position || mark->index <= delivered_) return;
    const bool inside = mark->index >= log_.start().index;
    const bool fits = log_.term_at(mark->index) == mark->term;
    if (inside && !fits && mark->index <= commit_) {
        note_ = "a synced block contradicts the committed log: compare this ledger with its peers";
        return;
    }
    delivered_ = mark->index;
    delivered_position_ = synced.position;
    if (inside && !fits) {
        // What this log holds beyond its end, or in contradiction to the mark, was never committed.
        become_follower(promise_.term, leader_ == config_.self ? NodeId{} : leader_);
        log_.reset(*mark, next_token_);
        start_changed_ = std::move(*mark);
    }
    commit_ = std::max(commit_, delivered_);
    catch_up_again_at_.reset();
    deliver();
    if (leader_ != NodeId{} && leader_ != config_.self)
        send(leader_, AppendReply{.index = log_.last_index().next(), .hint = log_.last()});
}

void Core::send(NodeId to, const Body& body) {
    sends_.push_back({to, encode(header(), body)});
}

void Core::send_after_persist(NodeId to, const Body& body) {
    sends_after_.push_back({to, encode(header(), body)});
}

bool Core::promise_durable() const {
    return !promise_changed_ && promise_token_ <= durable_;
}

// The order of a step's effects. Nothing is said under a term or vote that a crash could still take
// back: so if the promise is not on disk yet, it is written (again) before anything is sent.
void Core::flush(consensus::Effects& out) {
    if (!promise_durable() && !(sends_.empty() && sends_after_.empty())) promise_changed_ = true;
    if (promise_changed_) {
        sends_.insert(sends_.end(), sends_after_.begin(), sends_after_.end());
        sends_after_ = std::move(sends_);
        sends_.clear();
    }
    flush_timer(out);
    for (auto& effect : sends_) out.emplace_back(std::move(effect));
    for (auto& effect : deliveries_) out.push_back(std::move(effect));
    // Behind the deliveries: what was just delivered is no ancestor any more, so a host that had
    // not heard of it would put the same transactions into the next payload.
    for (auto& effect : asks_) out.push_back(std::move(effect));
    if (promise_changed_ || start_changed_ || first_appended_) {
        Record record;
        if (promise_changed_) {
            record.promise = promise_;
            promise_token_ = next_token_;
        }
        record.start = std::move(start_changed_);
        if (first_appended_) {
            record.first = *first_appended_;
            for (Index i = *first_appended_; i <= log_.last_index(); ++i)
                record.entries.push_back(log_.at(i));
        }
        out.emplace_back(consensus::Persist{.token = next_token_, .record = encode(record)});
        ++next_token_;
    }
    for (auto& effect : sends_after_) out.emplace_back(std::move(effect));
    if (forget_) out.emplace_back(consensus::Forget{*forget_});
    asks_.clear();
    sends_.clear();
    sends_after_.clear();
    deliveries_.clear();
    forget_.reset();
    promise_changed_ = false;
    start_changed_.reset();
    first_appended_.reset();
}

// A deadline that only moved away is left to ring and is set again then: one timer a heartbeat
// instead of one a message.
void Core::flush_timer(consensus::Effects& out) {
    Instant next = role_ == Role::leader ? beat_at_ : election_at_;
    if (!waiting_.empty() || !forwarded_.empty()) next = std::min(next, reads_expire_at_);
    if (armed_at_ && *armed_at_ <= next) return;
    armed_at_ = next;
    out.emplace_back(consensus::SetTimer{next});
}

consensus::EngineStatus Core::status() const {
    static constexpr std::array<std::string_view, 4> names{"follower", "candidate", "candidate",
                                                           "leader"};
    consensus::EngineStatus status;
    const Configuration& configuration = log_.configuration();
    status.role = names.at(static_cast<size_t>(role_));
    if (role_ != Role::leader && !configuration.seats(config_.self, promise_.speaker))
        status.role = promise_.speaker.rejoined ? "abstaining" : "learner";
    status.view = promise_.term.value;
    if (leader_ != NodeId{}) status.leader = leader_;
    status.final = std::max(log_.position_at(commit_), delivered_position_);
    status.last = std::max(log_.last_position(), delivered_position_);
    status.members_epoch = configuration.epoch;
    if (!note_.empty() && status.role == "abstaining") status.note = note_;
    if (status.note.empty() && role_ == Role::leader) status.note = membership_note();
    if (status.note.empty() && delivered_ < log_.start().index)
        status.note = "the ledger's store is older than the journal: syncing blocks from peers";
    return status;
}

std::vector<NodeId> Core::counted() const {
    const Configuration& now = log_.configuration();
    std::vector<NodeId> ids;
    for (const Seat& seat : now.voters) ids.push_back(seat.id);
    for (const Seat& seat : now.outgoing)
        if (now.find(seat.id) == nullptr) ids.push_back(seat.id);
    return ids;
}

consensus::Probe Core::probe() const {
    const Configuration& configuration = log_.configuration();
    consensus::Probe probe{
        {"role", static_cast<uint64_t>(role_)},
        {"term", promise_.term.value},
        {"vote", promise_.vote.value},
        {"leader", leader_.value},
        {"incarnation", promise_.speaker.incarnation},
        {"rejoined", promise_.speaker.rejoined ? 1 : 0},
        {"start", log_.start().index.value},
        {"last", log_.last_index().value},
        {"last_term", log_.last().term.value},
        {"commit", commit_.value},
        {"delivered", delivered_.value},
        {"durable", log_.durable_index().value},
        {"epoch", configuration.epoch},
        {"configuration_index", log_.configuration_index().value},
        {"voters", configuration.voters.size()},
        {"outgoing", configuration.outgoing.size()},
        {"reads", reads_.size() + waiting_.size() + forwarded_.size()},
    };
    // Of a leader, what it knows of each peer: four numbers each, in this order.
    for (const auto& [id, peer] : peers_) {
        if (!peer.heard) continue;
        probe.emplace_back("peer", id.value);
        probe.emplace_back("peer_incarnation", peer.speaker.incarnation);
        probe.emplace_back("peer_rejoined", peer.speaker.rejoined ? 1 : 0);
        probe.emplace_back("peer_match", peer.match.value);
    }
    return probe;
}

}  // namespace holdfast::raft
