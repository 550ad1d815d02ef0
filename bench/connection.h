// A WebSocket client for a load generator: one thread, many requests in flight, and as few system
// calls as can be, so that the client takes little of the machine that it measures. [RFC 6455]
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

namespace holdfast::bench {

struct Endpoint {
    std::string host;
    std::string port;
};

/// Connects, and again with every further call of `open`. What is sent while it is not open is
/// dropped.
class Connection {
  public:
    struct Callbacks {
        std::function<void()> opened;
        std::function<void(std::string_view message)> received;
        std::function<void(const std::string& why)> closed;
    };

    Connection(boost::asio::io_context& context, Callbacks callbacks)
        : socket_(context), callbacks_(std::move(callbacks)) {}

    void open(const Endpoint& endpoint);
    void close();
    /// Queued; all that is queued goes out in one write when the event loop comes round.
    void send(std::string_view message);
    [[nodiscard]] bool is_open() const { return state_ == State::open; }

  private:
    enum class State { closed, connecting, open };
    using Generation = uint64_t;

    void on_connected(Generation generation, const Endpoint& endpoint);
    void read_more(Generation generation);
    void on_read(Generation generation, size_t size_bytes);
    void take_handshake();
    void take_frames();
    bool take_frame();
    void append_frame(uint8_t opcode, std::string_view payload);
    void write_more(Generation generation);
    void fail(Generation generation, const std::string& why);

    boost::asio::ip::tcp::socket socket_;
    Callbacks callbacks_;
    State state_ = State::closed;
    /// Completions of an earlier connection must not touch a later one.
    Generation generation_ = 0;
    bool handshaken_ = false;
    bool writing_ = false;
    bool write_scheduled_ = false;
    std::string in_;
    size_t in_used_ = 0;  ///< consumed from the front of `in_`
    std::string out_, writing_out_;
    std::string pieces_;  ///< of a fragmented message
};

}  // namespace holdfast::bench
