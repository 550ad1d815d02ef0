// Endpoint parsing.
#include "net/endpoint.h"

#include <charconv>

#include <fmt/format.h>

namespace holdfast::net {
namespace {

constexpr size_t host_bytes_max = 255;  // of a DNS name: RFC 1035, 2.3.4

}  // namespace

Result<Endpoint> parse_endpoint(std::string_view text) {
    const auto bad = [&](const char* why) {
        return fail(errc::bad_endpoint, fmt::format("\"{}\" {}", text.substr(0, 300), why));
    };
    const size_t colon = text.rfind(':');
    if (colon == std::string_view::npos) return bad("has no port: write host:port");
    std::string_view host = text.substr(0, colon);
    const std::string port_text(text.substr(colon + 1));
    if (host.starts_with('[') && host.ends_with(']'))
        host = host.substr(1, host.size() - 2);
    else if (host.find(':') != std::string_view::npos)
        return bad("is ambiguous: write an IPv6 address in brackets");
    if (host.size() > host_bytes_max) return bad("has too long a host");

    Endpoint endpoint{.host = std::string(host), .port = 0};
    const char* end = port_text.data() + port_text.size();
    const auto [stopped, error] = std::from_chars(port_text.data(), end, endpoint.port);
    if (error != std::errc{} || stopped != end) return bad("has no port from 0 to 65535");
    return endpoint;
}

}  // namespace holdfast::net
