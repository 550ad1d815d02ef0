// TLS 1.3 between nodes: a self-signed certificate made in memory from the Ed25519 transport key,
// and trust by that key alone. No authority, no names, no dates, no resumption, no early data.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include <boost/asio/ssl/context.hpp>

#include "base/result.h"
#include "crypto/ed25519.h"

namespace holdfast::net {

/// The ClientHello's random: the same value at both ends of a connection, and at no other.
using ClientRandom = FixedBytes<32, struct ClientRandomTag>;

class Tls {
  public:
    /// Asked in the middle of a handshake, before the peer has proved that it holds the key.
    using IsKnown = std::function<bool(const crypto::NodePublicKey&)>;

    /// Errors: net.tls.
    static Result<std::unique_ptr<Tls>> create(const crypto::NodeSeed& seed, IsKnown is_known);

    [[nodiscard]] boost::asio::ssl::context& context() { return context_; }

  private:
    explicit Tls(IsKnown is_known);
    Status configure(const crypto::NodeSeed& seed);

    boost::asio::ssl::context context_;
    IsKnown is_known_;
};

/// The key that the peer has proved to hold; only after the handshake.
std::optional<crypto::NodePublicKey> peer_key(SSL* ssl);
ClientRandom client_random(SSL* ssl);

}  // namespace holdfast::net
