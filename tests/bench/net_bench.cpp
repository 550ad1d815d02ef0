// What the network adds to a bare socket: round trips and one-way messages between two networks
// with sessions over TLS, beside a ping-pong over plain TCP on the same machine in the same run.
#include <atomic>
#include <thread>

#include <arpa/inet.h>
#include <benchmark/benchmark.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/check.h"
#include "net/network.h"

namespace holdfast::net {
namespace {

constexpr uint64_t window_messages = 2048;

crypto::NodeSeed numbered_seed(uint64_t number) {
    crypto::NodeSeed seed;
    seed.bytes.fill(static_cast<uint8_t>(number));
    return seed;
}

Peer numbered_peer(uint64_t number, std::string endpoint) {
    return {NodeId(number), crypto::NodeKey(numbered_seed(number)).public_key(),
            std::move(endpoint)};
}

NetworkConfig numbered_config(uint64_t number) {
    NetworkConfig config;
    config.identity.self = NodeId(number);
    config.identity.incarnation = number;
    config.transport_seed = numbered_seed(number);
    config.listen = "127.0.0.1:0";
    return config;
}

/// Networks 1 and 2, linked. Number 2 answers each message with itself when asked to.
class Pair {
  public:
    explicit Pair(bool echo) : echo_(echo) {
        one_ = start(1, {numbered_peer(2, "")}, [this] { heard(at_one_); });
        const std::string endpoint = "127.0.0.1:" + std::to_string(one_->port());
        two_ = start(2, {numbered_peer(1, endpoint)}, [this] { heard(at_two_); });
        two_sends_ = two_.get();
        while (links_ != 2) std::this_thread::yield();
    }
    ~Pair() {
        one_->stop();
        two_->stop();
    }
    Pair(const Pair&) = delete;
    Pair& operator=(const Pair&) = delete;

    void send(const Buffer& message) { one_->send(NodeId(2), env::Priority::consensus, message); }
    static void await(std::atomic<uint64_t>& count, uint64_t least) {
        for (uint64_t now = count; now < least; now = count) count.wait(now);
    }
    std::atomic<uint64_t>& at_one() { return at_one_; }
    std::atomic<uint64_t>& at_two() { return at_two_; }

  private:
    static void heard(std::atomic<uint64_t>& count) {
        ++count;
        count.notify_all();
    }
    std::unique_ptr<Network> start(uint64_t number, std::vector<Peer> peers,
                                   std::function<void()> on_message) {
        Network::Callbacks callbacks{
            .received =
                [this, on_message](NodeId from, Buffer message) {
                    on_message();
                    if (echo_ && from == NodeId(1))
                        two_sends_.load()->send(from, env::Priority::consensus, std::move(message));
                },
            .link_changed =
                [this](NodeId, bool connected) {
                    if (connected) ++links_;
                },
            .own_key_seen = {}};
        auto started =
            Network::start(numbered_config(number), std::move(peers), std::move(callbacks), {});
        CHECK(started.has_value(), "a network starts on loopback");
        return std::move(*started);
    }

    bool echo_;
    std::atomic<uint64_t> at_one_ = 0, at_two_ = 0;
    std::atomic<int> links_ = 0;
    std::atomic<Network*> two_sends_ = nullptr;
    std::unique_ptr<Network> one_, two_;
};

void plain_tcp_round_trip(benchmark::State& state) {
    const auto size = static_cast<size_t>(state.range(0));
    const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t address_bytes = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    CHECK(::bind(listener, generic, sizeof address) == 0 && ::listen(listener, 1) == 0 &&
              ::getsockname(listener, generic, &address_bytes) == 0,
          "loopback listens");
    const auto move_all = [](auto call, int fd, Bytes& bytes, int flags) {
        for (size_t done = 0; done < bytes.size();) {
            const ssize_t moved = call(fd, bytes.data() + done, bytes.size() - done, flags);
            if (moved <= 0) return false;
            done += static_cast<size_t>(moved);
        }
        return true;
    };
    std::thread echo([&] {
        const int fd = ::accept(listener, nullptr, nullptr);
        const int on = 1;
        ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        Bytes bytes(size);
        while (move_all(::recv, fd, bytes, 0) && move_all(::send, fd, bytes, 0)) continue;
        ::close(fd);
    });
    const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    CHECK(::connect(fd, generic, sizeof address) == 0, "loopback connects");
    Bytes bytes(size);
    for (auto _ : state)
        CHECK(move_all(::send, fd, bytes, 0) && move_all(::recv, fd, bytes, 0), "loopback echoes");
    ::close(fd);
    echo.join();
    ::close(listener);
}

void network_round_trip(benchmark::State& state) {
    Pair pair(true);
    const Buffer message = make_buffer(Bytes(static_cast<size_t>(state.range(0)), 1));
    uint64_t sent = 0;
    for (auto _ : state) {
        pair.send(message);
        Pair::await(pair.at_one(), ++sent);
    }
}

void network_one_way(benchmark::State& state) {
    Pair pair(false);
    const auto size = static_cast<size_t>(state.range(0));
    const Buffer message = make_buffer(Bytes(size, 1));
    const uint64_t ahead_max = std::clamp<uint64_t>((8 << 20) / (size + 1), 1, window_messages);
    uint64_t sent = 0;
    for (auto _ : state) {
        if (sent >= ahead_max) Pair::await(pair.at_two(), sent - ahead_max + 1);
        pair.send(message);
        ++sent;
    }
    Pair::await(pair.at_two(), sent);
    state.SetItemsProcessed(static_cast<int64_t>(sent));
    state.SetBytesProcessed(static_cast<int64_t>(sent * size));
}

BENCHMARK(plain_tcp_round_trip)->Arg(200)->Arg(16'384)->UseRealTime();
BENCHMARK(network_round_trip)->Arg(200)->Arg(16'384)->UseRealTime();
BENCHMARK(network_one_way)->Arg(200)->Arg(16'384)->Arg(1 << 20)->UseRealTime();

}  // namespace
}  // namespace holdfast::net
