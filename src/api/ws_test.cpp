// WebSocket: many bodies in flight, subscriptions, filters, and clients that do not keep up.
#include "api/hub.h"
#include "api/rpc.h"
#include "api/sessions.h"
#include "api/test_server.h"

namespace holdfast::api::testing {
namespace {

class Ws : public ServerTest {
  protected:
    /// A block with one log, on top of the real chain.
    std::shared_ptr<const ledger::Executed> block_with_log(size_t data_bytes) {
        auto executed = std::make_shared<ledger::Executed>();
        executed->block.header.number = backend.reader().head().next();
        executed->block.transactions = {led::make_transaction({.from = 7, .to = emitter})};
        chain::Receipt receipt{.type = chain::TxType::dynamic_fee,
                               .success = true,
                               .cumulative_gas_used = 21'000,
                               .logs_bloom = {},
                               .logs = {{emitter, {topic}, Bytes(data_bytes, 0x11)}}};
        receipt.logs_bloom = chain::bloom_of(receipt.logs);
        executed->block.header.logs_bloom = receipt.logs_bloom;
        executed->receipts = {receipt};
        return executed;
    }
    const Address emitter = led::plain_address(77);
    const Hash32 topic = crypto::sha256(to_bytes(std::string_view("topic")));
};

TEST_F(Ws, serves_the_same_methods_and_keeps_many_in_flight) {
    WebSocket client(server->port());
    ASSERT_EQ(client.upgraded.status, 101);
    EXPECT_EQ(client.rpc("eth_chainId", "[]").at("result"), "0x1092");
    constexpr int count = 3000;
    for (int i = 0; i < count; ++i)
        client.send(fmt::format(R"({{"jsonrpc":"2.0","id":{},"method":"eth_gasPrice"}})", i));
    std::vector<bool> seen(count);
    for (int i = 0; i < count; ++i)
        seen[static_cast<size_t>(client.receive_json().at("id").as_int64())] = true;
    EXPECT_EQ(std::ranges::count(seen, true), count);
}

// Their answers are ready at once, while the request is still in the buffer: a read that began then
// would lose what follows it.
TEST_F(Ws, requests_that_arrive_together_are_all_answered_rightly) {
    WebSocket client(server->port());
    std::string together;
    constexpr int count = 20;
    for (int i = 0; i < count; ++i)
        together += WebSocket::framed(
            1, fmt::format(R"({{"jsonrpc":"2.0","id":{},"method":"eth_chainId"}})", i));
    client.socket.send(together);
    for (int i = 0; i < count; ++i) {
        const json::value answer = client.receive_json();
        EXPECT_EQ(answer.at("id"), i);
        ASSERT_TRUE(answer.as_object().contains("result")) << answer;
        EXPECT_EQ(answer.at("result"), "0x1092");
    }
}

TEST_F(Ws, bad_messages_are_answered_and_bad_frames_end_it) {
    WebSocket client(server->port());
    client.send("nonsense");
    EXPECT_EQ(client.receive_json().at("error").at("code"), -32700);
    client.send(R"({"jsonrpc":"2.0","method":"net_version"})");
    client.send(R"([])");
    EXPECT_EQ(client.receive_json().at("error").at("code"), -32600);
    client.frame(1, "\xff\xff");
    EXPECT_EQ(client.receive(), "");
    EXPECT_EQ(client.close_code, 1007);

    WebSocket unmasked(server->port());
    unmasked.frame(1, "{}", false);
    EXPECT_EQ(unmasked.receive(), "");
    EXPECT_EQ(unmasked.close_code, 1002);

    start({.request_bytes_max = 1000});
    WebSocket large(server->port());
    large.send(std::string(2000, ' '));
    EXPECT_EQ(large.receive(), "");
    EXPECT_EQ(large.close_code, 1009);
}

TEST_F(Ws, bad_upgrades_are_refused) {
    const auto upgrade = [&](std::string_view headers) {
        Socket socket(server->port());
        socket.send(
            fmt::format("GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
                        "Connection: Upgrade\r\n{}\r\n",
                        headers));
        return socket.answer().status;
    };
    EXPECT_EQ(upgrade(""), 400);
    EXPECT_EQ(
        upgrade("Sec-WebSocket-Version: 7\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"),
        426);
    EXPECT_EQ(WebSocket(server->port(), "Origin: https://evil.example\r\n").upgraded.status, 403);
    EXPECT_EQ(http->request("GET", "/v1/chain", "", "Upgrade: websocket\r\nConnection: Upgrade\r\n")
                  .status,
              404);
}

TEST_F(Ws, heads_come_to_those_who_subscribed_until_they_unsubscribe) {
    WebSocket client(server->port());
    const json::value answer = client.rpc("eth_subscribe", R"(["newHeads"])");
    const std::string id(answer.at("result").as_string());
    backend.mine();
    backend.mine();
    for (const auto* number : {"0x1", "0x2"}) {
        const json::value notice = client.receive_json();
        EXPECT_EQ(notice.at("method"), "eth_subscription");
        EXPECT_EQ(notice.at("params").at("subscription"), json::value(json::string(id)));
        EXPECT_EQ(notice.at("params").at("result").at("number"), number);
    }
    EXPECT_EQ(client.rpc("eth_unsubscribe", param(id)).at("result"), true);
    EXPECT_EQ(error_of(client.rpc("eth_unsubscribe", param(id))), "-32000 subscription not found");
    backend.mine();
    EXPECT_EQ(client.rpc("eth_blockNumber", "[]").at("result"), "0x3");
    EXPECT_EQ(error_of(client.rpc("eth_subscribe", R"(["syncing"])")),
              "-32602 no \"syncing\" subscription in eth namespace");
}

TEST_F(Ws, nobody_ends_the_subscription_of_another) {
    WebSocket one(server->port());
    WebSocket two(server->port());
    const std::string id(one.rpc("eth_subscribe", R"(["newHeads"])").at("result").as_string());
    EXPECT_EQ(error_of(two.rpc("eth_unsubscribe", param(id))), "-32000 subscription not found");
}

TEST_F(Ws, logs_and_pending_transactions_come_filtered) {
    WebSocket client(server->port());
    client.rpc("eth_subscribe", fmt::format(R"(["logs",{{"address":"{}"}}])", hex(emitter)));
    WebSocket other(server->port());
    other.rpc("eth_subscribe",
              fmt::format(R"(["logs",{{"topics":["0x{}"]}}])", std::string(64, '0')));
    other.rpc("eth_subscribe", R"(["newPendingTransactions"])");
    backend.announce(block_with_log(3));
    const json::value notice = client.receive_json();
    EXPECT_EQ(notice.at("params").at("result").at("data"), "0x111111");
    EXPECT_EQ(notice.at("params").at("result").at("removed"), false);
    const auto sent = led::make_transaction({.from = 0, .to = led::plain_address(1)});
    result("eth_sendRawTransaction", param(to_hex0x(sent->raw)));
    EXPECT_EQ(other.receive_json().at("params").at("result"),
              json::value(json::string(hex(sent->hash))));
}

TEST_F(Ws, subscriptions_of_a_connection_are_bounded) {
    start({.subscriptions_max = 2});
    WebSocket client(server->port());
    client.rpc("eth_subscribe", R"(["newHeads"])");
    EXPECT_TRUE(client.rpc("eth_newBlockFilter", "[]").as_object().contains("result"));
    EXPECT_EQ(error_of(client.rpc("eth_subscribe", R"(["newHeads"])")),
              "-32005 too many subscriptions (limit 2)");
    EXPECT_EQ(error_of(client.rpc("eth_newBlockFilter", "[]")),
              "-32005 too many filters of one connection (limit 2)");
}

TEST_F(Ws, a_subscriber_that_does_not_read_is_dropped_and_the_others_are_not) {
    WebSocket slow(server->port());
    WebSocket good(server->port());
    slow.rpc("eth_subscribe", R"(["logs",{}])");
    good.rpc("eth_subscribe", R"(["newHeads"])");
    constexpr size_t data_bytes = 4 << 20;
    const auto large = block_with_log(data_bytes);
    for (size_t i = 0; i < 2 * websocket_queue_bytes_max / data_bytes; ++i) {
        backend.announce(large);
        EXPECT_FALSE(good.receive().empty());
    }
    const HttpAnswer metrics = http->request("GET", "/metrics");
    EXPECT_NE(metrics.body.find("holdfast_subscribers_dropped_total 1\n"), std::string::npos);
    EXPECT_NE(metrics.body.find("holdfast_rpc_subscriptions 1\n"), std::string::npos);
}

TEST_F(Ws, filters_tell_each_thing_once) {
    const std::string blocks(result("eth_newBlockFilter").as_string());
    const std::string pending(result("eth_newPendingTransactionFilter").as_string());
    const std::string logs(result("eth_newFilter", "[{}]").as_string());
    EXPECT_EQ(result("eth_getFilterChanges", param(blocks)), json::array());
    const auto sent = led::make_transaction({.from = 0, .to = led::plain_address(1)});
    result("eth_sendRawTransaction", param(to_hex0x(sent->raw)));
    EXPECT_EQ(result("eth_getFilterChanges", param(pending)),
              (json::array{json::string(hex(sent->hash))}));
    EXPECT_EQ(result("eth_getFilterChanges", param(pending)), json::array());
    backend.mine();
    const auto hash = backend.reader().block_hash(Height(1)).value();
    EXPECT_EQ(result("eth_getFilterChanges", param(blocks)),
              (json::array{json::string(hex(hash))}));
    EXPECT_EQ(result("eth_getFilterChanges", param(blocks)), json::array());
    EXPECT_EQ(result("eth_getFilterChanges", param(logs)), json::array());
    EXPECT_EQ(result("eth_getFilterLogs", param(logs)), json::array());
    EXPECT_EQ(error("eth_getFilterLogs", param(blocks)), "-32000 filter not found");
    EXPECT_EQ(result("eth_uninstallFilter", param(blocks)), true);
    EXPECT_EQ(result("eth_uninstallFilter", param(blocks)), false);
    EXPECT_EQ(error("eth_getFilterChanges", param(blocks)), "-32000 filter not found");
}

TEST_F(Ws, filters_over_http_are_bounded) {
    start({.filters_max = 1});
    result("eth_newBlockFilter");
    EXPECT_EQ(error("eth_newBlockFilter"), "-32005 too many filters (limit 1)");
}

TEST(HubTest, filters_expire_and_waiters_time_out_in_their_own_time) {
    Hub hub(10, 10);
    const Instant start(1h);
    hub.tick(start);
    Filter filter;
    filter.used = start;
    const std::string id(json::parse(hub.add_filter(filter, nullptr).value()).as_string());
    std::vector<int> told;
    const Hash32 hash = crypto::sha256({});
    for (const int which : {2, 1})
        EXPECT_TRUE(hub.wait_for_receipt(hash, start + which * 1s, [&told, which](const Answer& a) {
            EXPECT_EQ(a.error().code, rpc_code::sync_timeout);
            told.push_back(which);
        }));
    hub.tick(start + 1s);
    EXPECT_EQ(told, std::vector<int>{1});
    hub.tick(start + 2s);
    EXPECT_EQ(told, (std::vector<int>{1, 2}));
    EXPECT_EQ(hub.waiters(), 0U);
    hub.tick(start + filter_idle_max);
    EXPECT_NE(hub.filter(id, start), nullptr);
    hub.tick(start + filter_idle_max + 2s);
    EXPECT_EQ(hub.filter(id, start), nullptr);
}

TEST(HubTest, the_ring_of_pending_hashes_forgets_the_oldest) {
    Hub hub(10, 10);
    uint64_t from = hub.pending_sequence();
    for (size_t i = 0; i < pending_ring_max + 5; ++i)
        hub.on_pending(
            crypto::sha256(Bytes{static_cast<uint8_t>(i), static_cast<uint8_t>(i >> 8)}));
    EXPECT_EQ(hub.pending_since(from).size(), pending_ring_max);
    EXPECT_TRUE(hub.pending_since(from).empty());
}

}  // namespace
}  // namespace holdfast::api::testing
