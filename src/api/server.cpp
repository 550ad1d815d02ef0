// Listening, and the life of the server.
#include "api/server.h"

#include <charconv>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include "api/asio_loop.h"
#include "api/sessions.h"

namespace holdfast::api {

namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

constexpr size_t worker_count = 2;

/// "127.0.0.1:8545", "[::]:8545" or "localhost:8545".
Result<tcp::endpoint> endpoint_from(asio::io_context& context, const std::string& text) {
    const size_t colon = text.rfind(':');
    if (colon == std::string::npos)
        return fail(errc::cannot_listen, fmt::format("\"{}\" is not host:port", text));
    uint16_t port = 0;
    const auto [end, problem] =
        std::from_chars(text.data() + colon + 1, text.data() + text.size(), port);
    if (problem != std::errc{} || end != text.data() + text.size())
        return fail(errc::cannot_listen, fmt::format("\"{}\" has no port from 0 to 65535", text));
    std::string host = text.substr(0, colon);
    if (host.size() >= 2 && host.front() == '[' && host.back() == ']')
        host = host.substr(1, host.size() - 2);
    boost::system::error_code error;
    const auto address = asio::ip::make_address(host, error);
    if (!error) return tcp::endpoint(address, port);
    tcp::resolver resolver(context);
    const auto found = resolver.resolve(host, std::to_string(port), error);
    if (error || found.empty())
        return fail(errc::cannot_listen, fmt::format("cannot resolve \"{}\"", host));
    return found.begin()->endpoint();
}

class Listener : public std::enable_shared_from_this<Listener> {
  public:
    Listener(std::shared_ptr<Service> service, asio::io_context& context, Trust trust)
        : service_(std::move(service)), acceptor_(context), retry_(context), trust_(trust) {}

    Status open(asio::io_context& context, const std::string& where) {
        const auto endpoint = endpoint_from(context, where);
        if (!endpoint) return std::unexpected(endpoint.error());
        boost::system::error_code error;
        // The error comes twice, as an argument and as the value.
        static_cast<void>(acceptor_.open(endpoint->protocol(), error));
        if (!error)
            static_cast<void>(acceptor_.set_option(tcp::acceptor::reuse_address(true), error));
        if (!error) static_cast<void>(acceptor_.bind(*endpoint, error));
        if (!error)
            static_cast<void>(acceptor_.listen(asio::socket_base::max_listen_connections, error));
        if (error) return fail(errc::cannot_listen, fmt::format("{}: {}", where, error.message()));
        return {};
    }

    [[nodiscard]] uint16_t port() const {
        boost::system::error_code error;
        const auto endpoint = acceptor_.local_endpoint(error);
        return error ? uint16_t{0} : endpoint.port();
    }

    void accept() {
        acceptor_.async_accept(
            [self = shared_from_this()](boost::system::error_code error, tcp::socket socket) {
                if (error == asio::error::operation_aborted) return;
                self->on_accept(error, std::move(socket));
            });
    }

  private:
    void on_accept(boost::system::error_code error, tcp::socket socket) {
        Metrics& metrics = service_->metrics();
        if (error) {
            // Out of descriptors, most likely: to try again at once would spin.
            retry_.expires_after(std::chrono::milliseconds(100));
            retry_.async_wait([self = shared_from_this()](boost::system::error_code stopped) {
                if (!stopped) self->accept();
            });
            return;
        }
        if (metrics.connections_open >= service_->config().connections_max) {
            ++metrics.connections_refused;
        } else {
            ++metrics.connections_accepted;
            boost::system::error_code ignored;
            static_cast<void>(socket.set_option(tcp::no_delay(true), ignored));
            start_http_session(service_, std::move(socket), trust_);
        }
        accept();
    }

    std::shared_ptr<Service> service_;
    tcp::acceptor acceptor_;
    asio::steady_timer retry_;
    Trust trust_;
};

class RealServer : public Server {
  public:
    RealServer(ServerConfig config, Backend& backend, Logger logger)
        : loop_(std::make_shared<AsioLoop>(worker_count)),
          service_(std::make_shared<Service>(std::move(config), backend, std::move(logger), loop_)),
          ticker_(std::make_unique<asio::steady_timer>(loop_->context())) {}
    ~RealServer() override { stop(); }
    RealServer(const RealServer&) = delete;
    RealServer& operator=(const RealServer&) = delete;

    Status open() {
        const auto listen = [&](const std::string& where, Trust trust,
                                std::shared_ptr<Listener>& listener) -> Status {
            if (where.empty()) return {};
            listener = std::make_shared<Listener>(service_, loop_->context(), trust);
            return listener->open(loop_->context(), where);
        };
        if (auto status = listen(service_->config().listen, Trust::anyone, public_); !status)
            return status;
        if (auto status = listen(service_->config().operator_listen, Trust::operators, operator_);
            !status)
            return status;
        port_ = public_ == nullptr ? uint16_t{0} : public_->port();
        operator_port_ = operator_ == nullptr ? uint16_t{0} : operator_->port();
        service_->start();
        if (public_ != nullptr) public_->accept();
        if (operator_ != nullptr) operator_->accept();
        tick();
        loop_->start();
        return {};
    }

    [[nodiscard]] uint16_t port() const override { return port_; }
    [[nodiscard]] uint16_t operator_port() const override { return operator_port_; }

    void stop() override {
        if (loop_ == nullptr) return;
        loop_->stop();
        // Sockets, timers and whatever waits hang on the loop's context: they go before it.
        service_->abandon();
        ticker_.reset();
        public_.reset();
        operator_.reset();
        loop_.reset();
    }

  private:
    void tick() {
        ticker_->expires_after(tick_interval);
        ticker_->async_wait([this](boost::system::error_code error) {
            if (error) return;
            service_->tick();
            tick();
        });
    }

    std::shared_ptr<AsioLoop> loop_;
    std::shared_ptr<Service> service_;
    std::unique_ptr<asio::steady_timer> ticker_;
    std::shared_ptr<Listener> public_;
    std::shared_ptr<Listener> operator_;
    uint16_t port_ = 0;
    uint16_t operator_port_ = 0;
};

}  // namespace

Result<std::unique_ptr<Server>> Server::start(ServerConfig config, Backend& backend,
                                              Logger logger) {
    auto server = std::make_unique<RealServer>(std::move(config), backend, std::move(logger));
    if (auto status = server->open(); !status) return std::unexpected(status.error());
    return server;
}

}  // namespace holdfast::api
