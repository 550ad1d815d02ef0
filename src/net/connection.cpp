// A TLS connection on Asio.
#include "net/connection.h"

#include <tuple>

#include <boost/asio/connect.hpp>
#include <boost/asio/write.hpp>
#include <fmt/format.h>
#include <netinet/tcp.h>

#include "base/check.h"

namespace holdfast::net {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr size_t read_bytes = size_t{64} * 1024;
/// Bytes that the kernel may hold unsent before it calls the socket full. More would only queue
/// behind each other where no priority can overtake.
constexpr int unsent_bytes_max = 128 * 1024;

}  // namespace

std::string remote_of(const tcp::socket& socket) {
    error_code error;
    const tcp::endpoint endpoint = socket.remote_endpoint(error);
    if (error) return {};
    return fmt::format("{}:{}", endpoint.address().to_string(), endpoint.port());
}

Connection::Connection(tcp::socket socket, Tls& tls, Side side, Handler& handler)
    : stream_(std::move(socket), tls.context()),
      timeout_(stream_.get_executor()),
      side_(side),
      handler_(&handler) {}

Connection::~Connection() = default;

void Connection::dial(const tcp::resolver::results_type& endpoints, Duration timeout) {
    start_timeout(timeout);
    asio::async_connect(stream_.next_layer(), endpoints,
                        [self = shared_from_this()](error_code error, const tcp::endpoint&) {
                            if (self->handler_ == nullptr) return;
                            if (error) return self->end(error.message());
                            self->shake_hands();
                        });
}

void Connection::accept(Duration timeout) {
    start_timeout(timeout);
    shake_hands();
}

void Connection::start_timeout(Duration timeout) {
    timeout_.expires_after(timeout);
    timeout_.async_wait([weak = weak_from_this()](error_code error) {
        if (error) return;
        if (auto self = weak.lock()) self->end("no answer in time");
    });
}

void Connection::prepare_socket() {
    tcp::socket& socket = stream_.next_layer();
    remote_ = remote_of(socket);
    error_code ignored;  // each of these is an improvement, none a condition
    std::ignore = socket.set_option(tcp::no_delay(true), ignored);
    std::ignore = socket.set_option(asio::socket_base::keep_alive(true), ignored);
    using UnsentLowWater = asio::detail::socket_option::integer<IPPROTO_TCP, TCP_NOTSENT_LOWAT>;
    std::ignore = socket.set_option(UnsentLowWater(unsent_bytes_max), ignored);
}

void Connection::shake_hands() {
    prepare_socket();
    const auto role =
        side_ == Side::dialed ? asio::ssl::stream_base::client : asio::ssl::stream_base::server;
    stream_.async_handshake(role, [self = shared_from_this()](error_code error) {
        if (self->handler_ == nullptr) return;
        if (error) return self->end("handshake: " + error.message());
        self->timeout_.cancel();
        self->handler_->on_established(*self);
    });
}

void Connection::start_reading(Handler& handler) {
    handler_ = &handler;
    timeout_.cancel();
    incoming_.resize(read_bytes);
    read();
}

// Not a recursion: the handler runs from the event loop, after this has returned.
// NOLINTBEGIN(misc-no-recursion)
void Connection::read() {
    stream_.async_read_some(
        asio::buffer(incoming_), [self = shared_from_this()](error_code error, size_t size) {
            if (self->handler_ == nullptr) return;
            if (error) return self->end(error.message());
            self->handler_->on_bytes(*self, ByteView(self->incoming_).first(size));
            if (self->handler_ != nullptr) self->read();
        });
}
// NOLINTEND(misc-no-recursion)

void Connection::write(Buffer bytes) {
    CHECK(!writing(), "one write at a time");
    outgoing_ = std::move(bytes);
    asio::async_write(stream_, asio::buffer(*outgoing_),
                      [self = shared_from_this()](error_code error, size_t) {
                          self->outgoing_.reset();
                          if (self->handler_ == nullptr) return;
                          if (error) return self->end(error.message());
                          self->handler_->on_written(*self);
                      });
}

void Connection::close() {
    handler_ = nullptr;
    timeout_.cancel();
    // No close_notify: the session knows what has arrived, and the far end learns as much from the
    // end of the stream.
    error_code ignored;
    std::ignore = stream_.next_layer().shutdown(tcp::socket::shutdown_both, ignored);
    std::ignore = stream_.next_layer().close(ignored);
}

void Connection::end(const std::string& why) {
    if (handler_ == nullptr) return;
    const auto self = shared_from_this();
    Handler& handler = *handler_;
    close();
    handler.on_ended(*this, why);
}

std::optional<crypto::NodePublicKey> Connection::key() {
    return peer_key(stream_.native_handle());
}

ClientRandom Connection::random() {
    return client_random(stream_.native_handle());
}

}  // namespace holdfast::net
