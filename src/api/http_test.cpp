// HTTP as the network and browsers give it: hosts, origins, limits, broken and pipelined requests.
#include "api/access.h"
#include "api/test_server.h"

namespace holdfast::api::testing {
namespace {

class Http : public ServerTest {};

constexpr std::string_view version_body = R"({"jsonrpc":"2.0","id":1,"method":"net_version"})";

std::string request_with_host(std::string_view host) {
    return fmt::format("GET /health HTTP/1.1\r\nHost: {}\r\n\r\n", host);
}

TEST_F(Http, guards_against_dns_rebinding_by_the_host_header) {
    for (const std::string_view host :
         {"localhost", "LOCALHOST:8545", "127.0.0.1:8545", "[::1]:8545", "10.1.2.3"}) {
        Socket socket(server->port());
        socket.send(request_with_host(host));
        EXPECT_EQ(socket.answer().status, 200) << host;
    }
    for (const std::string_view host :
         {"evil.example", "localhost.evil.example:8545", "1.2.3.evil"}) {
        Socket socket(server->port());
        socket.send(request_with_host(host));
        const HttpAnswer answer = socket.answer();
        EXPECT_EQ(answer.status, 403) << host;
        EXPECT_NE(answer.body.find("api.host_forbidden"), std::string::npos);
    }
    Socket none(server->port());
    none.send("GET /health HTTP/1.1\r\n\r\n");
    EXPECT_EQ(none.answer().status, 400);
}

TEST_F(Http, pages_of_foreign_origins_are_refused_unless_listed) {
    EXPECT_EQ(http->request("POST", "/", version_body, "Origin: https://evil.example\r\n").status,
              403);
    EXPECT_EQ(http->request("POST", "/", version_body, "Origin: null\r\n").status, 403);
    EXPECT_EQ(http->request("POST", "/", version_body, "Origin: http://localhost\r\n").status, 200);
    start({.origins_allowed = {"https://app.example"}});
    const HttpAnswer answer =
        http->request("POST", "/", version_body, "Origin: https://app.example\r\n");
    EXPECT_EQ(answer.status, 200);
    EXPECT_TRUE(answer.has("Access-Control-Allow-Origin: https://app.example\r\n")) << answer.head;
    const HttpAnswer preflight =
        http->request("OPTIONS", "/", "", "Origin: https://app.example\r\n");
    EXPECT_EQ(preflight.status, 204);
    EXPECT_TRUE(preflight.has("Access-Control-Allow-Methods: GET, POST, OPTIONS"));
    EXPECT_TRUE(preflight.has("Holdfast-Consistency"));
    EXPECT_EQ(http->request("OPTIONS", "/", "", "Origin: https://evil.example\r\n").status, 403);
}

TEST_F(Http, a_body_over_the_limit_gets_an_error_that_clients_do_not_retry) {
    start({.request_bytes_max = 1000});
    const HttpAnswer answer = http->request("POST", "/", std::string(2000, ' '));
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(error_of(json::parse(answer.body)), "-32600 request body of more than 1000 bytes");
    EXPECT_TRUE(http->ended());
    EXPECT_EQ(
        Socket(server->port()).request("POST", "/v1/transactions", std::string(2000, ' ')).status,
        413);
    Socket chunked(server->port());
    chunked.send("POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n7d0\r\n" +
                 std::string(2000, ' ') + "\r\n0\r\n\r\n");
    EXPECT_EQ(chunked.answer().status, 200);
}

TEST_F(Http, headers_over_the_limit_and_garbage_are_refused) {
    Socket large(server->port());
    large.send("GET / HTTP/1.1\r\nHost: localhost\r\nX: " + std::string(100'000, 'x'));
    EXPECT_EQ(large.answer().status, 431);
    for (const std::string_view garbage :
         {"\x16\x03\x01\x02\x01\x01\xfc\x03\x03", "GET / HTTP/9.9\r\n\r\n", "nonsense\r\n\r\n",
          "GET / HTTP/1.1\r\nContent-Length: -5\r\n\r\n", "GET  HTTP/1.1\r\nHost\r\n\r\n"}) {
        Socket socket(server->port());
        socket.send(garbage);
        socket.end_sending();
        const int status = socket.answer().status;
        EXPECT_TRUE(status == 0 || status == 400) << garbage << status;
    }
    EXPECT_EQ(post(version_body).status, 200);
}

TEST_F(Http, a_truncated_request_ends_quietly) {
    Socket socket(server->port());
    socket.send("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{\"json");
    socket.end_sending();
    EXPECT_TRUE(socket.ended());
    EXPECT_EQ(backend.submitted, 0);
}

TEST_F(Http, pipelined_requests_are_answered_in_order) {
    std::string requests;
    for (int i = 0; i < 50; ++i) {
        const std::string body =
            fmt::format(R"({{"jsonrpc":"2.0","id":{},"method":"eth_gasPrice"}})", i);
        requests +=
            fmt::format("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n{}",
                        body.size(), body);
    }
    http->send(requests);
    for (int i = 0; i < 50; ++i) EXPECT_EQ(json::parse(http->answer().body).at("id"), i);
}

TEST_F(Http, connections_over_the_limit_are_closed) {
    start({.connections_max = 1});
    EXPECT_EQ(post(version_body).status, 200);
    Socket second(server->port());
    EXPECT_TRUE(second.ended());
    EXPECT_EQ(post(version_body).status, 200);
}

TEST_F(Http, close_and_http_1_0_are_honoured) {
    EXPECT_TRUE(http->request("POST", "/", version_body, "Connection: close\r\n").status == 200);
    EXPECT_TRUE(http->ended());
    Socket old(server->port());
    old.send("GET /health HTTP/1.0\r\n\r\n");
    EXPECT_EQ(old.answer().status, 200);
    EXPECT_TRUE(old.ended());
}

TEST_F(Http, leave_is_given_to_clients_that_ask_for_it) {
    http->send(
        fmt::format("POST / HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\n"
                    "Content-Length: {}\r\n\r\n",
                    version_body.size()));
    EXPECT_EQ(http->answer().status, 100);
    http->send(version_body);
    EXPECT_EQ(http->answer().status, 200);
}

TEST_F(Http, stopping_ends_everything_even_with_requests_unanswered) {
    backend.mute = true;
    http->send(fmt::format("GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"));
    Socket rpc_socket(server->port());
    rpc_socket.send(
        "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 56\r\n\r\n"
        R"({"jsonrpc":"2.0","id":1,"method":"holdfast_status"}     )");
    WebSocket websocket(server->port());
    websocket.send(R"({"jsonrpc":"2.0","id":1,"method":"holdfast_status"})");
    backend.mute = false;
    EXPECT_EQ(Socket(server->port()).request("GET", "/health").status, 200);
    server->stop();
    EXPECT_FALSE(Socket(server->port()).connected());
    server.reset();
}

TEST_F(Http, a_port_in_use_is_said) {
    const auto second =
        Server::start({.listen = fmt::format("127.0.0.1:{}", server->port())}, backend, {});
    ASSERT_FALSE(second.has_value());
    EXPECT_EQ(second.error().code, errc::cannot_listen);
    for (const std::string_view bad : {"nonsense", "127.0.0.1:x", "127.0.0.1:99999"})
        EXPECT_FALSE(Server::start({.listen = std::string(bad)}, backend, {}).has_value()) << bad;
}

TEST(Access, host_and_origin_and_token) {
    EXPECT_TRUE(host_allowed("any.example", {"*"}));
    EXPECT_TRUE(host_allowed("node.example.:80", {"node.example"}));
    EXPECT_FALSE(host_allowed("node.example", {"localhost"}));
    EXPECT_TRUE(origin_allowed("", "x", {}));
    EXPECT_TRUE(origin_allowed("http://a:1", "a:1", {}));
    EXPECT_FALSE(origin_allowed("http://a:2", "a:1", {}));
    EXPECT_TRUE(origin_allowed("null", "a", {"*"}));
    EXPECT_TRUE(token_allowed("", ""));
    EXPECT_TRUE(token_allowed("bearer x", "x"));
    EXPECT_FALSE(token_allowed("Basic x", "x"));
    EXPECT_FALSE(token_allowed("Bearer xx", "x"));
}

}  // namespace
}  // namespace holdfast::api::testing
