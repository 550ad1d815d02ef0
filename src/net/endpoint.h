// "host:port" and "[v6]:port" as people write them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace holdfast::net {

namespace errc {
inline constexpr Errc bad_endpoint{"net.bad_endpoint"};  ///< not "host:port"
inline constexpr Errc cannot_listen{
    "net.cannot_listen"};              ///< address in use, not ours, or no right
inline constexpr Errc tls{"net.tls"};  ///< OpenSSL refuses our own set-up
}  // namespace errc

struct Endpoint {
    std::string host;  ///< a name or a numeric address; empty: every local address
    uint16_t port = 0;
    bool operator==(const Endpoint&) const = default;
};

/// Errors: net.bad_endpoint.
Result<Endpoint> parse_endpoint(std::string_view text);

}  // namespace holdfast::net
