// What a proposer keeps of each peer and of each read that waits, and what a step gathers to say;
// plain data.
#pragma once

#include <map>
#include <set>

#include "consensus/paxos/messages.h"
#include "consensus/quorum.h"

namespace holdfast::paxos {

enum class Role : uint8_t { follower, poller, candidate, leader };

/// How a proposer speaks to a peer.
enum class Pace : uint8_t {
    asking,  ///< phase 1: its promise, or the rest of it, is not here yet
    stream,  ///< phase 2: a window of messages under way
    behind,  ///< what it needs is forgotten here: it must catch up by other means
};

/// What a proposer knows of one peer. `match` and `beyond` belong to the speaker that accepted.
struct Peer {
    Speaker speaker;
    bool heard = false;  ///< under this ballot; only then is `speaker` known
    Pace pace = Pace::asking;
    Slot asked;             ///< from where on its promise was asked for; 0: not yet
    Slot match;             ///< it has accepted everything up to here
    std::set<Slot> beyond;  ///< and these: what lies between is lost, or late
    Slot next;
    std::deque<Slot> in_flight;  ///< the last slot of each message under way
    Slot chosen_sent;
    uint64_t round = 0;  ///< the latest proof of leadership that it has answered
    Instant heard_at;
    std::optional<Instant> leaving;  ///< removed: sent to until it knows, or until then

    [[nodiscard]] bool has(Slot slot) const { return slot <= match || beyond.contains(slot); }
};

/// A read that waits for the leader's proof that it still leads.
struct PendingRead {
    uint64_t round = 0;  ///< 0: not yet begun
    NodeId asker;        ///< 0: this node's own, by `local`
    consensus::ReadId local;
    ReadRequest remote;
    Height height;
    Slot governed_from;  ///< by the configuration that must confirm it
};

struct Transfer {
    NodeId target;
    Instant until;
    bool ordered = false;
};

/// An Accept as last encoded, and what makes another the same.
struct EncodedAccept {
    Slot first, chosen;
    size_t count = 0;
    uint64_t round = 0;
    bool wants_answer = true;
    Buffer bytes;
};

/// What a step has to say and to write down.
struct Output {
    bool vow_changed = false;
    bool start_changed = false;
    bool start_leaps = false;
    std::vector<Slot> accepted;
    std::vector<consensus::Effect> asks;
    std::vector<consensus::Send> sends;
    std::vector<consensus::Send> sends_after;  ///< what is written
    std::vector<consensus::Effect> deliveries;
    std::optional<consensus::Token> forget;

    [[nodiscard]] bool writes() const { return vow_changed || start_changed || !accepted.empty(); }
};

template <class T>
struct Self {
    NodeId id;
    Speaker speaker;
    T value;
};

/// The highest value that a majority of `configuration` has reached. Of a peer heard in its seat,
/// `value` tells; of one that was not heard yet, `unheard` is taken.
template <class T, class F>
T reached_by(const Configuration& configuration, const Self<T>& self,
             const std::map<NodeId, Peer>& peers, F value, T unheard) {
    std::vector<T> values;
    values.reserve(configuration.voters.size());
    for (const Seat& seat : configuration.voters) {
        const auto peer = peers.find(seat.id);
        if (seat.id == self.id) {
            values.push_back(may_sit(seat, self.speaker) ? self.value : T{});
        } else if (peer == peers.end() || !peer->second.heard) {
            values.push_back(unheard);
        } else {
            values.push_back(may_sit(seat, peer->second.speaker) ? value(peer->second) : T{});
        }
    }
    return consensus::reached_by_majority(std::move(values), T{});
}

inline constexpr size_t reads_pending_max = 4096;

}  // namespace holdfast::paxos
