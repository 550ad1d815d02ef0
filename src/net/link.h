// The link to one peer: its session, the one connection that carries it, and the calls that make a
// new one when there is none.
//
// Both sides may call. Whoever completes first serves; of two that complete at about the same time,
// both ends keep the one that the node with the lower id dialed, so they never close both. After
// that time a new connection is proof that the peer has lost the old one, and replaces it.
#pragma once

#include <memory>

#include <boost/asio/io_context.hpp>

#include "net/connection.h"
#include "net/network.h"
#include "session/session.h"

namespace holdfast::net {

/// What all links of a network share. Everything here belongs to its thread.
struct Shared {
    Shared(NetworkConfig config_in, Network::Callbacks callbacks_in, Logger logger_in);

    NetworkConfig config;
    Network::Callbacks callbacks;
    Logger logger;
    crypto::NodePublicKey own_key;
    boost::asio::io_context io{1};
    boost::asio::ip::tcp::resolver resolver{io};
    std::unique_ptr<Tls> tls;
    /// A call of ours was answered with our own key: a copy of this node, or this very process.
    std::function<void(Connection&, const Peer& called)> own_key_answered;
    /// A link made anew for a peer remembers nothing of the one before, while the peer may still
    /// have its half of that session: by another incarnation it learns that it is over.
    [[nodiscard]] session::Identity fresh_identity();
    uint64_t links_made = 0;
    /// The link that calls this node's own registered endpoint, to hear who answers there.
    [[nodiscard]] bool is_own(const Peer& peer) const { return peer.id == config.identity.self; }

    [[nodiscard]] static Instant now();
};

class Link final : public Connection::Handler, public std::enable_shared_from_this<Link> {
  public:
    Link(Shared& shared, Peer peer);

    void start();
    /// The link is over: no callback comes from it any more.
    void stop();
    /// A connection that the peer made and that proved the peer's key.
    void adopt(const std::shared_ptr<Connection>& connection);
    void move_to(const std::string& endpoint);
    void send(env::Priority priority, Buffer message);
    /// Writes what is due, if the connection has room.
    void pump();

    [[nodiscard]] const Peer& peer() const { return peer_; }
    [[nodiscard]] PeerInfo info() const;

  private:
    void on_established(Connection& connection) override;
    void on_bytes(Connection& connection, ByteView bytes) override;
    void on_written(Connection& connection) override;
    void on_ended(Connection& connection, const std::string& why) override;

    void dial();
    void dial_after(Duration delay);
    void dial_resolved(const tcp::resolver::results_type& endpoints);
    void stop_dialing();
    void dial_failed(const std::string& why);
    void take(const std::shared_ptr<Connection>& connection);
    void lost(const std::string& why);
    void apply(session::Output output);
    void arm();
    void on_timer();
    void tell_link(bool up);
    [[nodiscard]] bool is_preferred(const Connection& connection) const;

    Shared& shared_;
    Peer peer_;
    session::Session session_;
    session::Backoff backoff_;
    std::shared_ptr<Connection> current_;
    std::shared_ptr<Connection> dialing_;
    uint64_t dial_number_ = 0;   ///< tells an answer of the resolver from that of a later question
    bool dial_pending_ = false;  ///< resolving, or waiting for `dial_timer_`
    Instant current_since_{};
    boost::asio::steady_timer dial_timer_, session_timer_;
    std::optional<Instant> armed_for_;
    std::string last_error_;
    bool up_ = false, stopped_ = false;
};

}  // namespace holdfast::net
