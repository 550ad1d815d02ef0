// One life of one node: the production node with its journal, sessions and lanes, as ports on the
// virtual world. It dies by its pulse; nothing of it survives but what is on the machine's disk.
#pragma once

#include "sim/machine.h"

namespace holdfast::sim {

class Process final : public env::Transport, public env::Lanes, public node::Events {
  public:
    Process(Machine& machine, uint64_t life);
    ~Process() override;
    Process(const Process&) = delete;
    Process& operator=(const Process&) = delete;

    /// Errors: those of node::Node::open.
    Status open();
    void idle();
    void tick();
    /// Sets the alarm for whatever comes first, and an idle round if none waits.
    void rearm();
    void disarm() { armed_.reset(); }

    void hear(NodeId from, const Buffer& message);
    void on_connected(NodeId peer, ConnectionId connection);
    void on_dial_failed(NodeId peer);
    void on_bytes(NodeId peer, ConnectionId connection, ByteView bytes);
    void on_room(NodeId peer, ConnectionId connection);
    void on_broken(NodeId peer, ConnectionId connection);

    [[nodiscard]] Pulse& pulse() { return pulse_; }
    [[nodiscard]] uint64_t life() const { return life_; }
    [[nodiscard]] node::Node* node() { return node_.get(); }
    [[nodiscard]] const consensus::Engine* engine() const { return engine_; }
    [[nodiscard]] bool knows(NodeId peer) const { return links_.contains(peer); }

    // env::Transport
    void send(NodeId to, env::Priority priority, Buffer message) override;
    // env::Lanes
    void run(env::Lane lane, std::function<void()> work, std::function<void()> done) override;
    // node::Events
    void on_block(const std::shared_ptr<const ledger::Executed>& executed) override;
    void on_peers(const node::PeerSet& peers) override;
    void on_stopped(const Error& reason) override;

  private:
    /// One peer's session and the connection that carries it.
    struct Link {
        session::Session session;
        session::Backoff backoff;
        std::optional<ConnectionId> connection;
        Duration since{};
        bool calls = true;  ///< else the peer does
    };
    void set_peers(const node::PeerSet& peers);
    void dial_later(NodeId peer);
    void apply(NodeId peer, Link& link, session::Output output);
    void pump(NodeId peer, Link& link);
    void dispatch(NodeId to, env::Priority priority, Buffer message);
    void lost(NodeId peer, Link& link);
    std::unique_ptr<consensus::Engine> make_engine(const node::RestoreArguments& arguments);
    template <class EngineConfig>
    [[nodiscard]] EngineConfig crash_fault_config(const node::RestoreArguments& arguments) const;
    [[nodiscard]] std::unique_ptr<consensus::Engine> restore_raft(
        const node::RestoreArguments& arguments) const;
    [[nodiscard]] std::unique_ptr<consensus::Engine> restore_paxos(
        const node::RestoreArguments& arguments) const;
    [[nodiscard]] std::unique_ptr<consensus::Engine> restore_bft(
        const node::RestoreArguments& arguments) const;
    Logger logger();

    Machine& machine_;
    Surroundings& around_;
    uint64_t life_;
    Pulse pulse_;
    journal::Journal journal_;
    session::Identity identity_;  ///< of the next session: each has an incarnation of its own
    std::map<NodeId, Link> links_;
    std::array<Duration, 4> lane_free_{};
    const consensus::Engine* engine_ = nullptr;
    std::unique_ptr<node::Node> node_;
    std::optional<Duration> armed_;
};

}  // namespace holdfast::sim
