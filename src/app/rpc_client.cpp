// JSON-RPC over one kept-alive HTTP connection, with a deadline on every exchange.
#include "app/rpc_client.h"

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <fmt/format.h>

#include "app/config.h"

namespace holdfast::app {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
namespace json = boost::json;
constexpr size_t response_bytes_max = 64 << 20;

Result<json::value> result_of(const json::value& answer) {
    const json::object* object = answer.if_object();
    if (object == nullptr) return fail(errc::rpc_malformed, "the answer is no object");
    if (const json::value* error = object->if_contains("error"))
        return fail(errc::rpc_refused, json::serialize(*error));
    const json::value* result = object->if_contains("result");
    if (result == nullptr) return fail(errc::rpc_malformed, "the answer has no result");
    return *result;
}

}  // namespace

struct RpcClient::Connection {
    asio::io_context io;
    beast::tcp_stream stream{io};
    beast::flat_buffer buffer;
    bool open = false;

    /// Runs what was begun until it has ended, by itself or by the stream's deadline.
    void finish() {
        io.restart();
        io.run();
    }
};

RpcClient::RpcClient(std::string url, uint64_t timeout_ms)
    : url_(std::move(url)), timeout_ms_(timeout_ms) {
    if (url_.starts_with("http://")) url_ = url_.substr(7);
    while (url_.ends_with('/')) url_.pop_back();
}
RpcClient::~RpcClient() = default;

Result<std::string> RpcClient::exchange(const std::string& body) {
    const auto endpoint = parse_endpoint(url_);
    if (!endpoint) return fail(errc::rpc_unreachable, endpoint.error().detail);
    const auto broken = [this](const beast::error_code& error) {
        connection_.reset();
        return fail(errc::rpc_unreachable, fmt::format("{}: {}", url_, error.message()));
    };
    beast::error_code failure;
    const auto take_error = [&failure](const beast::error_code& error, auto&&...) {
        failure = error;
    };
    const std::chrono::milliseconds timeout(timeout_ms_);
    if (!connection_) {
        connection_ = std::make_unique<Connection>();
        asio::ip::tcp::resolver resolver(connection_->io);
        const auto found =
            resolver.resolve(endpoint->host, std::to_string(endpoint->port), failure);
        if (failure) return broken(failure);
        connection_->stream.expires_after(timeout);
        connection_->stream.async_connect(found, take_error);
        connection_->finish();
        if (failure) return broken(failure);
        connection_->stream.socket().set_option(asio::ip::tcp::no_delay(true), failure);
    }
    http::request<http::string_body> request(http::verb::post, "/", 11);
    request.set(http::field::host, url_);
    request.set(http::field::content_type, "application/json");
    request.body() = body;
    request.prepare_payload();
    connection_->stream.expires_after(timeout);
    http::async_write(connection_->stream, request, take_error);
    connection_->finish();
    if (failure) return broken(failure);
    http::response_parser<http::string_body> parser;
    parser.body_limit(response_bytes_max);
    http::async_read(connection_->stream, connection_->buffer, parser, take_error);
    connection_->finish();
    if (failure) return broken(failure);
    auto response = parser.release();
    if (!response.keep_alive()) connection_.reset();
    if (response.result() != http::status::ok)
        return fail(errc::rpc_refused,
                    fmt::format("{}: HTTP {}: {}", url_, response.result_int(), response.body()));
    return std::move(response.body());
}

Result<json::value> RpcClient::post(const std::string& body) {
    // A kept-alive connection may have been closed meanwhile; what we ask may safely be asked
    // twice.
    const bool was_open = connection_ != nullptr;
    auto text = exchange(body);
    if (!text && was_open && text.error().code == errc::rpc_unreachable) text = exchange(body);
    if (!text) return std::unexpected(text.error());
    boost::system::error_code error;
    json::value value = json::parse(*text, error);
    if (error) return fail(errc::rpc_malformed, fmt::format("{}: {}", url_, error.message()));
    return value;
}

Result<json::value> RpcClient::call(std::string_view method, json::array params) {
    const json::object request{
        {"jsonrpc", "2.0"}, {"id", next_id_++}, {"method", method}, {"params", std::move(params)}};
    const auto answer = post(json::serialize(request));
    if (!answer) return std::unexpected(answer.error());
    return result_of(*answer);
}

Result<std::vector<Result<json::value>>> RpcClient::batch(std::string_view method,
                                                          const std::vector<json::array>& params) {
    std::vector<Result<json::value>> results(params.size(),
                                             fail(errc::rpc_malformed, "a call went unanswered"));
    if (params.empty()) return results;
    json::array requests;
    for (size_t i = 0; i < params.size(); ++i)
        requests.push_back(
            json::object{{"jsonrpc", "2.0"}, {"id", i}, {"method", method}, {"params", params[i]}});
    const auto answers = post(json::serialize(requests));
    if (!answers) return std::unexpected(answers.error());
    const json::array* list = answers->if_array();
    if (list == nullptr) {
        const auto result = result_of(*answers);
        return result ? fail(errc::rpc_malformed, "no list for a batch")
                      : std::unexpected(result.error());
    }
    for (const json::value& answer : *list) {
        const json::object* object = answer.if_object();
        const json::value* id = object == nullptr ? nullptr : object->if_contains("id");
        boost::system::error_code error;
        const auto index = id == nullptr ? SIZE_MAX : id->to_number<size_t>(error);
        if (!error && index < results.size()) results[index] = result_of(answer);
    }
    return results;
}

Result<U256> quantity_of(const json::value& value) {
    const json::string* text = value.if_string();
    const auto number = text == nullptr ? std::nullopt : U256::parse(std::string_view(*text));
    if (!number) return fail(errc::rpc_malformed, "not a quantity: " + json::serialize(value));
    return *number;
}

Result<U256> ask_quantity(RpcClient& client, std::string_view method, json::array params) {
    const auto value = client.call(method, std::move(params));
    if (!value) return std::unexpected(value.error());
    return quantity_of(*value);
}

Result<uint64_t> ask_number(RpcClient& client, std::string_view method, json::array params) {
    const auto value = ask_quantity(client, method, std::move(params));
    if (!value) return std::unexpected(value.error());
    if (!value->fits_u64()) return fail(errc::rpc_malformed, "a number over 64 bits");
    return value->low64();
}

Result<std::optional<json::object>> ask_receipt(RpcClient& client, const Hash32& hash) {
    const auto value = client.call("eth_getTransactionReceipt", {to_hex0x(hash.view())});
    if (!value) return std::unexpected(value.error());
    if (value->is_null()) return std::optional<json::object>();
    const json::object* object = value->if_object();
    if (object == nullptr) return fail(errc::rpc_malformed, "a receipt is no object");
    return *object;
}

}  // namespace holdfast::app
