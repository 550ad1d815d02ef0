// For tests: a running server with a backend of its own behind it, and short ways to ask it things.
#pragma once

#include "api/server.h"
#include "api/test_backend.h"
#include "api/test_client.h"

namespace holdfast::api::testing {

/// A server on ports of the system's choice, over a fresh backend.
class ServerTest : public ::testing::Test {
  protected:
    void SetUp() override { start({}); }
    void start(ServerConfig config) {
        config.listen = config.operator_listen = "127.0.0.1:0";
        server.reset();
        auto started = Server::start(std::move(config), backend, {});
        ASSERT_TRUE(started.has_value());
        server = std::move(*started);
        http = std::make_unique<Socket>(server->port());
    }
    HttpAnswer post(std::string_view body) { return http->request("POST", "/", body); }
    json::value rpc(std::string_view method, std::string_view params = "[]") {
        const HttpAnswer answer = post(
            fmt::format(R"({{"jsonrpc":"2.0","id":1,"method":"{}","params":{}}})", method, params));
        EXPECT_EQ(answer.status, 200);
        return answer.body.empty() ? json::value() : json::parse(answer.body);
    }
    json::value result(std::string_view method, std::string_view params = "[]") {
        const json::value answer = rpc(method, params);
        EXPECT_TRUE(answer.is_object() && answer.as_object().contains("result"))
            << method << params << ": " << answer;
        const json::value* found =
            answer.is_object() ? answer.as_object().if_contains("result") : nullptr;
        return found == nullptr ? json::value() : *found;
    }
    /// "code message", and the name in the data if there is one.
    std::string error(std::string_view method, std::string_view params = "[]") {
        return error_of(rpc(method, params));
    }
    static std::string error_of(const json::value& answer) {
        if (!answer.is_object() || !answer.as_object().contains("error"))
            return "no error: " + json::serialize(answer);
        const json::object& error = answer.at("error").as_object();
        std::string text = fmt::format("{} {}", error.at("code").as_int64(),
                                       error.at("message").as_string().c_str());
        if (const auto* data = error.if_contains("data"); data != nullptr && data->is_object())
            text.append(" ").append(data->at("code").as_string().c_str());
        return text;
    }
    static std::string raw(const led::TxFields& fields) {
        return to_hex0x(led::make_transaction(fields)->raw);
    }
    static std::string param(std::string_view text) { return fmt::format(R"(["{}"])", text); }
    static std::string hex(const auto& fixed) { return to_hex0x(fixed.view()); }

    TestBackend backend;
    std::unique_ptr<Server> server;
    std::unique_ptr<Socket> http;
};

}  // namespace holdfast::api::testing
