// Linearizable reads without a log entry: the leader notes its commit index, proves by one round of
// messages that it still led afterwards, and only then answers. Rounds are shared by all who wait;
// a follower asks its leader. No clock is trusted: there are no leases. [RaftDiss §6.4]
#include "base/sometimes.h"
#include "consensus/raft/core.h"

namespace holdfast::raft {
namespace {

Life life_of(const Promise& promise) {
    return {.incarnation = promise.speaker.incarnation, .boot = promise.boot};
}

}  // namespace

void Core::on_read(consensus::ReadId id) {
    const size_t pending = reads_.size() + waiting_.size() + forwarded_.size();
    std::string why;
    if (pending >= reads_pending_max) why = "too many reads are waiting";
    if (role_ != Role::leader && leader_ == NodeId{}) why = "no leader is known";
    if (!why.empty()) {
        deliveries_.emplace_back(consensus::ReadRefused{.id = id, .why = why});
    } else if (role_ == Role::leader) {
        reads_.push_back({.local = id});
    } else {
        waiting_.push_back(id);
        forward_reads();
    }
}

void Core::on_read_request(NodeId from, const ReadRequest& request) {
    if (role_ == Role::leader && reads_.size() < reads_pending_max) {
        reads_.push_back({.asker = from, .remote = request});
    } else {
        send(from, ReadReply{.asker = request.asker, .number = request.number});
    }
}

void Core::begin_read_round() {
    ++round_;
    for (PendingRead& read : reads_) {
        if (read.round != 0) continue;
        read.round = round_;
        read.height = log_.position_at(commit_);
    }
    for (auto& [id, peer] : peers_) {
        if (peer.pace == Pace::behind) {
            send_behind(id);
        } else {
            send_append(id, peer);
        }
    }
}

void Core::serve_reads() {
    // Until an entry of its own term is committed, a leader may not know of everything that is.
    // [RaftDiss §6.4]
    if (commit_ < term_start_) return;
    for (;;) {
        const auto proven = reached<uint64_t>(
            [&](const Seat& seat) -> uint64_t {
                if (seat.id == config_.self) return may_sit(seat, promise_.speaker) ? round_ : 0;
                const auto peer = peers_.find(seat.id);
                const bool counts = peer != peers_.end() && peer->second.heard &&
                                    may_sit(seat, peer->second.speaker);
                return counts ? peer->second.round : 0;
            },
            round_);
        while (!reads_.empty() && reads_.front().round != 0 && reads_.front().round <= proven) {
            const PendingRead& read = reads_.front();
            if (read.asker == NodeId{}) {
                deliveries_.emplace_back(
                    consensus::ReadAt{.id = read.local, .height = read.height});
            } else {
                send(read.asker, ReadReply{.asker = read.remote.asker,
                                           .number = read.remote.number,
                                           .granted = true,
                                           .height = read.height});
            }
            reads_.pop_front();
        }
        // Optimization: who comes while a round is under way waits for the next one, with all
        // others.
        if (reads_.empty() || reads_.front().round != 0) return;
        begin_read_round();
    }
}

// One request speaks for everybody who waits; its number, with the life that it belongs to, tells
// its answer from any older one, which could name too low a height.
void Core::forward_reads() {
    const bool can_ask = leader_ != NodeId{} && leader_ != config_.self;
    if (!can_ask || waiting_.empty() || !forwarded_.empty()) return;
    forwarded_.swap(waiting_);
    ++read_number_;
    reads_expire_at_ = now_ + config_.election_timeout;
    send(leader_, ReadRequest{.asker = life_of(promise_), .number = read_number_});
}

void Core::on_read_reply(NodeId from, const ReadReply& reply) {
    const bool current = from == leader_ && reply.asker == life_of(promise_) &&
                         reply.number == read_number_ && !forwarded_.empty();
    if (!current) return;
    if (reply.granted) {
        for (const consensus::ReadId id : forwarded_)
            deliveries_.emplace_back(consensus::ReadAt{.id = id, .height = reply.height});
        forwarded_.clear();
    } else {
        refuse_reads(fmt::format("node {} does not lead any more", leader_));
        HF_SOMETIMES("raft.read_refused");
    }
    forward_reads();
}

void Core::expire_reads() {
    if (waiting_.empty() && forwarded_.empty()) return;
    if (now_ < reads_expire_at_) return;
    HF_SOMETIMES("raft.read_expired");
    refuse_reads(leader_ == NodeId{} ? "no leader is known"
                                     : fmt::format("leader {} did not answer", leader_));
}

void Core::refuse_reads(const std::string& why) {
    for (const PendingRead& read : reads_) {
        if (read.asker == NodeId{}) {
            deliveries_.emplace_back(consensus::ReadRefused{.id = read.local, .why = why});
        } else {
            send(read.asker, ReadReply{.asker = read.remote.asker, .number = read.remote.number});
        }
    }
    for (const consensus::ReadId id : forwarded_)
        deliveries_.emplace_back(consensus::ReadRefused{.id = id, .why = why});
    for (const consensus::ReadId id : waiting_)
        deliveries_.emplace_back(consensus::ReadRefused{.id = id, .why = why});
    reads_.clear();
    forwarded_.clear();
    waiting_.clear();
}

}  // namespace holdfast::raft
