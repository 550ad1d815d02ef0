// Networks on loopback: links, resumption over a path that keeps breaking, restarts, back-pressure.
#include <gtest/gtest.h>

#include "net/endpoint.h"
#include "net/test_network.h"
#include "net/test_proxy.h"

namespace holdfast::net {
namespace {

using env::Priority;

TEST(Network, messages_go_both_ways) {
    TestNode a(1), b(2);
    a.start({});
    b.start({a.as_peer()});
    a.set_peers({b.as_peer()});
    for (uint64_t i = 1; i <= 1000; ++i) {
        a.send(b, i);
        b.send(a, i);
    }
    EXPECT_TRUE(a.wait([&] { return a.last_from(b) == 1000; }));
    EXPECT_TRUE(b.wait([&] { return b.last_from(a) == 1000; }));
    EXPECT_EQ(a.out_of_order() + b.out_of_order(), 0U);
}

TEST(Network, a_peer_without_endpoint_calls_us_whichever_id_is_lower) {
    for (const uint64_t caller_id : {1U, 3U}) {
        TestNode listener(2), caller(caller_id);
        listener.start({caller.as_peer("")});
        caller.start({listener.as_peer()});
        listener.send(caller, 1);
        EXPECT_TRUE(caller.wait([&] { return caller.last_from(listener) == 1; }));
        // And again after the link broke.
        caller.stop();
        caller.config.identity.incarnation += 1000;
        EXPECT_TRUE(listener.wait([&] { return !listener.linked(caller); }));
        caller.start({listener.as_peer()});
        EXPECT_TRUE(listener.wait([&] { return listener.linked(caller); }));
    }
}

TEST(Network, a_host_name_is_looked_up) {
    TestNode a(1), b(2);
    a.start({b.as_peer("")});
    b.start({a.as_peer(fmt::format("localhost:{}", a.network->port()))});
    EXPECT_TRUE(a.wait([&] { return a.linked(b); }));
}

TEST(Network, both_sides_calling_at_once_settle_on_one_connection) {
    for (unsigned round = 0; round < 20; ++round) {
        TestNode a(1), b(2);
        a.start({});
        b.start({});
        std::thread other([&] { b.set_peers({a.as_peer()}); });
        a.set_peers({b.as_peer()});
        other.join();
        // Calls that cross may replace each other; then one stays.
        uint64_t sent = 0, connections_before = 0, connections = 0;
        do {
            connections_before = connections;
            for (const uint64_t last = sent + 100; sent < last;) {
                a.send(b, ++sent);
                b.send(a, sent);
            }
            EXPECT_TRUE(a.wait([&] { return a.last_from(b) == sent; }));
            EXPECT_TRUE(b.wait([&] { return b.last_from(a) == sent; }));
            connections = a.info(b).counters.connections + b.info(a).counters.connections;
        } while (connections != connections_before && sent < 10'000);
        EXPECT_EQ(connections, connections_before);
        EXPECT_EQ(a.out_of_order() + b.out_of_order(), 0U);
    }
}

/// Every path of `nodes` goes through a proxy that kills each connection within `kill_bytes`.
void exchange_over_breaking_paths(std::vector<TestNode*> nodes, uint64_t count,
                                  uint64_t kill_bytes) {
    std::vector<std::unique_ptr<TestProxy>> proxies;
    for (TestNode* node : nodes) {
        node->config.backoff_cap = Duration{4'000};
        node->start({});
        proxies.push_back(std::make_unique<TestProxy>(node->id().value));
        proxies.back()->relay_to(node->network->port());
        proxies.back()->kill_within(kill_bytes);
    }
    const auto others = [&](const TestNode* node) {
        std::vector<TestNode*> result = nodes;
        std::erase(result, node);
        return result;
    };
    for (TestNode* node : nodes) {
        std::vector<Peer> peers;
        for (size_t i = 0; i < nodes.size(); ++i)
            if (nodes[i] != node) peers.push_back(nodes[i]->as_peer(proxies[i]->endpoint()));
        node->set_peers(std::move(peers));
    }
    Random random(1);
    for (uint64_t i = 1; i <= count; ++i)
        for (TestNode* from : nodes)
            for (TestNode* to : others(from))
                from->send(*to, i, random.chance(1, 200) ? 50'000 : random.below(300));
    for (TestNode* to : nodes)
        for (TestNode* from : others(to))
            EXPECT_TRUE(to->wait([&] { return to->last_from(*from) == count; }))
                << from->id().value << " to " << to->id().value;
    unsigned killed = 0;
    for (const auto& proxy : proxies) killed += proxy->killed();
    EXPECT_GE(killed, 5U);
    for (TestNode* node : nodes) {
        EXPECT_EQ(node->out_of_order(), 0U);
        for (TestNode* other : others(node)) {
            const auto counters = node->info(*other).counters;
            EXPECT_EQ(counters.received, count);
            EXPECT_EQ(counters.dropped + counters.repeated, 0U);
        }
    }
    for (TestNode* node : nodes) node->stop();
}

TEST(Network, two_nodes_lose_nothing_over_a_path_that_keeps_breaking) {
    TestNode a(1), b(2);
    exchange_over_breaking_paths({&a, &b}, 20'000, 800'000);
}

TEST(Network, three_nodes_lose_nothing_over_paths_that_keep_breaking) {
    TestNode a(1), b(2), c(3);
    exchange_over_breaking_paths({&a, &b, &c}, 5'000, 400'000);
}

TEST(Network, the_largest_messages_pass_and_a_vote_overtakes_them) {
    TestNode a(1), b(2);
    a.start({b.as_peer("")});
    // Queued before there is a link: all the bulk is older than the vote.
    for (uint64_t i = 2; i <= 4; ++i) a.send(b, i, session::message_bytes_max, Priority::bulk);
    a.send(b, 1, 0, Priority::consensus);
    b.start({a.as_peer()});
    EXPECT_TRUE(b.wait([&] { return b.count_from(a) == 4; }));
    EXPECT_EQ(b.out_of_order(), 0U) << "the vote came first, then the bulk in order";
}

TEST(Network, a_message_over_the_limit_is_dropped_and_said_so) {
    TestNode a(1), b(2);
    a.start({b.as_peer("")});
    a.send(b, 1, session::message_bytes_max + 1);
    EXPECT_TRUE(a.wait([&] { return a.logged("over the limit"); }));
    EXPECT_EQ(a.info(b).counters.queued_bytes, 0U);
}

TEST(Network, a_restarted_peer_is_met_again) {
    TestNode a(1), b(2);
    a.start({b.as_peer("")});
    b.start({a.as_peer()});
    for (uint64_t round = 0; round < 5; ++round) {
        EXPECT_TRUE(a.wait([&] { return a.linked(b); }));
        a.send(b, round * 2 + 1);
        EXPECT_TRUE(b.wait([&] { return b.last_from(a) == round * 2 + 1; }));
        b.send(a, round + 1);
        EXPECT_TRUE(a.wait([&] { return a.last_from(b) == round + 1; }));
        b.stop();
        EXPECT_TRUE(a.wait([&] { return !a.linked(b); }));
        b.config.identity.incarnation += 1000;
        a.send(b, round * 2 + 2);  // waits for the peer's next life
        b.start({a.as_peer()});
        EXPECT_TRUE(b.wait([&] { return b.last_from(a) == round * 2 + 2; }));
    }
}

TEST(Network, a_stopped_peer_at_a_known_endpoint_is_called_until_it_is_back) {
    TestNode a(2), b(1);
    b.start({});
    const std::string endpoint = b.endpoint();
    b.stop();
    a.start({b.as_peer(endpoint)});
    EXPECT_TRUE(a.wait_info(b, [](const auto& info) { return !info.last_error.empty(); }));
    b.config.listen = endpoint;
    b.start({a.as_peer("")});
    EXPECT_TRUE(a.wait([&] { return a.linked(b); }));
    EXPECT_EQ(a.info(b).last_error, "");
}

TEST(Network, removed_peers_are_cut_off_and_may_come_back) {
    TestNode a(1), b(2);
    a.start({b.as_peer("")});
    b.start({a.as_peer()});
    EXPECT_TRUE(b.wait([&] { return b.linked(a); }));
    a.set_peers({});
    EXPECT_TRUE(b.wait([&] { return !b.linked(a); }));
    EXPECT_TRUE(a.network->peers().empty());
    a.send(b, 1);  // to nobody
    a.set_peers({b.as_peer("")});
    a.send(b, 7);
    EXPECT_TRUE(b.wait([&] { return b.last_from(a) == 7; }));
}

// The other side keeps its half of the session, with all that was acknowledged in it.
TEST(Network, who_was_kept_by_a_peer_that_it_had_removed_talks_to_it_again) {
    TestNode a(1), b(2);
    a.start({b.as_peer("")});
    b.start({a.as_peer()});
    for (uint64_t i = 1; i <= 3; ++i) b.send(a, i);
    a.send(b, 1);
    EXPECT_TRUE(a.wait([&] { return a.last_from(b) == 3; }));
    EXPECT_TRUE(
        b.wait_info(a, [](const PeerInfo& it) { return it.counters.in_flight_bytes == 0; }));
    a.set_peers({});
    EXPECT_TRUE(b.wait([&] { return !b.linked(a); }));
    a.set_peers({b.as_peer("")});
    a.send(b, 7);
    EXPECT_TRUE(b.wait([&] { return b.last_from(a) == 7; }));
    b.send(a, 8);
    EXPECT_TRUE(a.wait([&] { return a.last_from(b) == 8; }));
}

TEST(Network, a_peer_that_moves_is_called_at_its_new_endpoint) {
    TestNode a(1), b(2), c(3);
    a.start({});
    b.start({a.as_peer("")});
    c.start({});
    a.set_peers({b.as_peer(c.endpoint())});
    EXPECT_TRUE(a.wait_info(b, [](const auto& info) { return !info.last_error.empty(); }));
    a.set_peers({b.as_peer()});
    EXPECT_TRUE(a.wait([&] { return a.linked(b); }));
}

TEST(Network, stopping_in_the_middle_of_everything_is_clean) {
    for (unsigned round = 0; round < 10; ++round) {
        TestNode a(1), b(2);
        a.start({});
        b.start({a.as_peer()});
        a.set_peers({b.as_peer(), TestNode(9).as_peer("localhost:1")});
        std::thread sender([&] {
            for (uint64_t i = 1; i <= 2000; ++i) a.send(b, i, 100);
        });
        std::thread asker([&] {
            for (unsigned i = 0; i < 50; ++i) (void)a.network->peers();
        });
        EXPECT_TRUE(b.wait([&] { return b.last_from(a) >= round * 100; }));
        a.network->stop();
        sender.join();
        asker.join();
        a.network->stop();
        EXPECT_FALSE(a.info(b).connected);
    }
}

TEST(Network, an_address_in_use_is_refused_by_name) {
    TestNode a(1), b(2);
    a.start({});
    b.config.listen = a.endpoint();
    const auto second = Network::start(b.config, {}, {}, {});
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, errc::cannot_listen);
    b.config.listen = "nonsense";
    EXPECT_EQ(Network::start(b.config, {}, {}, {}).error().code, errc::bad_endpoint);
}

TEST(Endpoint, is_a_host_and_a_port) {
    EXPECT_EQ(*parse_endpoint("example.org:26600"), (Endpoint{"example.org", 26600}));
    EXPECT_EQ(*parse_endpoint("[::1]:1"), (Endpoint{"::1", 1}));
    EXPECT_EQ(*parse_endpoint(":0"), (Endpoint{"", 0}));
    for (const char* bad : {"", "host", "host:", "host:x", "host:65536", "::1:5", "host:1 "})
        EXPECT_FALSE(parse_endpoint(bad)) << bad;
}

}  // namespace
}  // namespace holdfast::net
