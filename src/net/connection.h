// One socket with TLS on it, dialed or accepted: handshake with a time limit, reading, one write at
// a time. It knows nothing of sessions or peers.
#pragma once

#include <memory>
#include <string>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>

#include "base/bytes.h"
#include "base/time.h"
#include "net/tls.h"

namespace holdfast::net {

using boost::asio::ip::tcp;

enum class Side { dialed, accepted };

class Connection : public std::enable_shared_from_this<Connection> {
  public:
    /// Who hears of it. After `close` nobody does.
    class Handler {
      public:
        virtual void on_established(Connection& connection) = 0;
        virtual void on_bytes(Connection& connection, ByteView bytes) = 0;
        virtual void on_written(Connection& connection) = 0;
        /// Failed or ended by the other side; it is closed already.
        virtual void on_ended(Connection& connection, const std::string& why) = 0;

      protected:
        ~Handler() = default;
    };

    Connection(tcp::socket socket, Tls& tls, Side side, Handler& handler);
    ~Connection();
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    /// Connects to the first of `endpoints` that answers, then shakes hands; all within `timeout`.
    void dial(const tcp::resolver::results_type& endpoints, Duration timeout);
    void accept(Duration timeout);
    /// Once established: hand over to whoever the connection belongs to, and read.
    void start_reading(Handler& handler);
    /// Not while `writing`.
    void write(Buffer bytes);
    [[nodiscard]] bool writing() const { return outgoing_ != nullptr; }
    /// No event comes after this.
    void close();

    [[nodiscard]] Side side() const { return side_; }
    [[nodiscard]] const std::string& remote() const { return remote_; }
    [[nodiscard]] std::optional<crypto::NodePublicKey> key();
    [[nodiscard]] ClientRandom random();

  private:
    void prepare_socket();
    void shake_hands();
    void start_timeout(Duration timeout);
    void read();
    void end(const std::string& why);

    boost::asio::ssl::stream<tcp::socket> stream_;
    boost::asio::steady_timer timeout_;
    Side side_;
    Handler* handler_;
    std::string remote_;
    Bytes incoming_;   ///< allocated once the peer is known
    Buffer outgoing_;  ///< alive while the write is
};

/// "address:port" of the far end; empty if there is none.
std::string remote_of(const tcp::socket& socket);

}  // namespace holdfast::net
