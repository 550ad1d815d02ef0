// Log replication: the leader's windows and commit rule, the follower's append rule, delivery and
// compaction. [Raft §5.3, §5.4, §7] [RaftDiss §10.2]
#include "base/sometimes.h"
#include "consensus/raft/core.h"

namespace holdfast::raft {

// ------------------------------------------------------------------------------ the leader's side

// What a leader does after every input, in the order in which one thing enables the next.
void Core::pump() {
    if (role_ != Role::leader) return;
    advance_commit();
    drive_membership();
    leave_if_removed();
    if (role_ != Role::leader) return;
    drive_transfer();
    serve_reads();
    for (auto& [id, peer] : peers_) replicate(id, peer);
    tell_commit();
    ask_payload();
}

void Core::append_own(EntryKind kind, Buffer data) {
    const Height before = log_.last_position();
    if (!first_appended_) first_appended_ = log_.last_index().next();
    log_.append({.term = promise_.term,
                 .kind = kind,
                 .position = kind == EntryKind::payload ? before.next() : before,
                 .proposer = config_.self,
                 .epoch = log_.configuration().epoch,
                 .data = std::move(data)},
                next_token_);
}

// Optimization: pipelining. Once the logs are known to join, appends follow each other without
// waiting for answers, up to the window. [RaftDiss §10.2.1]
void Core::replicate(NodeId id, Peer& peer) {
    // A peer new to us is asked at once where it stands.
    if (!peer.heard && peer.pace == Pace::probe && !peer.probing) send_append(id, peer);
    while (peer.next <= log_.last_index()) {
        const bool room = peer.pace == Pace::probe
                              ? !peer.probing
                              : peer.in_flight.size() < config_.appends_in_flight_max;
        if (peer.pace == Pace::behind || !room) return;
        send_append(id, peer);
    }
}

// Sends what the peer needs next, within bounds; nothing but the commit index if that is all.
void Core::send_append(NodeId id, Peer& peer, bool wants_answer) {
    const Index previous = peer.next.previous();
    if (previous < log_.start().index) {
        peer.pace = Pace::behind;
        HF_SOMETIMES("raft.peer_behind");
        send_behind(id);
        return;
    }
    const bool window_full =
        peer.pace == Pace::replicate && peer.in_flight.size() >= config_.appends_in_flight_max;
    Append append{.previous = {*log_.term_at(previous), previous},
                  .commit = commit_,
                  .round = round_,
                  .wants_answer = wants_answer,
                  .entries = {}};
    size_t bytes = 0;
    for (Index i = peer.next; i <= log_.last_index() && !window_full; ++i) {
        const size_t more = entry_overhead_bytes + log_.at(i).data->size();
        if (!append.entries.empty() && bytes + more > config_.append_bytes_max) break;
        if (append.entries.size() == append_entries_max) break;
        bytes += more;
        append.entries.push_back(log_.at(i));
    }
    if (!append.entries.empty()) append.wants_answer = true;
    const Index reaches = previous + append.entries.size();
    peer.commit_sent = std::min(commit_, reaches);
    if (peer.pace == Pace::probe) {
        peer.probing = true;
    } else if (!append.entries.empty()) {
        peer.in_flight.push_back(reaches);
        peer.next = reaches.next();
    }
    // Optimization: peers at the same place share one encoded message.
    const bool same = last_append_ && last_append_->previous == previous &&
                      last_append_->count == append.entries.size() &&
                      last_append_->commit == commit_ && last_append_->round == round_ &&
                      last_append_->wants_answer == append.wants_answer;
    if (!same) {
        const size_t count = append.entries.size();
        const bool answered = append.wants_answer;
        last_append_ = {previous, count,    commit_,
                        round_,   answered, encode(header(), std::move(append))};
    }
    sends_.push_back({id, last_append_->bytes});
}

void Core::send_behind(NodeId id) {
    send(id, Behind{.upto = delivered_position_, .round = round_});
}

// Heartbeat: proves the leader alive, shows lost appends (their successor's place will not fit),
// and repeats whatever a lost message left undone. [Raft §5.2]
void Core::beat() {
    beat_at_ = now_ + config_.heartbeat;
    check_quorum_contact();
    if (role_ != Role::leader) return;
    std::erase_if(peers_, [&](const auto& peer) {
        return peer.second.leaving && *peer.second.leaving <= now_;
    });
    for (auto& [id, peer] : peers_) {
        if (peer.pace == Pace::behind) {
            send_behind(id);
        } else {
            send_append(id, peer);
        }
    }
}

// An idle follower learns of a commit at once rather than with the next heartbeat, so that every
// node executes, and answers clients, as early as it can. Lost, it is made good by the next append
// or heartbeat, so an answer would tell nothing.
void Core::tell_commit() {
    for (auto& [id, peer] : peers_) {
        const bool news = peer.commit_sent < std::min(commit_, peer.next.previous());
        if (peer.pace == Pace::replicate && news) send_append(id, peer, false);
    }
}

void Core::advance_commit() {
    const Index agreed = reached<Index>(
        [&](const Seat& seat) {
            if (seat.id == config_.self) {
                // The leader's disk is one of many: it counts once written, like any other.
                return may_sit(seat, promise_.speaker) ? log_.durable_index() : Index{};
            }
            const auto peer = peers_.find(seat.id);
            const bool counts =
                peer != peers_.end() && peer->second.heard && may_sit(seat, peer->second.speaker);
            return counts ? peer->second.match : Index{};
        },
        log_.last_index());
    if (agreed <= commit_) return;
    // Only an entry of the own term is committed by counting; those before it come along. What is
    // on a majority but of an older term may still be overwritten. [Raft §5.4.2, Fig. 8]
    if (log_.term_at(agreed) == promise_.term)
        commit_through(agreed);
    else
        HF_SOMETIMES("raft.commit_waits_for_own_term");
}

// Optimization: adaptive batching. The next payload is pulled when the one before is on this disk:
// an idle ledger answers at once, a busy one in batches as large as the disk makes them.
void Core::ask_payload() {
    const bool room = log_.last_index() - commit_ < config_.entries_in_flight_max &&
                      log_.durable_index() == log_.last_index() && delivered_ >= commit_;
    if (ask_ || transfer_ || !room) return;
    consensus::NeedPayload need{
        .ask = ++last_ask_, .ancestors = {}, .bytes_max = config_.payload_bytes_max};
    for (Index i = delivered_.next(); i <= log_.last_index(); ++i)
        if (log_.at(i).kind == EntryKind::payload) need.ancestors.push_back(log_.at(i).data);
    ask_ = need.ask;
    asks_.emplace_back(std::move(need));
}

void Core::cancel_ask() {
    if (ask_) asks_.emplace_back(consensus::Cancel{*ask_});
    ask_.reset();
}

void Core::on_append_reply(NodeId from, const Header& header, const AppendReply& reply) {
    const auto found = peers_.find(from);
    if (role_ != Role::leader || found == peers_.end() || reply.round > round_) return;
    Peer& peer = found->second;
    if (!peer.heard || peer.speaker != header.speaker) {
        // What another incarnation acknowledged says nothing of this one's disk.
        if (peer.heard) peer = {.next = peer.next, .leaving = peer.leaving};
        peer.heard = true;
        peer.speaker = header.speaker;
    }
    peer.heard_at = now_;
    peer.round = std::max(peer.round, reply.round);
    if (!reply.accepted) return on_refusal(peer, reply);
    if (reply.index > log_.last_index()) return;
    // Answers may come in any order: what is on disk there never shrinks.
    peer.match = std::max(peer.match, reply.index);
    while (!peer.in_flight.empty() && peer.in_flight.front() <= peer.match)
        peer.in_flight.pop_front();
    peer.next = std::max(peer.next, peer.match.next());
    if (peer.next > log_.start().index) peer.pace = Pace::replicate;
    peer.probing = false;
}

// The logs part at or before the refused place. The follower's hint skips whole terms that cannot
// fit. [Raft §5.3]
void Core::on_refusal(Peer& peer, const AppendReply& reply) {
    if (peer.pace == Pace::behind) {
        if (reply.hint.index < log_.start().index || reply.hint.index > log_.last_index()) return;
    } else {
        // A refusal that later answers have overtaken: acting on it would only resend.
        const bool stale = reply.index <= peer.match ||
                           (peer.pace == Pace::probe && reply.index != peer.next.previous());
        if (stale) return;
    }
    const EntryId agree = log_.last_not_above(reply.hint.index, reply.hint.term);
    const Index before_refused = reply.index.value == 0 ? Index{} : reply.index.previous();
    const Index from =
        peer.pace == Pace::behind ? agree.index : std::min(agree.index, before_refused);
    peer.next = std::max(peer.match, from).next();
    peer.pace = Pace::probe;
    peer.probing = false;
    peer.in_flight.clear();
}

// ---------------------------------------------------------------------------- the follower's side

void Core::follow(NodeId leader) {
    if (role_ != Role::follower) become_follower(promise_.term, leader);
    const bool is_new = leader_ != leader;
    leader_ = leader;
    leader_heard_at_ = now_;
    restart_election_timer();
    if (!is_new) return;
    // What the last leader was asked, this one is asked again.
    waiting_.insert(waiting_.begin(), forwarded_.begin(), forwarded_.end());
    forwarded_.clear();
    forward_reads();
}

// AppendEntries, receiver's side. [Raft Fig. 2, §5.3]
void Core::on_append(NodeId from, const Append& append) {
    if (role_ == Role::leader) return;  // two leaders of one term: not from anybody honest
    follow(from);
    // What lies at or before our start is committed, so it fits whatever any leader says of it.
    const Index previous = append.previous.index;
    if (previous >= log_.start().index && log_.term_at(previous) != append.previous.term)
        return refuse_append(from, append);
    if (!store_entries(append)) return;
    // Acknowledged is the last entry of this very append, no further: what else this log holds may
    // differ from the leader's. And no further than the disk: what this step writes is on it when
    // the answer leaves, what an earlier step wrote may not be.
    const Index reaches = previous + append.entries.size();
    const Index safe = first_appended_ ? reaches : std::min(reaches, log_.durable_index());
    if (append.wants_answer)
        send_after_persist(
            from, AppendReply{.accepted = true, .index = safe, .hint = {}, .round = append.round});
    // Likewise with the commit index: beyond this append the logs are not known to agree.
    commit_through(std::min(append.commit, reaches));
}

// False if the append contradicts what is committed, or itself: then nothing is stored.
bool Core::store_entries(const Append& append) {
    Index at = append.previous.index;
    for (const Entry& entry : append.entries) {
        ++at;
        if (at < log_.start().index) continue;
        // Already here: a repeated or overtaken append must not undo what came after it.
        if (log_.term_at(at) == entry.term) continue;
        if (at <= commit_) return false;
        const Height before = log_.position_at(at.previous());
        if (entry.position != (entry.kind == EntryKind::payload ? before.next() : before))
            return false;
        // Only a real conflict truncates, and then everything from there on goes. [Raft §5.3]
        if (at <= log_.last_index()) {
            HF_SOMETIMES("raft.conflict_truncated");
            log_.truncate(at);
        }
        if (!first_appended_) first_appended_ = at;
        log_.append(entry, next_token_);
    }
    return true;
}

void Core::refuse_append(NodeId to, const Append& append) {
    send(to, AppendReply{.index = append.previous.index,
                         .hint = log_.last_not_above(append.previous.index, append.previous.term),
                         .round = append.round});
}

void Core::on_behind(NodeId from, const Behind& behind) {
    if (role_ == Role::leader) return;
    follow(from);
    send(from, AppendReply{
                   .index = log_.last_index().next(), .hint = log_.last(), .round = behind.round});
    catch_up(behind.upto, from);
}

// ------------------------------------------------------------------------------------- both sides

void Core::commit_through(Index index) {
    if (index <= commit_) return;
    commit_ = index;
    deliver();
}

// Hands committed payloads over, in order. It need not wait for the own disk: a quorum's disks hold
// what is committed, and a store ahead of its journal is trusted at restart.
void Core::deliver() {
    if (delivered_ < log_.start().index) {
        // The store was put back to before this log's start: only peers have what is between.
        return catch_up(log_.start().position, NodeId{});
    }
    while (delivered_ < commit_) {
        ++delivered_;
        const Entry& entry = log_.at(delivered_);
        if (entry.kind != EntryKind::payload) continue;
        delivered_position_ = entry.position;
        deliveries_.emplace_back(consensus::Deliver{
            .position = entry.position,
            .payload = entry.data,
            .origin = {.proposer = entry.proposer, .epoch = entry.epoch, .view = entry.term.value},
            .mark = encode(log_.mark_at(delivered_))});
        deliveries_.emplace_back(consensus::Final{entry.position});
    }
    compact();
}

// Drops the older half of the delivered log when it has outgrown its allowance. Before the journal
// may forget the dropped entries' records, every promise still binding is written again.
void Core::compact() {
    const Index end = std::min(delivered_, log_.durable_index());
    if (log_.bytes_through(end) <= config_.log_bytes_retained) return;
    const size_t keep = config_.log_bytes_retained / 2;
    // The log starts right at a payload: a follower whose ledger stands at that block can always
    // join it there, with no entry in between that no ledger knows of.
    std::optional<Index> cut;
    const size_t all = log_.bytes_through(end);
    for (Index i = log_.start().index.next(); i <= end; ++i) {
        if (log_.at(i).kind == EntryKind::payload) cut = i;
        if (cut && all - log_.bytes_through(i) <= keep) break;
    }
    if (!cut) return;
    log_.drop_through(log_.mark_at(*cut));
    start_changed_ = log_.start();
    promise_changed_ = true;
    const consensus::Token upto = log_.oldest_token().value_or(next_token_) - 1;
    if (upto <= forgotten_) return;
    forgotten_ = upto;
    forget_ = upto;
}

void Core::catch_up(Height upto, NodeId source) {
    constexpr int patience_timeouts = 8;
    if (upto <= delivered_position_) return;
    if (catch_up_again_at_ && now_ < *catch_up_again_at_) return;
    catch_up_again_at_ = now_ + patience_timeouts * config_.election_timeout;
    deliveries_.emplace_back(
        consensus::CatchUp{.from = delivered_position_.next(), .upto = upto, .source = source});
}

}  // namespace holdfast::raft
