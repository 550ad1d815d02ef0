// Accepting connections from anybody, cheaply.
#include "net/doorman.h"

#include <tuple>

#include "net/endpoint.h"

namespace holdfast::net {
namespace {

using boost::system::error_code;

constexpr Duration log_interval{10'000'000};
/// How long to leave the door alone when the machine has no file descriptor for another guest.
constexpr Duration accept_retry{100'000};

}  // namespace

std::optional<uint64_t> LogGate::pass(Instant now) {
    if (next_ && now < *next_) {
        ++silent_;
        return std::nullopt;
    }
    next_ = now + interval_;
    return std::exchange(silent_, 0);
}

Doorman::Doorman(Shared& shared, Admit admit)
    : shared_(shared),
      admit_(std::move(admit)),
      acceptor_(shared.io),
      retry_(shared.io),
      log_gate_(log_interval) {}

Status Doorman::listen(const std::string& endpoint) {
    const auto parsed = parse_endpoint(endpoint);
    if (!parsed) return std::unexpected(parsed.error());
    error_code error;
    tcp::resolver resolver(shared_.io);
    const auto found =
        resolver.resolve(parsed->host, fmt::format("{}", parsed->port),
                         tcp::resolver::passive | tcp::resolver::numeric_service, error);
    if (error || found.empty())
        return fail(errc::cannot_listen, fmt::format("{}: {}", endpoint, error.message()));
    if (Status status = open(found.begin()->endpoint()); !status)
        return fail(errc::cannot_listen, fmt::format("{}: {}", endpoint, status.error().detail));
    accept();
    return {};
}

Status Doorman::open(const tcp::endpoint& endpoint) {
    error_code error;
    const auto ok = [&](error_code result) {
        error = result;
        return !result;
    };
    error_code result;
    const bool opened =
        ok(acceptor_.open(endpoint.protocol(), result)) &&
        ok(acceptor_.set_option(tcp::acceptor::reuse_address(true), result)) &&
        ok(acceptor_.bind(endpoint, result)) &&
        ok(acceptor_.listen(boost::asio::socket_base::max_listen_connections, result));
    if (opened) port_ = acceptor_.local_endpoint(error).port();
    if (error) return fail(errc::cannot_listen, error.message());
    return {};
}

void Doorman::stop() {
    error_code ignored;
    std::ignore = acceptor_.close(ignored);
    retry_.cancel();
    for (const Guest& guest : guests_) guest.connection->close();
    guests_.clear();
}

void Doorman::accept() {
    acceptor_.async_accept([this](error_code error, tcp::socket socket) {
        if (!acceptor_.is_open()) return;
        if (!error) {
            welcome(std::move(socket));
            return accept();
        }
        if (error == boost::asio::error::connection_aborted) return accept();
        log_refusal("anybody", error.message());
        retry_.expires_after(accept_retry);
        retry_.async_wait([this](error_code cancelled) {
            if (!cancelled && acceptor_.is_open()) accept();
        });
    });
}

void Doorman::welcome(tcp::socket socket) {
    error_code error;
    const tcp::endpoint remote = socket.remote_endpoint(error);
    if (error) return;
    if (!within_rate(remote.address()))
        return log_refusal(remote_of(socket), "too many connections in a second");
    make_room(remote.address());
    auto connection =
        std::make_shared<Connection>(std::move(socket), *shared_.tls, Side::accepted, *this);
    guests_.push_back({.connection = connection, .address = remote.address()});
    connection->accept(shared_.config.handshake_timeout);
}

bool Doorman::within_rate(const boost::asio::ip::address& address) {
    if (buckets_.size() >= accept_addresses_max && !buckets_.contains(address)) buckets_.clear();
    const Instant now = Shared::now();
    Bucket& bucket = buckets_.try_emplace(address, Bucket{.filled_at = now}).first->second;
    const double seconds = std::chrono::duration<double>(now - bucket.filled_at).count();
    bucket.tokens = std::min<double>(accept_burst, bucket.tokens + seconds * accepts_per_second);
    bucket.filled_at = now;
    if (bucket.tokens < 1) return false;
    bucket.tokens -= 1;
    return true;
}

/// A full house turns out the oldest guest: of the same address if that holds half of the places,
/// else of any. An honest handshake takes two round trips and is done long before its turn comes.
void Doorman::make_room(const boost::asio::ip::address& address) {
    const size_t places = std::max<size_t>(shared_.config.connections_pending_max, 1);
    const auto same = [&](const Guest& guest) { return guest.address == address; };
    auto leaving = guests_.end();
    if (static_cast<size_t>(std::ranges::count_if(guests_, same)) >= (places + 1) / 2)
        leaving = std::ranges::find_if(guests_, same);
    else if (guests_.size() >= places)
        leaving = guests_.begin();
    if (leaving == guests_.end()) return;
    log_refusal(leaving->connection->remote(), "too many unfinished handshakes");
    leaving->connection->close();
    guests_.erase(leaving);
}

std::shared_ptr<Connection> Doorman::remove(const Connection& connection) {
    const auto found = std::ranges::find_if(
        guests_, [&](const Guest& guest) { return guest.connection.get() == &connection; });
    if (found == guests_.end()) return nullptr;
    auto result = std::move(found->connection);
    guests_.erase(found);
    return result;
}

void Doorman::on_established(Connection& connection) {
    if (auto guest = remove(connection)) admit_(guest);
}

void Doorman::on_bytes(Connection& /*connection*/, ByteView /*bytes*/) {}

void Doorman::on_written(Connection& /*connection*/) {}

void Doorman::on_ended(Connection& connection, const std::string& why) {
    if (const auto guest = remove(connection)) log_refusal(guest->remote(), why);
}

bool Doorman::is_greeting(const ClientRandom& random) const {
    return std::ranges::any_of(
        guests_, [&](const Guest& guest) { return guest.connection->random() == random; });
}

void Doorman::log_refusal(const std::string& remote, std::string_view why) {
    if (const auto silent = log_gate_.pass(Shared::now()))
        shared_.logger.warn("net", "connection from {} refused: {} ({} more since the last line)",
                            remote, why, *silent);
}

}  // namespace holdfast::net
