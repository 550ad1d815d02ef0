// The small REST face: finding the route.
#include "api/rest.h"

#include "api/json.h"

namespace holdfast::api {

RestResponse rest_error(unsigned status, std::string_view code, std::string_view message) {
    JsonOut out;
    out.object().key("error").object().key("code").text(code).key("message").text(message);
    return {.status = status, .body = out.end_object().end_object().take()};
}

namespace {

/// Null unless `path` fits; else what stands for the route's argument.
std::optional<std::string_view> match(std::string_view pattern, std::string_view path) {
    const size_t open = pattern.find('{');
    if (open == std::string_view::npos)
        return pattern == path ? std::optional(std::string_view{}) : std::nullopt;
    if (!path.starts_with(pattern.substr(0, open))) return std::nullopt;
    const std::string_view argument = path.substr(open);
    if (argument.empty() || argument.contains('/')) return std::nullopt;
    return argument;
}

void run_route(Service& service, const RestRoute& route, RestRequest request, std::string argument,
               RestReply reply) {
    if (request.caller.consistency == Consistency::latest || route.effect != Effect::reads)
        return route.run(service, request, argument, reply);
    service.backend().linearizable([weak = service.weak_from_this(), &route,
                                    request = std::move(request), argument = std::move(argument),
                                    reply = std::move(reply)](const Result<Height>& point) {
        if (!point)
            return reply(rest_error(503, point.error().code.name, message_of(point.error())));
        const auto self = weak.lock();
        if (self == nullptr) return;
        self->dispatch([weak, &route, request, argument, reply] {
            if (const auto service_now = weak.lock())
                route.run(*service_now, request, argument, reply);
        });
    });
}

}  // namespace

void serve_rest(Service& service, RestRequest request, RestReply reply) {
    std::string allow;
    for (const RestRoute& route : rest_routes()) {
        const auto argument = match(route.path, request.path);
        if (!argument) continue;
        if (route.method == request.method)
            return run_route(service, route, std::move(request), std::string(*argument),
                             std::move(reply));
        if (!allow.empty()) allow.append(", ");
        allow.append(route.method);
    }
    if (allow.empty())
        return reply(
            rest_error(404, "api.no_such_route", "see GET /openapi.json for what there is"));
    RestResponse response = rest_error(405, "api.method_not_allowed", "allowed here: " + allow);
    response.allow = std::move(allow);
    reply(std::move(response));
}

}  // namespace holdfast::api
