// The REST face, and that openapi.json lists exactly what is served.
#include "api/rest.h"

#include <set>

#include "api/test_server.h"

namespace holdfast::api::testing {
namespace {

class Rest : public ServerTest {
  protected:
    json::value get(std::string_view target, int status = 200) {
        const HttpAnswer answer = http->request("GET", target);
        EXPECT_EQ(answer.status, status) << target << answer.body;
        return json::parse(answer.body);
    }
    static std::string code_of(const json::value& answer) {
        return std::string(answer.at("error").at("code").as_string());
    }
};

TEST_F(Rest, openapi_lists_exactly_the_served_routes) {
    const json::value document = get("/openapi.json");
    EXPECT_EQ(document.at("openapi"), "3.1.0");
    std::set<std::string> listed;
    for (const auto& [path, operations] : document.at("paths").as_object())
        for (const auto& [method, operation] : operations.as_object()) {
            std::string name(method);
            for (char& c : name) c = static_cast<char>(std::toupper(c));
            listed.insert(name + " " + std::string(path));
            EXPECT_TRUE(operation.as_object().contains("responses"));
        }
    std::set<std::string> served{"POST /"};
    for (const RestRoute& route : rest_routes())
        served.insert(fmt::format("{} {}", route.method, route.path));
    EXPECT_EQ(listed, served);
}

TEST_F(Rest, health_says_why_not) {
    EXPECT_EQ(get("/health").at("status"), "running");
    backend.state = node::NodeState::stopped;
    backend.trouble = "journal damaged: holdfast repair";
    const json::value stopped = get("/health", 503);
    EXPECT_EQ(stopped.at("status"), "stopped");
    EXPECT_EQ(stopped.at("reason"), "journal damaged: holdfast repair");
    backend.state = node::NodeState::syncing;
    EXPECT_EQ(get("/health", 503).at("syncTarget"), 7);
}

TEST_F(Rest, a_node_that_does_not_answer_is_not_waited_for_for_ever) {
    start({.request_timeout_ms = 1});
    backend.mute = true;
    EXPECT_EQ(code_of(get("/health", 503)), "node.timeout");
    EXPECT_EQ(get("/v1/chain").at("chainId"), 4242);
}

TEST_F(Rest, the_chain_its_blocks_and_accounts) {
    backend.submit(
        led::make_transaction({.from = 0, .to = led::plain_address(1), .value = U256(9)}), {});
    backend.mine();
    const json::value chain = get("/v1/chain");
    EXPECT_EQ(chain.at("head").at("number"), 1);
    EXPECT_EQ(chain.at("members").at("members").as_array().size(), 3U);
    const json::value block = get("/v1/blocks/1");
    EXPECT_EQ(get("/v1/blocks/latest"), block);
    EXPECT_EQ(get(fmt::format("/v1/blocks/{}", block.at("hash").as_string().c_str())), block);
    EXPECT_EQ(code_of(get("/v1/blocks/2", 404)), "api.not_found");
    EXPECT_EQ(code_of(get("/v1/blocks/soon", 400)), "api.bad_request");
    EXPECT_EQ(code_of(get("/v1/blocks/0x12", 400)), "api.bad_request");
    const json::value account = get("/v1/accounts/" + hex(led::plain_address(1)));
    EXPECT_EQ(account.at("balance"), "9");
    EXPECT_EQ(account.at("blockNumber"), 1);
    EXPECT_EQ(code_of(get("/v1/accounts/0x12", 400)), "api.bad_request");
}

TEST_F(Rest, a_transaction_is_sent_and_followed) {
    const auto sent = led::make_transaction({.from = 0, .to = led::plain_address(1)});
    const std::string body = fmt::format(R"({{"raw":"{}"}})", to_hex0x(sent->raw));
    const HttpAnswer admitted = http->request("POST", "/v1/transactions", body);
    EXPECT_EQ(admitted.status, 202);
    EXPECT_EQ(json::parse(admitted.body).at("hash"), json::value(json::string(hex(sent->hash))));
    const std::string target = "/v1/transactions/" + hex(sent->hash);
    EXPECT_EQ(get(target).at("status"), "pending");
    const HttpAnswer again = http->request("POST", "/v1/transactions", body);
    EXPECT_EQ(again.status, 422);
    EXPECT_EQ(code_of(json::parse(again.body)), "transaction.already_known");
    backend.mine();
    EXPECT_EQ(get(target).at("status"), "executed");
    EXPECT_EQ(get(target).at("receipt").at("status"), "0x1");
    EXPECT_EQ(code_of(get("/v1/transactions/0x" + std::string(64, '1'), 404)), "api.not_found");

    backend.mines_at_once = true;
    const auto waited = led::make_transaction({.from = 0, .nonce = 1, .to = led::plain_address(1)});
    const HttpAnswer executed =
        http->request("POST", "/v1/transactions",
                      fmt::format(R"({{"raw":"{}","wait":true}})", to_hex0x(waited->raw)));
    EXPECT_EQ(executed.status, 200);
    EXPECT_EQ(json::parse(executed.body).at("receipt").at("blockNumber"), "0x2");
}

TEST_F(Rest, bad_transactions_are_named) {
    for (const std::string_view body : {"", "5", "{}", R"({"raw":5})", R"({"raw":"zz"})",
                                        R"({"raw":"0x","wait":1})", R"({"raw":"0x","more":1})"}) {
        const HttpAnswer answer = http->request("POST", "/v1/transactions", body);
        EXPECT_EQ(answer.status, 400) << body;
        EXPECT_EQ(code_of(json::parse(answer.body)), "api.bad_request");
    }
    const HttpAnswer empty = http->request("POST", "/v1/transactions", R"({"raw":"0x"})");
    EXPECT_EQ(empty.status, 422);
    EXPECT_EQ(code_of(json::parse(empty.body)), "rlp.truncated");
}

TEST_F(Rest, wrong_routes_and_methods_are_said) {
    EXPECT_EQ(code_of(get("/v2/chain", 404)), "api.no_such_route");
    EXPECT_EQ(code_of(get("/v1/blocks/", 404)), "api.no_such_route");
    EXPECT_EQ(code_of(get("/v1/blocks/1/2", 404)), "api.no_such_route");
    const HttpAnswer wrong = http->request("DELETE", "/v1/chain");
    EXPECT_EQ(wrong.status, 405);
    EXPECT_TRUE(wrong.has("Allow: GET\r\n"));
    EXPECT_EQ(get("/v1/chain?x=y").at("chainId"), 4242);
    EXPECT_EQ(get("/").at("openapi"), "/openapi.json");
}

TEST_F(Rest, linearizable_reads_wait_for_their_point) {
    const auto ask = [&] {
        return http->request("GET", "/v1/chain", "", "Holdfast-Consistency: linearizable\r\n");
    };
    EXPECT_EQ(ask().status, 200);
    EXPECT_EQ(backend.linearizable_calls, 1);
    backend.linearizable_error = Error{node::errc::no_leader, ""};
    const HttpAnswer answer = ask();
    EXPECT_EQ(answer.status, 503);
    EXPECT_EQ(code_of(json::parse(answer.body)), "node.no_leader");
}

TEST_F(Rest, metrics_are_what_prometheus_reads) {
    rpc("eth_chainId");
    rpc("eth_nonsense");
    const HttpAnswer answer = http->request("GET", "/metrics");
    EXPECT_TRUE(answer.has("text/plain; version=0.0.4"));
    for (const std::string_view line :
         {"holdfast_node_state{state=\"running\"} 1", "holdfast_head_height 0",
          "holdfast_queue_depth{queue=\"execute\"} 3", "holdfast_peer_connected{peer=\"2\"} 1",
          "holdfast_peer_messages_sent_total{peer=\"2\"} 5",
          "holdfast_rpc_requests_total{method=\"eth_chainId\",outcome=\"ok\"} 1",
          "holdfast_rpc_requests_total{method=\"unknown\",outcome=\"error\"} 1",
          "holdfast_rpc_duration_seconds_bucket{le=\"+Inf\"} 1",
          "holdfast_rpc_duration_seconds_count 1", "# TYPE holdfast_members gauge"})
        EXPECT_NE(answer.body.find(std::string(line) + "\n"), std::string::npos) << line;
    for (const auto& name : {"HELP", "TYPE"}) {
        std::set<std::string> seen;
        for (size_t at = 0;
             (at = answer.body.find(fmt::format("# {} ", name), at)) != std::string::npos; ++at)
            EXPECT_TRUE(
                seen.insert(answer.body.substr(at, answer.body.find(' ', at + 7) - at)).second);
    }
}

}  // namespace
}  // namespace holdfast::api::testing
