// One peer's link: calling, choosing between connections, moving the session's bytes.
#include "net/link.h"

#include <chrono>

#include "net/endpoint.h"

namespace holdfast::net {
namespace {

using boost::system::error_code;

/// Bytes handed to the socket at once: what a consensus message may have to wait for.
constexpr size_t write_bytes_max = size_t{64} * 1024;

/// How often a node asks who answers at its own endpoint.
constexpr Duration own_call_interval = 20s;

}  // namespace

Shared::Shared(NetworkConfig config_in, Network::Callbacks callbacks_in, Logger logger_in)
    : config(std::move(config_in)),
      callbacks(std::move(callbacks_in)),
      logger(std::move(logger_in)),
      own_key(crypto::NodeKey(config.transport_seed).public_key()) {}

Instant Shared::now() {
    const auto since = std::chrono::steady_clock::now().time_since_epoch();
    return Instant(std::chrono::duration_cast<Duration>(since));
}

session::Identity Shared::fresh_identity() {
    session::Identity identity = config.identity;
    identity.incarnation += links_made++;
    return identity;
}

Link::Link(Shared& shared, Peer peer)
    : shared_(shared),
      peer_(std::move(peer)),
      session_(shared.fresh_identity(), peer_.id, shared.config.limits),
      backoff_(shared.config.backoff_first, shared.config.backoff_cap,
               shared.config.identity.incarnation ^ peer_.id.value),
      dial_timer_(shared.io),
      session_timer_(shared.io) {}

void Link::start() {
    dial();
}

void Link::stop() {
    stopped_ = true;
    stop_dialing();
    session_timer_.cancel();
    if (current_) current_->close();
    current_.reset();
    session_.disconnected();
}

void Link::move_to(const std::string& endpoint) {
    if (endpoint == peer_.endpoint) return;
    peer_.endpoint = endpoint;
    if (current_) return;
    stop_dialing();
    backoff_.reset();
    dial();
}

// Calling.

void Link::dial_after(Duration delay) {
    if (stopped_ || peer_.endpoint.empty()) return;
    dial_pending_ = true;
    dial_timer_.expires_after(delay);
    dial_timer_.async_wait([weak = weak_from_this(), number = dial_number_](error_code error) {
        const auto self = weak.lock();
        if (!error && self && self->dial_number_ == number) self->dial();
    });
}

void Link::dial() {
    dial_pending_ = false;
    if (shared_.is_own(peer_) && dialing_) {
        dialing_->close();
        dialing_.reset();
    }
    if (stopped_ || current_ || dialing_ || peer_.endpoint.empty()) return;
    auto endpoint = parse_endpoint(peer_.endpoint);
    if (endpoint && endpoint->host.empty())
        endpoint = fail(errc::bad_endpoint, "an endpoint to call needs a host");
    if (!endpoint) {
        last_error_ = describe(endpoint.error());
        shared_.logger.warn("net", "peer {} cannot be called: {}; correct its endpoint", peer_.id,
                            last_error_);
        return;
    }
    error_code error;
    const auto address = boost::asio::ip::make_address(endpoint->host, error);
    if (!error) {
        const tcp::endpoint numeric(address, endpoint->port);
        return dial_resolved(tcp::resolver::results_type::create(numeric, endpoint->host, ""));
    }
    dial_pending_ = true;
    shared_.resolver.async_resolve(
        endpoint->host, fmt::format("{}", endpoint->port), tcp::resolver::numeric_service,
        [weak = weak_from_this(), number = dial_number_](
            error_code failed, const tcp::resolver::results_type& endpoints) {
            const auto self = weak.lock();
            if (!self || self->stopped_ || self->dial_number_ != number) return;
            self->dial_pending_ = false;
            if (failed) return self->dial_failed("name lookup: " + failed.message());
            self->dial_resolved(endpoints);
        });
}

void Link::dial_resolved(const tcp::resolver::results_type& endpoints) {
    if (current_) return;
    dialing_ =
        std::make_shared<Connection>(tcp::socket(shared_.io), *shared_.tls, Side::dialed, *this);
    dialing_->dial(endpoints, shared_.config.handshake_timeout);
}

void Link::stop_dialing() {
    ++dial_number_;
    dial_pending_ = false;
    dial_timer_.cancel();
    if (dialing_) dialing_->close();
    dialing_.reset();
}

void Link::dial_failed(const std::string& why) {
    // Nobody there, or not reachable from here: then no copy of this node answers there either.
    if (shared_.is_own(peer_)) return dial_after(own_call_interval);
    if (why != last_error_)
        shared_.logger.info("net", "peer {} at {} cannot be reached: {}", peer_.id, peer_.endpoint,
                            why);
    last_error_ = why;
    dial_after(backoff_.next());
}

// Choosing a connection.

void Link::on_established(Connection& connection) {
    const auto self = connection.shared_from_this();
    const auto key = connection.key();
    if (shared_.is_own(peer_)) {
        if (key == shared_.own_key) shared_.own_key_answered(connection, peer_);
        // Not closed before the next call: our own door would report a handshake broken off.
        return dial_after(own_call_interval);
    }
    if (key != peer_.transport_key) {
        dialing_.reset();
        if (key == shared_.own_key) shared_.own_key_answered(connection, peer_);
        connection.close();
        return dial_failed(key == shared_.own_key ? "the endpoint answers with this node's own key"
                                                  : "the endpoint answers with another peer's key");
    }
    dialing_.reset();
    take(self);
}

void Link::adopt(const std::shared_ptr<Connection>& connection) {
    take(connection);
}

bool Link::is_preferred(const Connection& connection) const {
    const bool we_are_lower = shared_.config.identity.self < peer_.id;
    return (connection.side() == Side::dialed) == we_are_lower;
}

void Link::take(const std::shared_ptr<Connection>& connection) {
    // A call cancelled here has not completed at our end. The caller's end completes first, so the
    // peer cannot have closed its own in favour of this one.
    stop_dialing();
    const Instant now = Shared::now();
    if (current_) {
        const bool racing = now - current_since_ < shared_.config.handshake_timeout;
        if (racing && is_preferred(*current_) && !is_preferred(*connection))
            return connection->close();
        current_->close();
        tell_link(false);
    }
    current_ = connection;
    current_since_ = now;
    session::Output greeting = session_.connected(now);
    current_->write(greeting.frames.front());
    current_->start_reading(*this);
    arm();
}

void Link::on_ended(Connection& connection, const std::string& why) {
    if (&connection == current_.get()) return lost(why);
    dialing_.reset();
    dial_failed(why);
}

void Link::lost(const std::string& why) {
    current_.reset();
    session_.disconnected();
    last_error_ = why;
    tell_link(false);
    // Calling at once is right after a link that stood, and a storm after one that never did. The
    // node with the lower id goes first, so that two calls seldom cross.
    const bool stood = Shared::now() - current_since_ >= shared_.config.backoff_cap;
    if (stood) backoff_.reset();
    const bool at_once = stood && shared_.config.identity.self < peer_.id;
    dial_after(at_once ? Duration{0} : backoff_.next());
}

void Link::tell_link(bool up) {
    if (up == up_) return;
    up_ = up;
    if (up)
        shared_.logger.info("net", "peer {} connected ({} {})", peer_.id,
                            current_->side() == Side::dialed ? "called" : "came from",
                            current_->remote());
    else
        shared_.logger.info("net", "peer {} disconnected: {}", peer_.id, last_error_);
    if (shared_.callbacks.link_changed) shared_.callbacks.link_changed(peer_.id, up);
}

// Moving bytes.

void Link::on_bytes(Connection& /*connection*/, ByteView bytes) {
    apply(session_.received(Shared::now(), bytes));
    pump();
    arm();
}

void Link::on_written(Connection& /*connection*/) {
    pump();
    arm();
}

void Link::send(env::Priority priority, Buffer message) {
    apply(session_.send(Shared::now(), priority, std::move(message)));
}

void Link::pump() {
    if (!current_ || current_->writing()) return;
    session::Output output = session_.writable(Shared::now(), write_bytes_max);
    if (output.frames.empty()) return;
    current_->write(output.frames.front());
    arm();
}

void Link::apply(session::Output output) {
    if (!up_ && session_.is_connected()) {
        last_error_.clear();
        tell_link(true);
    }
    if (shared_.callbacks.received)
        for (Buffer& message : output.messages)
            shared_.callbacks.received(peer_.id, std::move(message));
    if (!output.close || !current_) return;
    current_->close();
    const std::string why = describe(*output.close);
    // The end of the stream is all that the peer will see; the reason stands here only.
    if (output.close->code != session::errc::silent)
        shared_.logger.warn("net", "peer {} at {} refused: {}", peer_.id, current_->remote(), why);
    lost(why);
}

// Optimization: the timer is moved only to fire earlier. When it fires early for a deadline that
// has since moved on, it is set again; so a busy link touches it some fifty times a second, not per
// frame.
void Link::arm() {
    const auto deadline = session_.deadline();
    if (!deadline || stopped_ || (armed_for_ && *armed_for_ <= *deadline)) return;
    armed_for_ = deadline;
    session_timer_.expires_after(std::max(*deadline - Shared::now(), Duration{0}));
    session_timer_.async_wait([weak = weak_from_this()](error_code error) {
        const auto self = weak.lock();
        if (!error && self && !self->stopped_) self->on_timer();
    });
}

void Link::on_timer() {
    armed_for_.reset();
    apply(session_.tick(Shared::now()));
    pump();
    arm();
}

PeerInfo Link::info() const {
    return {.id = peer_.id,
            .endpoint = peer_.endpoint,
            .connected = session_.is_connected(),
            .last_error = last_error_,
            .counters = session_.counters()};
}

}  // namespace holdfast::net
