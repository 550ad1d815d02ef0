// JSON-RPC's own rules: ids, batches, notifications, codes, limits.
#include "api/rpc.h"

#include "api/test_server.h"

namespace holdfast::api::testing {
namespace {

class Rpc : public ServerTest {};

TEST_F(Rpc, echoes_ids_of_every_legal_type) {
    for (const std::string_view id :
         {R"("a")", R"("")", "0", "7", "-1", "18446744073709551615", "null", R"("\"\u0001é")"}) {
        const HttpAnswer answer =
            post(fmt::format(R"({{"jsonrpc":"2.0","id":{},"method":"net_version"}})", id));
        const json::value value = json::parse(answer.body);
        EXPECT_EQ(value.at("id"), json::parse({id.data(), id.size()}));
        EXPECT_EQ(value.at("result"), "4242");
    }
}

TEST_F(Rpc, refuses_bodies_and_requests_by_the_book) {
    struct Case {
        std::string_view body, code;
    };
    const std::string deep = R"({"jsonrpc":"2.0","id":1,"method":"eth_call","params":)" +
                             std::string(100'000, '[') + std::string(100'000, ']') + "}";
    const std::string bad_utf8 =
        "{\"jsonrpc\":\"2.0\",\"id\":\"\xff\xfe\",\"method\":\"net_version\"}";
    const Case cases[] = {
        {"", "-32700"},
        {"{", "-32700"},
        {"nonsense", "-32700"},
        {R"({"jsonrpc":"2.0","id":1,"method":"net_version"} x)", "-32700"},
        {deep, "-32700"},
        {bad_utf8, "-32700"},
        {"[]", "-32600"},
        {"1", "-32600"},
        {"null", "-32600"},
        {R"("text")", "-32600"},
        {R"({"id":1,"method":"net_version"})", "-32600"},
        {R"({"jsonrpc":"1.0","id":1,"method":"net_version"})", "-32600"},
        {R"({"jsonrpc":"2.0","id":1})", "-32600"},
        {R"({"jsonrpc":"2.0","id":1,"method":5})", "-32600"},
        {R"({"jsonrpc":"2.0","id":[1],"method":"net_version"})", "-32600"},
        {R"({"jsonrpc":"2.0","id":1e400,"method":"net_version"})", "-32600"},
        {R"({"jsonrpc":"2.0","id":true,"method":"net_version"})", "-32600"},
        {R"({"jsonrpc":"2.0","id":1,"method":"eth_fillTransaction","params":[{}]})", "-32601"},
        {R"({"jsonrpc":"2.0","id":1,"method":"eth_sendTransaction","params":[{}]})", "-32601"},
        {R"({"jsonrpc":"2.0","id":1,"method":"eth_sign","params":[]})", "-32601"},
        {R"({"jsonrpc":"2.0","id":1,"method":"","params":[]})", "-32601"},
        {R"({"jsonrpc":"2.0","id":1,"method":"net_version","params":{}})", "-32602"},
        {R"({"jsonrpc":"2.0","id":1,"method":"net_version","params":5})", "-32602"},
        {R"({"jsonrpc":"2.0","id":1,"method":"net_version","params":[1]})", "-32602"},
    };
    for (const Case& c : cases) {
        const HttpAnswer answer = post(c.body);
        EXPECT_EQ(answer.status, 200) << c.body.substr(0, 80);
        const std::string error = error_of(json::parse(answer.body));
        EXPECT_TRUE(error.starts_with(c.code)) << c.body.substr(0, 80) << ": " << error;
    }
}

TEST_F(Rpc, unknown_methods_are_said_in_the_words_that_ethers_knows) {
    EXPECT_EQ(error("eth_nonsense"),
              "-32601 the method eth_nonsense does not exist/is not available");
    const std::string long_name(10'000, 'x');
    EXPECT_LT(error(long_name).size(), 200U);
}

TEST_F(Rpc, answers_every_request_of_a_batch) {
    const HttpAnswer answer = post(
        R"([{"jsonrpc":"2.0","id":1,"method":"eth_chainId"},5,{"jsonrpc":"2.0","id":"b","method":"nope"},)"
        R"({"jsonrpc":"2.0","method":"net_version"},{"jsonrpc":"2.0","id":3,"method":"eth_gasPrice"}])");
    const json::value value = json::parse(answer.body);
    const json::array& answers = value.as_array();
    ASSERT_EQ(answers.size(), 4U);
    EXPECT_EQ(answers[0].at("result"), "0x1092");
    EXPECT_EQ(answers[1].at("error").at("code"), -32600);
    EXPECT_TRUE(answers[1].at("id").is_null());
    EXPECT_EQ(answers[2].at("error").at("code"), -32601);
    EXPECT_EQ(answers[2].at("id"), "b");
    EXPECT_EQ(answers[3].at("id"), 3);
}

TEST_F(Rpc, batches_are_bounded) {
    start({.batch_max = 2});
    const std::string one = R"({"jsonrpc":"2.0","id":1,"method":"eth_chainId"})";
    EXPECT_EQ(json::parse(post("[" + one + "," + one + "]").body).as_array().size(), 2U);
    EXPECT_EQ(error_of(json::parse(post("[" + one + "," + one + "," + one + "]").body)),
              "-32600 batch too large: 3 requests, the limit is 2");
}

TEST_F(Rpc, notifications_run_and_are_not_answered) {
    const std::string body =
        fmt::format(R"({{"jsonrpc":"2.0","method":"eth_sendRawTransaction","params":["{}"]}})",
                    raw({.from = 0, .to = led::plain_address(1)}));
    const HttpAnswer answer = post(body);
    EXPECT_EQ(answer.status, 204);
    EXPECT_TRUE(answer.body.empty());
    EXPECT_EQ(backend.submitted, 1);
    EXPECT_EQ(post("[" + body + "]").status, 204);
    EXPECT_EQ(post(R"([{"jsonrpc":"2.0","method":"nope"}])").status, 204);
}

// A proxy that takes the first of two would see another request than the node.
TEST_F(Rpc, an_object_with_two_members_of_one_name_is_refused) {
    const std::string_view one = R"("jsonrpc":"2.0","id":1,"method":"net_version")";
    const auto code = [&](const std::string& body) -> int64_t {
        const json::value answer = json::parse(post(body).body);
        const json::object& first =
            answer.is_array() ? answer.at(0).as_object() : answer.as_object();
        return first.contains("error") ? first.at("error").at("code").as_int64() : 0;
    };
    EXPECT_EQ(code(fmt::format(R"({{{},"params":[]}})", one)), 0);
    EXPECT_EQ(code(fmt::format(R"({{{},"id":2}})", one)), -32700);
    EXPECT_EQ(code(fmt::format(R"({{{},"i\u0064":2}})", one)), -32700);
    EXPECT_EQ(code(fmt::format(R"([{{{},"params":[{{"a":1,"b":[{{"a":1,"a":1}}]}}]}}])", one)),
              -32700);
    // Names and colons inside texts, and the same name in another object, are something else.
    EXPECT_EQ(code(fmt::format(R"({{{},"x":"\":\"::","y":{{"x":{{"x":":"}}}}}})", one)), 0);
}

TEST_F(Rpc, what_never_comes_back_is_answered_with_a_timeout) {
    start({.request_timeout_ms = 1});
    backend.mute = true;
    EXPECT_EQ(error("holdfast_status"),
              "-32000 request timed out: no answer within the time allowed node.timeout");
    // The connection goes on.
    EXPECT_EQ(result("net_version"), "4242");
}

TEST_F(Rpc, reads_wait_for_their_point_in_the_order_if_asked_to) {
    const auto ask = [&](std::string_view method, std::string_view wish) {
        return http->request("POST", "/",
                             fmt::format(R"({{"jsonrpc":"2.0","id":1,"method":"{}"}})", method),
                             fmt::format("Holdfast-Consistency: {}\r\n", wish));
    };
    EXPECT_EQ(json::parse(ask("eth_blockNumber", "linearizable").body).at("result"), "0x0");
    EXPECT_EQ(backend.linearizable_calls, 1);
    ask("eth_blockNumber", "latest");
    ask("eth_chainId", "linearizable");
    EXPECT_EQ(backend.linearizable_calls, 1);
    EXPECT_EQ(ask("eth_blockNumber", "eventual").status, 400);
    backend.linearizable_error = Error{node::errc::no_leader, "an election is on"};
    EXPECT_EQ(error_of(json::parse(ask("eth_blockNumber", "linearizable").body)),
              "-32000 no leader: an election is on node.no_leader");
}

TEST_F(Rpc, operator_methods_are_served_to_the_operator_only) {
    EXPECT_EQ(error("holdfast_transferLeadership", "[2]"),
              "-32601 the method holdfast_transferLeadership does not exist/is not available "
              "api.operator_only");
    Socket operators(server->operator_port());
    const HttpAnswer answer = operators.request(
        "POST", "/",
        R"({"jsonrpc":"2.0","id":1,"method":"holdfast_transferLeadership","params":[2]})");
    EXPECT_EQ(json::parse(answer.body).at("result"), true);
    EXPECT_EQ(backend.transferred_to, NodeId(2));
}

TEST_F(Rpc, the_operators_token_is_asked_for) {
    start({.operator_token = "sesame"});
    const std::string body = R"({"jsonrpc":"2.0","id":1,"method":"net_version"})";
    const auto ask = [&](std::string_view headers) {
        return Socket(server->operator_port()).request("POST", "/", body, headers);
    };
    EXPECT_EQ(ask("").status, 401);
    EXPECT_EQ(ask("Authorization: Bearer sesamE\r\n").status, 401);
    EXPECT_EQ(ask("Authorization: Bearer sesame\r\n").status, 200);
    EXPECT_EQ(post(body).status, 200);
}

TEST(MethodTable, is_sorted_and_each_name_is_found) {
    std::string_view last;
    for (const Method& method : methods()) {
        EXPECT_LT(last, method.name);
        last = method.name;
        EXPECT_EQ(find_method(method.name), &method);
    }
    EXPECT_EQ(find_method("eth_protocolVersion"), nullptr);
}

}  // namespace
}  // namespace holdfast::api::testing
