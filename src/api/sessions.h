// Connections of clients: each keeps itself alive by the operation it waits for. All on the loop's
// thread.
#pragma once

#include <memory>

#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>

#include "api/rpc.h"

namespace holdfast::api {

using HttpRequest = boost::beast::http::request<boost::beast::http::string_body>;

inline constexpr std::chrono::seconds idle_timeout{60};     ///< of a connection between requests
inline constexpr std::chrono::seconds receive_timeout{30};  ///< of one request, from its first byte
inline constexpr std::chrono::seconds send_timeout{30};  ///< of one response: a slow reader is cut
inline constexpr size_t http_header_bytes_max = 16 * 1024;
/// Bodies of one WebSocket being answered; beyond, it is not read from.
inline constexpr size_t websocket_in_flight_max = 1024;
/// Answers and notices that wait for a WebSocket client to read.
inline constexpr size_t websocket_queue_bytes_max = 32 * 1024 * 1024;

void start_http_session(const std::shared_ptr<Service>& service,
                        boost::asio::ip::tcp::socket socket, Trust trust);
/// Takes over after an upgrade request that has passed every check.
void start_websocket_session(const std::shared_ptr<Service>& service,
                             boost::beast::tcp_stream stream, HttpRequest request, Trust trust,
                             Consistency consistency);

/// The request's wish: the header Holdfast-Consistency. Null: not a value we know.
std::optional<Consistency> consistency_of(const HttpRequest& request);

}  // namespace holdfast::api
