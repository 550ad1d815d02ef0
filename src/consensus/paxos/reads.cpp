// Linearizable reads without a slot of their own: the leader notes what it knows to be chosen,
// proves by one round of messages that a quorum had promised nobody else afterwards, and only then
// answers. Rounds are shared by all who wait; a follower asks its leader. No clock is trusted:
// there are no leases. [PML §5.2] [PMMC §4.5]
#include "base/sometimes.h"
#include "consensus/paxos/core.h"

namespace holdfast::paxos {
namespace {

Life life_of(const Vow& vow) {
    return {.incarnation = vow.speaker.incarnation, .boot = vow.boot};
}

}  // namespace

void Core::on_read(consensus::ReadId id) {
    const size_t pending = reads_.size() + waiting_.size() + forwarded_.size();
    std::string why;
    if (pending >= reads_pending_max) why = "too many reads are waiting";
    if (role_ != Role::leader && leader_ == NodeId{}) why = "no leader is known";
    if (!why.empty()) {
        out_.deliveries.emplace_back(consensus::ReadRefused{.id = id, .why = why});
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
        read.height = slots_.chosen_position();
        read.governed_from = slots_.schedule().at(slots_.chosen().next()).from;
    }
    for (auto& [id, peer] : peers_) {
        if (peer.pace == Pace::behind) send_behind(id);
        if (peer.pace == Pace::stream) send_word(id, peer, true);
    }
}

void Core::serve_reads() {
    // What was chosen before this leader came is among what phase 1 found, and that must be chosen
    // again before it is known.
    if (slots_.chosen() < recovered_upto_ || !promised_by_quorum(slots_.chosen().next())) return;
    // The voters of the first open slot confirm: without them nobody else can have chosen anything
    // beyond. Where others took their place meanwhile, those are asked.
    const Slot governed_from = slots_.schedule().at(slots_.chosen().next()).from;
    for (PendingRead& read : reads_)
        if (read.governed_from != governed_from) read.round = 0;
    for (;;) {
        const auto round = [](const Peer& peer) { return peer.round; };
        const auto proven = reached<uint64_t>(now_in_force(), round_, round, 0);
        while (!reads_.empty() && reads_.front().round != 0 && reads_.front().round <= proven) {
            const PendingRead& read = reads_.front();
            if (read.asker == NodeId{}) {
                out_.deliveries.emplace_back(
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
    send(leader_, ReadRequest{.asker = life_of(vow_), .number = read_number_});
}

void Core::on_read_reply(NodeId from, const ReadReply& reply) {
    const bool current = from == leader_ && reply.asker == life_of(vow_) &&
                         reply.number == read_number_ && !forwarded_.empty();
    if (!current) return;
    if (reply.granted) {
        for (const consensus::ReadId id : forwarded_)
            out_.deliveries.emplace_back(consensus::ReadAt{.id = id, .height = reply.height});
        forwarded_.clear();
    } else {
        refuse_reads(fmt::format("node {} does not lead any more", leader_));
        HF_SOMETIMES("paxos.read_refused");
    }
    forward_reads();
}

void Core::expire_reads() {
    if (waiting_.empty() && forwarded_.empty()) return;
    if (now_ < reads_expire_at_) return;
    HF_SOMETIMES("paxos.read_expired");
    refuse_reads(leader_ == NodeId{} ? "no leader is known"
                                     : fmt::format("leader {} did not answer", leader_));
}

void Core::refuse_reads(const std::string& why) {
    for (const PendingRead& read : reads_) {
        if (read.asker == NodeId{}) {
            out_.deliveries.emplace_back(consensus::ReadRefused{.id = read.local, .why = why});
        } else {
            send(read.asker, ReadReply{.asker = read.remote.asker, .number = read.remote.number});
        }
    }
    for (const consensus::ReadId id : forwarded_)
        out_.deliveries.emplace_back(consensus::ReadRefused{.id = id, .why = why});
    for (const consensus::ReadId id : waiting_)
        out_.deliveries.emplace_back(consensus::ReadRefused{.id = id, .why = why});
    reads_.clear();
    forwarded_.clear();
    waiting_.clear();
}

}  // namespace holdfast::paxos
