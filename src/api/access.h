// Who may talk to us from a browser: the Host and Origin rules, and the operator's token.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace holdfast::api {

/// A page of an attacker can make its own name resolve to 127.0.0.1, but not its Host header lie.
/// So names must be listed; an IP address in Host was typed by somebody, and is let through.
bool host_allowed(std::string_view host_header, const std::vector<std::string>& allowed);

/// No Origin: no browser. The page's own origin is as good as its Host.
bool origin_allowed(std::string_view origin, std::string_view host_header,
                    const std::vector<std::string>& allowed);

/// "Bearer <token>", compared in constant time. An empty token asks for nothing.
bool token_allowed(std::string_view authorization, std::string_view token);

}  // namespace holdfast::api
