// Who is refused, how cheaply, and that the node goes on: strangers, garbage, old TLS, half-open
// handshakes, wrong identities, our own key, peers that do not read.
#include <boost/asio/connect.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <gtest/gtest.h>
#include <openssl/x509.h>

#include "net/doorman.h"
#include "net/test_network.h"

namespace holdfast::net {
namespace {

using boost::system::error_code;
using env::Priority;

/// A blocking client that speaks to a node by hand.
class RawClient {
  public:
    RawClient(const TestNode& node, uint64_t key_number)
        : tls_(std::move(*Tls::create(test_seed(key_number), [](const auto&) { return true; }))),
          port_(node.network->port()) {}

    SSL_CTX* ctx() { return tls_->context().native_handle(); }
    tcp::socket& connect() {
        stream_ = std::make_unique<Stream>(io_, tls_->context());
        stream_->next_layer().connect({boost::asio::ip::address_v4::loopback(), port_});
        return stream_->next_layer();
    }
    /// True if the node accepted us: only then does it say anything.
    bool greeted() {
        connect();
        error_code error;
        stream_->handshake(boost::asio::ssl::stream_base::client, error);
        if (error) return false;
        std::array<uint8_t, 1> byte{};
        return boost::asio::read(*stream_, boost::asio::buffer(byte), error) == 1;
    }
    void write(const Bytes& bytes) { boost::asio::write(*stream_, boost::asio::buffer(bytes)); }

    /// Reads until the node closes the connection; how many bytes came first.
    static size_t read_to_end(tcp::socket& socket) {
        size_t total = 0;
        error_code error;
        std::array<uint8_t, 4096> bytes{};
        while (!error) total += socket.read_some(boost::asio::buffer(bytes), error);
        return total;
    }

  private:
    using Stream = boost::asio::ssl::stream<tcp::socket>;
    boost::asio::io_context io_;
    std::unique_ptr<Tls> tls_;
    uint16_t port_;
    std::unique_ptr<Stream> stream_;
};

bool node_works(TestNode& node, TestNode& peer) {
    peer.start({node.as_peer()});
    node.set_peers({peer.as_peer("")});
    peer.send(node, 1);
    return node.wait([&] { return node.last_from(peer) == 1; });
}

TEST(Refusal, a_key_that_nobody_named) {
    TestNode a(1), b(2);
    a.start({b.as_peer("")});
    EXPECT_FALSE(RawClient(a, 77).greeted());
    EXPECT_TRUE(a.wait([&] { return a.logged("refused"); }));
    EXPECT_TRUE(RawClient(a, 2).greeted());
}

TEST(Refusal, an_endpoint_that_answers_with_another_key) {
    TestNode a(1), b(2), impostor(3);
    impostor.start({a.as_peer("")});
    a.start({b.as_peer(impostor.endpoint())});
    EXPECT_TRUE(a.wait_info(b, [](const auto& info) { return !info.last_error.empty(); }));
    // A known key, but not that of the peer that was called.
    a.set_peers({b.as_peer(impostor.endpoint()), impostor.as_peer("")});
    EXPECT_TRUE(a.wait_info(b, [](const auto& info) {
        return info.last_error == "the endpoint answers with another peer's key";
    }));
    EXPECT_EQ(a.info(b).counters.connections, 0U);
}

TEST(Refusal, another_ledger_is_named_on_both_sides) {
    TestNode a(1), b(2);
    b.config.identity.genesis.bytes[0] ^= 1;
    a.start({b.as_peer("")});
    b.start({a.as_peer()});
    const auto wrong_genesis = [](const PeerInfo& info) {
        return info.last_error.starts_with("session.wrong_genesis");
    };
    EXPECT_TRUE(a.wait_info(b, wrong_genesis));
    EXPECT_TRUE(b.wait_info(a, wrong_genesis));
    EXPECT_FALSE(a.info(b).connected || b.info(a).connected);
}

TEST(Refusal, a_peer_with_the_right_key_and_another_id) {
    TestNode a(1), b(2);
    Peer misnamed = b.as_peer("");
    misnamed.id = NodeId(5);
    a.start({misnamed});
    b.start({a.as_peer()});
    EXPECT_TRUE(a.wait([&] { return a.logged("session.wrong_peer"); }));
}

TEST(Refusal, plain_text) {
    TestNode a(1), b(2);
    a.start({});
    for (const std::string words :
         {"GET / HTTP/1.1\r\n\r\n", "\x16\x03\x01\xff\xff garbage", "hello\n"}) {
        RawClient client(a, 2);
        tcp::socket& socket = client.connect();
        error_code cut_off;  // the node may have closed before all of it is written
        boost::asio::write(socket, boost::asio::buffer(words + std::string(70'000, 'x')), cut_off);
        EXPECT_LE(RawClient::read_to_end(socket), 100U) << "an alert at most";
    }
    EXPECT_TRUE(node_works(a, b));
}

TEST(Refusal, tls_before_1_3) {
    TestNode a(1), b(2);
    a.start({b.as_peer("")});
    RawClient client(a, 2);
    SSL_CTX_set_min_proto_version(client.ctx(), TLS1_2_VERSION);
    SSL_CTX_set_max_proto_version(client.ctx(), TLS1_2_VERSION);
    EXPECT_FALSE(client.greeted());
    RawClient modern(a, 2);
    EXPECT_TRUE(modern.greeted());
}

TEST(Refusal, a_client_without_a_certificate) {
    TestNode a(1), b(2);
    a.start({b.as_peer("")});
    boost::asio::ssl::context context(boost::asio::ssl::context::tlsv13_client);
    boost::asio::io_context io;
    boost::asio::ssl::stream<tcp::socket> stream(io, context);
    stream.next_layer().connect({boost::asio::ip::address_v4::loopback(), a.network->port()});
    error_code error;
    stream.handshake(boost::asio::ssl::stream_base::client, error);
    std::array<uint8_t, 1> byte{};
    if (!error) boost::asio::read(stream, boost::asio::buffer(byte), error);
    EXPECT_TRUE(error);
}

TEST(Refusal, the_dates_in_a_certificate_do_not_matter) {
    TestNode a(1), b(2);
    a.start({b.as_peer("")});
    RawClient client(a, 2);
    X509* expired = X509_dup(SSL_CTX_get0_certificate(client.ctx()));
    ASSERT_EQ(ASN1_TIME_set_string(X509_getm_notAfter(expired), "19710101000000Z"), 1);
    ASSERT_GT(X509_sign(expired, SSL_CTX_get0_privatekey(client.ctx()), nullptr), 0);
    ASSERT_EQ(SSL_CTX_use_certificate(client.ctx(), expired), 1);
    X509_free(expired);
    EXPECT_TRUE(client.greeted());
}

TEST(Refusal, a_handshake_that_does_not_end) {
    TestNode a(1), b(2);
    a.config.handshake_timeout = Duration{50'000};
    a.start({});
    RawClient client(a, 2);
    EXPECT_EQ(RawClient::read_to_end(client.connect()), 0U);
    EXPECT_TRUE(a.wait([&] { return a.logged("no answer in time"); }));
    EXPECT_TRUE(node_works(a, b));
}

TEST(Refusal, more_unfinished_handshakes_than_there_are_places) {
    TestNode a(1), b(2);
    a.config.connections_pending_max = 4;
    a.config.handshake_timeout = Duration{600'000'000};
    a.start({});
    std::vector<std::unique_ptr<RawClient>> clients;
    std::vector<tcp::socket*> sockets;
    for (unsigned i = 0; i < 10; ++i) {
        clients.push_back(std::make_unique<RawClient>(a, 2));
        sockets.push_back(&clients.back()->connect());
    }
    for (unsigned i = 0; i < 8; ++i) EXPECT_EQ(RawClient::read_to_end(*sockets[i]), 0U);
    EXPECT_TRUE(node_works(a, b)) << "an honest peer still comes in";
}

TEST(Refusal, more_connections_in_a_second_than_anybody_needs) {
    TestNode a(1), b(2);
    a.start({b.as_peer("")});
    boost::asio::io_context io;
    // Each is answered by a close: of the one that ended its handshake, or of the one too many.
    for (unsigned i = 0; i < accept_burst + 50; ++i) {
        tcp::socket socket(io);
        socket.connect({boost::asio::ip::address_v4::loopback(), a.network->port()});
    }
    // Refusals end with the second.
    b.start({a.as_peer()});
    EXPECT_TRUE(a.wait([&] { return a.linked(b); }));
}

TEST(LogGate, lets_one_line_through_and_counts_the_rest) {
    LogGate gate(Duration{10});
    EXPECT_EQ(gate.pass(Instant(Duration{100})), 0U);
    EXPECT_FALSE(gate.pass(Instant(Duration{101})));
    EXPECT_FALSE(gate.pass(Instant(Duration{109})));
    EXPECT_EQ(gate.pass(Instant(Duration{110})), 2U);
    EXPECT_FALSE(gate.pass(Instant(Duration{111})));
}

TEST(OwnKey, a_copy_of_this_node_is_seen_from_both_ends) {
    TestNode a(1), copy(1), b(2);
    copy.config.identity.incarnation = 999;
    a.start({});
    copy.start({b.as_peer(a.endpoint())});
    EXPECT_TRUE(a.wait([&] { return !a.own_keys().empty(); }));
    EXPECT_TRUE(copy.wait([&] { return !copy.own_keys().empty(); }));
}

TEST(OwnKey, a_copy_at_our_registered_endpoint_is_noticed_by_the_one_that_is_not_there) {
    TestNode a(1), copy(1);
    copy.config.identity.incarnation = 999;
    const auto registered = [](const TestNode& node, const std::string& endpoint) {
        return Peer{.id = NodeId(1),
                    .transport_key = crypto::NodeKey(node.config.transport_seed).public_key(),
                    .endpoint = endpoint};
    };
    a.start({});
    a.network->set_peers({registered(a, a.endpoint())});
    copy.start({registered(copy, a.endpoint())});
    EXPECT_TRUE(copy.wait([&] { return !copy.own_endpoints().empty(); }));
    EXPECT_TRUE(a.own_endpoints().empty()) << "it is where it is expected";
    EXPECT_TRUE(a.network->peers().empty()) << "a node is no peer of its own";
}

TEST(OwnKey, an_endpoint_that_leads_back_to_us_is_no_copy) {
    TestNode a(1), b(2);
    a.start({});
    a.set_peers({b.as_peer(a.endpoint())});
    EXPECT_TRUE(a.wait([&] { return a.logged("leads back to this node"); }));
    EXPECT_TRUE(a.wait_info(b, [](const auto& info) {
        return info.last_error == "the endpoint answers with this node's own key";
    }));
    a.stop();
    EXPECT_TRUE(a.own_keys().empty());
}

TEST(Backpressure, a_peer_that_does_not_read_costs_bounded_memory) {
    TestNode a(1), b(2);
    a.config.limits.queue_bytes_max = {1 << 20, 1 << 20, 4 << 20};
    a.config.limits.in_flight_bytes_max = 2 << 20;
    a.config.limits.silence_max = Duration{600'000'000};
    a.start({b.as_peer("")});
    RawClient client(a, 2);
    ASSERT_TRUE(client.greeted());
    session::Session session(
        {.genesis = a.config.identity.genesis, .self = b.id(), .incarnation = 5}, a.id(), {});
    client.write(*session.connected(Instant{}).frames.front());
    EXPECT_TRUE(a.wait([&] { return a.linked(b); }));
    for (uint64_t i = 1; i <= 200; ++i) {
        a.send(b, i, 1 << 20, Priority::bulk);
        a.send(b, i, 50'000, Priority::consensus);
    }
    EXPECT_TRUE(a.wait_info(b, [](const PeerInfo& info) { return info.counters.dropped > 300; }));
    const auto counters = a.info(b).counters;
    EXPECT_LE(counters.queued_bytes, size_t{5} << 20);
    EXPECT_LE(counters.in_flight_bytes, size_t{2} << 20);
    EXPECT_TRUE(a.info(b).connected);
}

TEST(Backpressure, a_silent_peer_is_given_up) {
    TestNode a(1), b(2);
    a.config.limits.silence_max = Duration{50'000};
    a.start({b.as_peer("")});
    RawClient client(a, 2);
    ASSERT_TRUE(client.greeted());
    EXPECT_TRUE(a.wait_info(
        b, [](const PeerInfo& info) { return info.last_error.starts_with("session.silent"); }));
}

}  // namespace
}  // namespace holdfast::net
