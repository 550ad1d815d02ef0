// A node for tests of the network: a Network that counts what it receives.
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <thread>

#include <gtest/gtest.h>

#include "base/codec.h"
#include "net/network.h"

namespace holdfast::net {

inline crypto::NodeSeed test_seed(uint64_t number) {
    crypto::NodeSeed seed;
    seed.bytes.fill(static_cast<uint8_t>(number));
    return seed;
}

/// Long enough for any machine under any sanitizer; a test that passes never waits for it.
inline constexpr std::chrono::seconds test_patience{60};

class TestNode {
  public:
    explicit TestNode(uint64_t id) {
        config.identity.genesis.bytes.fill(7);
        config.identity.self = NodeId(id);
        config.identity.incarnation = 100 + id;
        config.transport_seed = test_seed(id);
        config.listen = "127.0.0.1:0";
        config.backoff_first = Duration{1'000};
        config.backoff_cap = Duration{50'000};
    }
    ~TestNode() { stop(); }
    TestNode(const TestNode&) = delete;
    TestNode& operator=(const TestNode&) = delete;

    NetworkConfig config;

    void start(std::vector<Peer> peers) {
        auto started = Network::start(config, std::move(peers), callbacks(), logger());
        ASSERT_TRUE(started) << describe(started.error());
        network = std::move(*started);
    }
    void stop() {
        if (network) network->stop();
        network.reset();
    }
    void set_peers(std::vector<Peer> peers) { network->set_peers(std::move(peers)); }

    [[nodiscard]] NodeId id() const { return config.identity.self; }
    [[nodiscard]] std::string endpoint() const {
        return fmt::format("127.0.0.1:{}", network->port());
    }
    [[nodiscard]] Peer as_peer() const { return as_peer(endpoint()); }
    [[nodiscard]] Peer as_peer(std::string endpoint) const {
        return {id(), crypto::NodeKey(config.transport_seed).public_key(), std::move(endpoint)};
    }

    /// A numbered message, padded to `size`.
    void send(const TestNode& to, uint64_t number, size_t size = 0,
              env::Priority priority = env::Priority::consensus) const {
        Writer out;
        out.u64(number);
        Bytes bytes = out.take();
        if (bytes.size() < size) bytes.resize(size, static_cast<uint8_t>(number));
        network->send(to.id(), priority, make_buffer(std::move(bytes)));
    }

    /// Waits until `done`, which may use the accessors below.
    bool wait(const std::function<bool()>& done) {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, test_patience, done);
    }
    // Inside `wait`, or when the network has stopped.
    [[nodiscard]] uint64_t last_from(const TestNode& node) { return last_[node.id()]; }
    [[nodiscard]] uint64_t count_from(const TestNode& node) { return count_[node.id()]; }
    [[nodiscard]] bool linked(const TestNode& node) { return linked_[node.id()]; }
    [[nodiscard]] uint64_t out_of_order() const { return out_of_order_; }
    [[nodiscard]] const std::vector<std::string>& own_keys() const { return own_keys_; }
    [[nodiscard]] const std::vector<std::string>& own_endpoints() const { return own_endpoints_; }
    [[nodiscard]] bool logged(std::string_view text) const {
        return std::ranges::any_of(
            lines_, [&](const std::string& line) { return line.find(text) != std::string::npos; });
    }

    [[nodiscard]] PeerInfo info(const TestNode& node) const {
        for (PeerInfo& info : network->peers())
            if (info.id == node.id()) return info;
        return {};
    }
    /// Asks again and again, yielding, until the peer's info satisfies `good`.
    bool wait_info(const TestNode& node, const std::function<bool(const PeerInfo&)>& good) const {
        const auto end = std::chrono::steady_clock::now() + test_patience;
        while (std::chrono::steady_clock::now() < end) {
            if (good(info(node))) return true;
            std::this_thread::yield();
        }
        return false;
    }

    std::unique_ptr<Network> network;

  private:
    Network::Callbacks callbacks() {
        return {.received =
                    [this](NodeId from, Buffer message) {
                        const std::lock_guard lock(mutex_);
                        const uint64_t number = Reader(*message).u64();
                        if (number != last_[from] + 1) ++out_of_order_;
                        last_[from] = number;
                        ++count_[from];
                        changed_.notify_all();
                    },
                .link_changed =
                    [this](NodeId peer, bool connected) {
                        const std::lock_guard lock(mutex_);
                        linked_[peer] = connected;
                        changed_.notify_all();
                    },
                .own_key_seen =
                    [this](std::string where) {
                        const std::lock_guard lock(mutex_);
                        own_keys_.push_back(std::move(where));
                        changed_.notify_all();
                    },
                .own_endpoint_taken =
                    [this](std::string where) {
                        const std::lock_guard lock(mutex_);
                        own_endpoints_.push_back(std::move(where));
                        changed_.notify_all();
                    }};
    }
    Logger logger() {
        return {[this](LogLevel, std::string_view, std::string_view line) {
                    const std::lock_guard lock(mutex_);
                    lines_.emplace_back(line);
                    changed_.notify_all();
                },
                LogLevel::debug};
    }

    std::mutex mutex_;
    std::condition_variable changed_;
    std::map<NodeId, uint64_t> last_, count_;
    std::map<NodeId, bool> linked_;
    std::vector<std::string> own_keys_, own_endpoints_, lines_;
    uint64_t out_of_order_ = 0;
};

}  // namespace holdfast::net
