// What a JSON-RPC request comes back with, and how our named errors become the codes and words that
// today's Ethereum clients recognise.
#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "base/result.h"

namespace holdfast::api {

struct RpcError {
    int code = 0;
    std::string message;
    std::string data_json;  ///< JSON text; empty: no "data"
};

/// The JSON text of a result, or an error.
using Answer = std::expected<std::string, RpcError>;

namespace rpc_code {
// [JSON-RPC 2.0 §5.1]
inline constexpr int parse_error = -32700;
inline constexpr int invalid_request = -32600;
inline constexpr int method_not_found = -32601;
inline constexpr int invalid_params = -32602;
inline constexpr int internal_error = -32603;  ///< viem and others retry it: for our own bugs only
// [EIP-1474]
inline constexpr int server_error = -32000;
inline constexpr int resource_not_found = -32001;
inline constexpr int limit_exceeded =
    -32005;  ///< retried by clients after a pause: for passing overload
inline constexpr int execution_reverted = 3;  ///< [geth]
inline constexpr int sync_timeout = 4;        ///< [EIP-7966]
}  // namespace rpc_code

std::unexpected<RpcError> rpc_fail(int code, std::string message, std::string data_json = {});
/// -32602 with geth's opening words.
std::unexpected<RpcError> bad_param(size_t index, std::string_view what);
/// A simulation cannot be told to change `what`: -32602, named api.override_unsupported.
std::unexpected<RpcError> override_unsupported(std::string_view what);
/// A named error as clients expect it: geth's words, and {"code": name, "detail": ...} as data.
RpcError to_rpc_error(const Error& error);
std::unexpected<RpcError> rpc_fail(const Error& error);
/// The words of geth for our name; `error.detail` or the name itself where geth has none.
std::string message_of(const Error& error);

/// {"code":..,"message":..[,"data":..]}
std::string to_json(const RpcError& error);

}  // namespace holdfast::api
