// Who may talk to us from a browser.
#include "api/access.h"

#include <algorithm>
#include <cstdint>

namespace holdfast::api {

namespace {

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool same_name(std::string_view a, std::string_view b) {
    return std::ranges::equal(a, b, {}, lower, lower);
}

/// "name:8545" and "[::1]:8545" without the port, the brackets and a closing dot.
std::string_view without_port(std::string_view host) {
    if (host.starts_with('[')) {
        const size_t end = host.find(']');
        return end == std::string_view::npos ? host : host.substr(1, end - 1);
    }
    if (const size_t colon = host.find(':'); colon != std::string_view::npos)
        host = host.substr(0, colon);
    if (host.ends_with('.')) host.remove_suffix(1);
    return host;
}

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

bool is_ip_address(std::string_view host_header) {
    if (host_header.starts_with('[')) return true;
    const std::string_view host = without_port(host_header);
    if (host.empty() || std::ranges::count(host, '.') != 3) return false;
    // No top-level domain is all digits: four dotted numbers are never a name. [RFC 3696 §2]
    return std::ranges::all_of(host, [](char c) { return is_digit(c) || c == '.'; });
}

bool is_listed(std::string_view name, const std::vector<std::string>& allowed) {
    return std::ranges::any_of(
        allowed, [&](const std::string& entry) { return entry == "*" || same_name(entry, name); });
}

}  // namespace

bool host_allowed(std::string_view host_header, const std::vector<std::string>& allowed) {
    // HTTP/1.0 has no Host; no browser of today speaks it.
    if (host_header.empty()) return true;
    return is_ip_address(host_header) || is_listed(without_port(host_header), allowed);
}

bool origin_allowed(std::string_view origin, std::string_view host_header,
                    const std::vector<std::string>& allowed) {
    if (origin.empty()) return true;
    if (is_listed(origin, allowed)) return true;
    const size_t scheme = origin.find("://");
    return scheme != std::string_view::npos && same_name(origin.substr(scheme + 3), host_header);
}

bool token_allowed(std::string_view authorization, std::string_view token) {
    if (token.empty()) return true;
    constexpr std::string_view scheme = "bearer ";
    if (authorization.size() < scheme.size() ||
        !same_name(authorization.substr(0, scheme.size()), scheme))
        return false;
    const std::string_view given = authorization.substr(scheme.size());
    if (given.size() != token.size()) return false;
    uint8_t difference = 0;
    for (size_t i = 0; i < token.size(); ++i)
        difference |= static_cast<uint8_t>(given[i] ^ token[i]);
    return difference == 0;
}

}  // namespace holdfast::api
