// The listeners: Ethereum JSON-RPC over HTTP and WebSocket, a small REST face, health and metrics;
// and a second listener for the operator's methods.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "api/backend.h"
#include "base/log.h"

namespace holdfast::api {

namespace errc {
inline constexpr Errc cannot_listen{"api.cannot_listen"};
inline constexpr Errc timeout{"node.timeout"};  ///< no answer within the time allowed
inline constexpr Errc overloaded{"api.overloaded"};
}  // namespace errc

struct ServerConfig {
    std::string listen = "127.0.0.1:8545";  ///< empty: none
    std::string operator_listen;            ///< empty: none
    std::vector<std::string> hosts_allowed{"localhost", "127.0.0.1",
                                           "::1"};  ///< Host header; "*": any
    std::vector<std::string> origins_allowed;       ///< Origin header of browsers; "*": any
    std::string operator_token;  ///< bearer token of the operator's listener; empty: none
    size_t connections_max = 4096;
    size_t request_bytes_max = 2 * 1024 * 1024;
    size_t batch_max = 1000;
    size_t subscriptions_max = 64;  ///< and filters, a connection
    size_t filters_max = 4096;      ///< over HTTP, all clients together
    uint64_t request_timeout_ms = 30'000;
};

/// Owns its threads: one for sockets.
class Server {
  public:
    virtual ~Server() = default;
    /// Errors: errc::cannot_listen.
    static Result<std::unique_ptr<Server>> start(ServerConfig config, Backend& backend,
                                                 Logger logger);
    [[nodiscard]] virtual uint16_t port() const = 0;
    [[nodiscard]] virtual uint16_t operator_port() const = 0;
    /// No callback into the backend after it returns.
    virtual void stop() = 0;
};

}  // namespace holdfast::api
