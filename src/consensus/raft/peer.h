// What a leader keeps of each peer and of each read that waits; plain data.
#pragma once

#include "consensus/raft/messages.h"

namespace holdfast::raft {

enum class Role : uint8_t { follower, poller, candidate, leader };

/// How a leader sends to a peer.
enum class Pace : uint8_t {
    probe,      ///< where the logs part is not known: one message at a time
    replicate,  ///< known: a window of messages under way
    behind,     ///< what it needs is no longer in the log: it must catch up by other means
};

/// What a leader knows of one peer. `match` belongs to the speaker that acknowledged it.
struct Peer {
    Speaker speaker;
    bool heard = false;  ///< in this term; only then is `speaker` known
    Pace pace = Pace::probe;
    bool probing = false;  ///< a probe is under way
    Index match;
    Index next;
    std::deque<Index> in_flight;  ///< the last index of each append under way
    Index commit_sent;
    uint64_t round = 0;  ///< the latest proof of leadership it has answered
    Instant heard_at;
    std::optional<Instant> leaving;  ///< removed: sent to until it knows, or until then
};

/// A read that waits for the leader's proof that it still leads.
struct PendingRead {
    uint64_t round = 0;  ///< 0: not yet begun
    NodeId asker;        ///< 0: this node's own, by `local`
    consensus::ReadId local;
    ReadRequest remote;
    Height height;
};

inline constexpr size_t reads_pending_max = 4096;

}  // namespace holdfast::raft
