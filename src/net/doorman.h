// Who may come in: accepts sockets, bounds how many may be in their handshake, and how often one
// address may try. Strangers cost a bounded number of handshakes a second, and no more.
#pragma once

#include <functional>
#include <list>
#include <map>
#include <memory>

#include "net/link.h"

namespace holdfast::net {

/// Handshakes that one address may begin at once, and a second: generous for a peer behind a link
/// that flaps, or for a whole test network on one machine; about a tenth of a core at worst.
inline constexpr unsigned accept_burst = 256;
inline constexpr unsigned accepts_per_second = 128;
/// Addresses whose rate is remembered; beyond it all are forgotten.
inline constexpr size_t accept_addresses_max = 1024;

/// One line in `interval` at most, with the number of those left out.
class LogGate {
  public:
    explicit LogGate(Duration interval) : interval_(interval) {}
    /// Null: keep silent. Else how many were kept silent since the last line.
    std::optional<uint64_t> pass(Instant now);

  private:
    Duration interval_;
    std::optional<Instant> next_;
    uint64_t silent_ = 0;
};

class Doorman final : public Connection::Handler {
  public:
    /// Gets each connection that has proved a known key.
    using Admit = std::function<void(const std::shared_ptr<Connection>&)>;

    Doorman(Shared& shared, Admit admit);

    /// Errors: net.bad_endpoint, net.cannot_listen.
    Status listen(const std::string& endpoint);
    void stop();
    [[nodiscard]] uint16_t port() const { return port_; }
    /// Whether a connection in its handshake has this random.
    [[nodiscard]] bool is_greeting(const ClientRandom& random) const;

  private:
    struct Guest {
        std::shared_ptr<Connection> connection;
        boost::asio::ip::address address;
    };
    struct Bucket {
        double tokens = accept_burst;
        Instant filled_at{};
    };

    void on_established(Connection& connection) override;
    void on_bytes(Connection& connection, ByteView bytes) override;
    void on_written(Connection& connection) override;
    void on_ended(Connection& connection, const std::string& why) override;

    Status open(const tcp::endpoint& endpoint);
    void accept();
    void welcome(tcp::socket socket);
    bool within_rate(const boost::asio::ip::address& address);
    void make_room(const boost::asio::ip::address& address);
    std::shared_ptr<Connection> remove(const Connection& connection);
    void log_refusal(const std::string& remote, std::string_view why);

    Shared& shared_;
    Admit admit_;
    tcp::acceptor acceptor_;
    boost::asio::steady_timer retry_;
    uint16_t port_ = 0;
    std::list<Guest> guests_;  ///< oldest first
    std::map<boost::asio::ip::address, Bucket> buckets_;
    LogGate log_gate_;
};

}  // namespace holdfast::net
