// The small REST face: the chain for those who want it without JSON-RPC, health and metrics.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "api/rpc.h"

namespace holdfast::api {

struct RestRequest {
    std::string method;
    std::string path;   ///< without the query
    std::string query;  ///< behind '?'
    std::string body;
    Caller caller;
};

struct RestResponse {
    unsigned status = 200;
    std::string body;
    std::string_view content_type = "application/json";
    std::string allow;  ///< for 405
};

using RestReply = std::function<void(RestResponse)>;

/// Answers on any thread. Call on the loop's thread.
void serve_rest(Service& service, RestRequest request, RestReply reply);

struct RestRoute {
    std::string_view method;
    std::string_view path;  ///< "{name}" stands for one segment
    void (*run)(Service& service, const RestRequest& request, std::string_view argument,
                const RestReply& reply);
    Effect effect = Effect::other;
};
/// Every route; POST / is JSON-RPC and stands beside them.
std::span<const RestRoute> rest_routes();

/// {"error":{"code":..,"message":..}}
RestResponse rest_error(unsigned status, std::string_view code, std::string_view message);

/// src/api/openapi.json.
std::string_view openapi_text();

}  // namespace holdfast::api
