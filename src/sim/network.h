// The virtual network: what happens to bytes between machines. Two kinds of traffic: bare messages,
// which may be lost, repeated, late and out of order; and connections as TCP gives them, in order
// and whole until they break. Which a run has is in its plan.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <vector>

#include "base/bytes.h"
#include "base/random.h"
#include "sim/plan.h"
#include "sim/schedule.h"

namespace holdfast::sim {

using ConnectionId = Ordinal<struct ConnectionTag>;

/// A machine as the network has it: its kernel, which is there also while its process is not.
class Socket {
  public:
    virtual ~Socket() = default;
    /// Somebody listens.
    [[nodiscard]] virtual bool listening() const = 0;
    /// It would talk with this peer.
    [[nodiscard]] virtual bool knows(NodeId peer) const = 0;
    virtual void on_message(NodeId from, Buffer message) = 0;
    virtual void on_connected(NodeId peer, ConnectionId connection) = 0;
    virtual void on_dial_failed(NodeId peer) = 0;
    virtual void on_bytes(NodeId peer, ConnectionId connection, Buffer bytes) = 0;
    /// There is room to write again.
    virtual void on_room(NodeId peer, ConnectionId connection) = 0;
    virtual void on_broken(NodeId peer, ConnectionId connection) = 0;
};

class Network {
  public:
    Network(const Plan& plan, Schedule& schedule) : plan_(plan), schedule_(schedule) {}

    void plug(NodeId node, Socket& socket) { sockets_[node] = &socket; }

    /// Spells of the plan. Ending one lets go what waited for it.
    void begin(const Fault& spell) { spells_.push_back(spell); }
    void end(const Fault& spell);
    /// Every spell that touches only these nodes ends. Those from and to others stay.
    void heal(const std::vector<NodeId>& among);
    /// Whether anything gets from one to the other now.
    [[nodiscard]] bool reaches(NodeId from, NodeId to) const;

    /// What its node was sent lately comes again and again, while the fault lasts. False if there
    /// is nothing: connections never repeat.
    bool replay(const Fault& fault);

    void send(NodeId from, NodeId to, const Buffer& message);

    void dial(NodeId from, NodeId to);
    /// Bytes that still fit before the connection has taken enough for now.
    [[nodiscard]] size_t room(ConnectionId connection, NodeId from) const;
    void write(ConnectionId connection, NodeId from, const Buffer& bytes);
    /// By one side, in good order: the other hears of it, if the network lets it.
    void close(ConnectionId connection, NodeId by);
    /// All of a node's. With `silently` nobody hears: the power is gone.
    void drop_connections(NodeId of, bool silently);

  private:
    struct Condition {
        bool blocked = false;  ///< does not get through
        bool clogged = false;  ///< waits
        uint64_t loss = 0, repeat = 0;
        uint64_t mean_us = 0;
        uint64_t bytes_per_ms = 0;  ///< 0: no limit
    };
    struct Direction {
        Duration last_arrival{};
        size_t under_way = 0;
        std::deque<Buffer> stalled;
    };
    struct Connection {
        NodeId dialer, acceptor;
        Direction forth, back;
        bool dialer_gone = false, acceptor_gone = false;
    };
    struct Waiting {
        NodeId from, to;
        Buffer message;
    };

    [[nodiscard]] Condition condition(NodeId from, NodeId to) const;
    Random random(NodeId from, NodeId to);
    Duration delay(const Condition& link, NodeId from, NodeId to, size_t bytes, Random& random);
    void at(Duration when, NodeId to, Schedule::Action action);
    void carry(NodeId from, NodeId to, const Buffer& message);
    void arrive(NodeId from, NodeId to, const Buffer& message);
    void hand_over(NodeId from, NodeId to, const Buffer& message);
    void transmit(ConnectionId id, Connection& connection, NodeId from, const Buffer& bytes);
    void receive(ConnectionId id, NodeId from, NodeId to, const Buffer& bytes);
    void accept(NodeId from, NodeId to);
    void tell_broken(ConnectionId id, NodeId to, NodeId about);
    void let_go();

    const Plan& plan_;
    Schedule& schedule_;
    std::map<NodeId, Socket*> sockets_;
    std::vector<Fault> spells_;
    std::map<std::pair<NodeId, NodeId>, uint64_t> drawn_;
    std::map<std::pair<NodeId, NodeId>, Duration> busy_until_;
    std::map<ConnectionId, Connection> connections_;
    ConnectionId last_connection_;
    std::deque<Waiting> waiting_;
    std::map<std::pair<NodeId, NodeId>, std::deque<Buffer>> recent_;  ///< arrived, oldest first
    uint64_t messages_ = 0;
};

}  // namespace holdfast::sim
