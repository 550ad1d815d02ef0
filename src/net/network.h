// Sockets under the sessions: TCP with TLS 1.3, both sides authenticated by their transport key, no
// early data. Peers are pinned to the keys that the ledger's membership names.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/log.h"
#include "crypto/ed25519.h"
#include "env/transport.h"
#include "session/session.h"

namespace holdfast::net {

struct Peer {
    NodeId id;
    crypto::NodePublicKey transport_key;
    std::string endpoint;  ///< "host:port"; empty: it calls us
    bool operator==(const Peer&) const = default;
};

struct NetworkConfig {
    session::Identity identity;
    crypto::NodeSeed transport_seed;
    std::string listen;  ///< "host:port"
    session::Limits limits;
    size_t connections_pending_max = 64;  ///< sockets that have not finished their handshake
    Duration handshake_timeout{5'000'000};
    Duration backoff_first{20'000}, backoff_cap{2'000'000};
};

struct PeerInfo {
    NodeId id;
    std::string endpoint;
    bool connected = false;
    std::string last_error;  ///< why the last connection ended or failed; empty if none
    session::Counters counters;
};

/// Owns one thread. Callbacks run on that thread and must not block.
class Network : public env::Transport {
  public:
    struct Callbacks {
        std::function<void(NodeId from, Buffer message)> received;
        std::function<void(NodeId peer, bool connected)> link_changed;
        /// Somebody authenticated with our own transport key: a second copy of this node runs.
        std::function<void(std::string where)> own_key_seen;
        /// A copy of this node answers at the endpoint that the ledger has for this node: it is
        /// where the members expect us, so we are the one too many.
        std::function<void(std::string where)> own_endpoint_taken;
    };

    /// Errors: net.cannot_listen.
    static Result<std::unique_ptr<Network>> start(NetworkConfig config, std::vector<Peer> peers,
                                                  Callbacks callbacks, Logger logger);

    /// Thread-safe. A message to an unknown or absent peer waits in its bounded queue or is
    /// dropped.
    void send(NodeId to, env::Priority priority, Buffer message) override = 0;
    /// Thread-safe: the whole new set; links to whoever is gone are closed.
    virtual void set_peers(std::vector<Peer> peers) = 0;
    /// Thread-safe.
    [[nodiscard]] virtual std::vector<PeerInfo> peers() const = 0;
    [[nodiscard]] virtual uint16_t port() const = 0;
    /// Stops the thread; afterwards no callback runs.
    virtual void stop() = 0;
};

}  // namespace holdfast::net
