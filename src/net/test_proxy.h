// A TCP relay for tests that kills each of its connections after a random number of bytes.
#pragma once

#include <atomic>
#include <memory>
#include <thread>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>

#include "base/random.h"

namespace holdfast::net {

class TestProxy {
  public:
    using tcp = boost::asio::ip::tcp;

    explicit TestProxy(uint64_t seed)
        : random_(seed),
          acceptor_(io_, tcp::endpoint(boost::asio::ip::address_v4::loopback(), 0)),
          thread_([this] {
              accept();
              io_.run();
          }) {}
    ~TestProxy() {
        io_.stop();
        thread_.join();
    }
    TestProxy(const TestProxy&) = delete;
    TestProxy& operator=(const TestProxy&) = delete;

    [[nodiscard]] std::string endpoint() const {
        return "127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port());
    }
    void relay_to(uint16_t port) { target_ = port; }
    /// Zero: connections live.
    void kill_within(uint64_t bytes) { kill_bytes_max_ = bytes; }
    [[nodiscard]] unsigned killed() const { return killed_; }

  private:
    /// Both sockets of one relayed connection, and what it may still carry.
    struct Pair : std::enable_shared_from_this<Pair> {
        Pair(TestProxy& proxy_in, tcp::socket near_in)
            : proxy(proxy_in), near(std::move(near_in)), far(proxy.io_) {}

        void start() {
            const uint64_t limit = proxy.kill_bytes_max_;
            left = limit == 0 ? ~0ULL : proxy.random_.below(limit);
            const tcp::endpoint target(boost::asio::ip::address_v4::loopback(), proxy.target_);
            far.async_connect(target, [self = shared_from_this()](auto error) {
                if (error) return self->close();
                self->pump(self->near, self->far, self->forth);
                self->pump(self->far, self->near, self->back);
            });
        }
        void close() {
            boost::system::error_code ignored;
            near.close(ignored);
            far.close(ignored);
        }
        void pump(tcp::socket& from, tcp::socket& to, std::array<char, 4096>& buffer) {
            from.async_read_some(
                boost::asio::buffer(buffer),
                [self = shared_from_this(), &from, &to, &buffer](auto error, size_t size) {
                    if (error) return self->close();
                    const size_t passing = std::min<uint64_t>(size, self->left);
                    self->left -= passing;
                    boost::asio::async_write(to, boost::asio::buffer(buffer, passing),
                                             [self, &from, &to, &buffer](auto failed, size_t) {
                                                 if (self->left == 0) ++self->proxy.killed_;
                                                 if (failed || self->left == 0)
                                                     return self->close();
                                                 self->pump(from, to, buffer);
                                             });
                });
        }

        TestProxy& proxy;
        tcp::socket near, far;
        std::array<char, 4096> forth{}, back{};
        uint64_t left = 0;
    };

    void accept() {
        acceptor_.async_accept([this](auto error, tcp::socket socket) {
            if (error) return;
            std::make_shared<Pair>(*this, std::move(socket))->start();
            accept();
        });
    }

    boost::asio::io_context io_{1};
    Random random_;  ///< of the proxy's thread
    std::atomic<uint16_t> target_ = 0;
    std::atomic<uint64_t> kill_bytes_max_ = 0;
    std::atomic<unsigned> killed_ = 0;
    tcp::acceptor acceptor_;
    std::thread thread_;
};

}  // namespace holdfast::net
