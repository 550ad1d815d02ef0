// HTTP/1.1: one request at a time per connection, in order; pipelined ones wait in the buffer.
#include <boost/asio/dispatch.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/websocket/rfc6455.hpp>

#include "api/access.h"
#include "api/rest.h"
#include "api/sessions.h"

namespace holdfast::api {

namespace beast = boost::beast;
namespace http = beast::http;
namespace asio = boost::asio;

namespace {

using HttpResponse = http::response<http::string_body>;

std::string_view view_of(boost::beast::string_view text) {
    return {text.data(), text.size()};
}

std::string_view field(const HttpRequest& request, http::field name) {
    return view_of(request[name]);
}

class HttpSession : public std::enable_shared_from_this<HttpSession> {
  public:
    HttpSession(std::shared_ptr<Service> service, asio::ip::tcp::socket socket, Trust trust)
        : service_(std::move(service)),
          stream_(std::move(socket)),
          timer_(stream_.get_executor()),
          trust_(trust) {
        ++service_->metrics().connections_open;
    }
    ~HttpSession() {
        if (!handed_over_) --service_->metrics().connections_open;
    }
    HttpSession(const HttpSession&) = delete;
    HttpSession& operator=(const HttpSession&) = delete;

    void read() {
        parser_.emplace();
        parser_->header_limit(http_header_bytes_max);
        parser_->body_limit(service_->config().request_bytes_max);
        answered_ = false;
        stream_.expires_after(idle_timeout);
        http::async_read_header(stream_, buffer_, *parser_,
                                [self = shared_from_this()](beast::error_code error, size_t) {
                                    self->on_header(error);
                                });
    }

  private:
    void on_header(beast::error_code error);
    void on_body(beast::error_code error);
    void refuse_read(beast::error_code error);
    bool admit();
    void route();
    void route_rest(Consistency consistency);
    void await_rest_deadline();
    void upgrade();
    void preflight();
    void answer_rpc(std::string text);
    void answer_rest(RestResponse response);
    HttpResponse make_response(unsigned status, std::string_view content_type, std::string body);
    void send(HttpResponse response);
    void on_sent(beast::error_code error, bool close);
    void linger();

    std::shared_ptr<Service> service_;
    beast::tcp_stream stream_;
    asio::steady_timer timer_;
    beast::flat_buffer buffer_{http_header_bytes_max + 64 * 1024};
    std::optional<http::request_parser<http::string_body>> parser_;
    HttpRequest request_;
    std::optional<HttpResponse> response_;
    std::array<char, 4096> discarded_{};
    size_t lingering_reads_ = 0;
    uint64_t sequence_ = 0;  ///< of the request being answered: late answers carry an older one
    Trust trust_;
    bool answered_ = false;
    bool close_ = false;
    bool handed_over_ = false;
};

void HttpSession::on_header(beast::error_code error) {
    if (error) return refuse_read(error);
    stream_.expires_after(receive_timeout);
    // curl and others wait for leave before they send a large body.
    if (beast::iequals(parser_->get()[http::field::expect], "100-continue")) {
        static constexpr std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";
        asio::async_write(stream_, asio::buffer(go_on),
                          [self = shared_from_this()](beast::error_code failed, size_t) {
                              if (failed) return;
                              http::async_read(
                                  self->stream_, self->buffer_, *self->parser_,
                                  [self](beast::error_code e, size_t) { self->on_body(e); });
                          });
        return;
    }
    http::async_read(
        stream_, buffer_, *parser_,
        [self = shared_from_this()](beast::error_code e, size_t) { self->on_body(e); });
}

// Says what was wrong with bytes that are no request, as far as the client can still hear it.
void HttpSession::refuse_read(beast::error_code error) {
    close_ = true;
    request_ = {};
    const size_t limit = service_->config().request_bytes_max;
    if (error == http::error::body_limit) {
        // A 413 would be retried by clients who do not read why. (docs/api.md, errors)
        const bool rpc = parser_->get().target() == "/";
        const std::string why = fmt::format("request body of more than {} bytes", limit);
        if (rpc) return answer_rpc(rpc_error_body(rpc_code::invalid_request, why));
        return answer_rest(rest_error(413, "api.body_too_large", why));
    }
    if (error == http::error::header_limit)
        return answer_rest(rest_error(431, "api.header_too_large", "headers of more than 16 KiB"));
    const bool gone = error == http::error::end_of_stream || error == beast::error::timeout ||
                      error == http::error::partial_message ||
                      error.category() == asio::error::get_system_category() ||
                      error.category() == asio::error::get_misc_category();
    if (!gone) return answer_rest(rest_error(400, "api.bad_http", error.message()));
    beast::error_code ignored;
    stream_.socket().shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
}

void HttpSession::on_body(beast::error_code error) {
    if (error) return refuse_read(error);
    request_ = parser_->release();
    ++sequence_;
    ++service_->metrics().http_requests;
    close_ = !request_.keep_alive();
    if (admit()) route();
}

bool HttpSession::admit() {
    const std::string_view host = field(request_, http::field::host);
    const std::string_view origin = field(request_, http::field::origin);
    const ServerConfig& config = service_->config();
    RestResponse refusal;
    if (host.empty() && request_.version() >= 11) {
        refusal = rest_error(400, "api.no_host", "HTTP/1.1 requires a Host header");
    } else if (!host_allowed(host, config.hosts_allowed)) {
        refusal = rest_error(403, "api.host_forbidden",
                             "this Host is not among hosts_allowed: a guard against DNS rebinding");
    } else if (!origin_allowed(origin, host, config.origins_allowed)) {
        refusal = rest_error(403, "api.origin_forbidden",
                             "pages of this origin may not call: see origins_allowed");
    } else if (trust_ == Trust::operators && request_.method() != http::verb::options &&
               !token_allowed(field(request_, http::field::authorization), config.operator_token)) {
        refusal = rest_error(401, "api.unauthorized", "wants the operator's bearer token");
    } else {
        return true;
    }
    ++service_->metrics().requests_forbidden;
    answer_rest(std::move(refusal));
    return false;
}

void HttpSession::route() {
    if (request_.method() == http::verb::options) return preflight();
    const auto consistency = consistency_of(request_);
    if (!consistency)
        return answer_rest(rest_error(400, "api.bad_consistency",
                                      "Holdfast-Consistency is latest or linearizable"));
    if (beast::websocket::is_upgrade(request_)) return upgrade();
    const std::string_view target = view_of(request_.target());
    if (request_.method() != http::verb::post || target.substr(0, target.find('?')) != "/")
        return route_rest(*consistency);

    const Caller caller{.trust = trust_, .consistency = *consistency, .subscriber = nullptr};
    // The answer comes on the loop's thread, perhaps long after the client has gone.
    serve_rpc(*service_, request_.body(), caller,
              [self = shared_from_this()](std::string text) { self->answer_rpc(std::move(text)); });
}

void HttpSession::route_rest(Consistency consistency) {
    const std::string_view target = view_of(request_.target());
    const size_t question = target.find('?');
    RestRequest request;
    request.method = view_of(request_.method_string());
    request.path = target.substr(0, question);
    if (question != std::string_view::npos) request.query = target.substr(question + 1);
    request.body = std::move(request_.body());
    request.caller = {.trust = trust_, .consistency = consistency, .subscriber = nullptr};
    // The timer keeps this session alive. The reply does not, since the backend may hold it for
    // longer than there is a loop, and a socket must not outlive that.
    await_rest_deadline();
    serve_rest(
        *service_, std::move(request),
        [service = service_, weak = weak_from_this(), sequence = sequence_](RestResponse response) {
            service->dispatch([weak, sequence, response = std::move(response)]() mutable {
                const auto self = weak.lock();
                if (self != nullptr && sequence == self->sequence_)
                    self->answer_rest(std::move(response));
            });
        });
}

void HttpSession::await_rest_deadline() {
    timer_.expires_after(std::chrono::milliseconds(service_->config().request_timeout_ms) +
                         expiry_grace);
    timer_.async_wait([self = shared_from_this(), sequence = sequence_](beast::error_code error) {
        if (error || sequence != self->sequence_) return;
        self->answer_rest(rest_error(503, errc::timeout.name, "no answer within the time allowed"));
    });
}

void HttpSession::upgrade() {
    const std::string_view target = view_of(request_.target());
    if (target != "/" && target != "/ws")
        return answer_rest(rest_error(404, "api.no_such_route", "WebSocket is at / and at /ws"));
    handed_over_ = true;
    stream_.expires_never();
    const Consistency consistency = consistency_of(request_).value_or(Consistency::latest);
    start_websocket_session(service_, std::move(stream_), std::move(request_), trust_, consistency);
}

// [Fetch standard §3.2.2] The origin has passed admit() by now.
void HttpSession::preflight() {
    HttpResponse response = make_response(204, "", {});
    response.set(http::field::access_control_allow_methods, "GET, POST, OPTIONS");
    response.set(http::field::access_control_allow_headers,
                 "Content-Type, Authorization, Holdfast-Consistency");
    response.set(http::field::access_control_max_age, "600");
    send(std::move(response));
}

// Errors of JSON-RPC go out with 200: clients retry other statuses.
void HttpSession::answer_rpc(std::string text) {
    if (text.empty()) return send(make_response(204, "", {}));
    send(make_response(200, "application/json", std::move(text)));
}

void HttpSession::answer_rest(RestResponse answer) {
    HttpResponse response =
        make_response(answer.status, answer.content_type, std::move(answer.body));
    if (!answer.allow.empty()) response.set(http::field::allow, answer.allow);
    if (answer.status == 401) response.set(http::field::www_authenticate, "Bearer");
    send(std::move(response));
}

HttpResponse HttpSession::make_response(unsigned status, std::string_view content_type,
                                        std::string body) {
    HttpResponse response{static_cast<http::status>(status), 11};
    if (!content_type.empty())
        response.set(http::field::content_type, {content_type.data(), content_type.size()});
    const std::string_view origin = field(request_, http::field::origin);
    if (!origin.empty() && origin_allowed(origin, field(request_, http::field::host),
                                          service_->config().origins_allowed)) {
        response.set(http::field::access_control_allow_origin, {origin.data(), origin.size()});
        response.set(http::field::vary, "Origin");
    }
    response.keep_alive(!close_);
    if (request_.method() != http::verb::head) response.body() = std::move(body);
    if (status != 204) response.prepare_payload();
    return response;
}

void HttpSession::send(HttpResponse response) {
    if (answered_) return;
    answered_ = true;
    timer_.cancel();
    response_.emplace(std::move(response));
    stream_.expires_after(send_timeout);
    http::async_write(stream_, *response_,
                      [self = shared_from_this()](beast::error_code e, size_t) {
                          self->on_sent(e, self->close_);
                      });
}

void HttpSession::on_sent(beast::error_code error, bool close) {
    response_.reset();
    if (error) return;
    if (!close) return read();
    beast::error_code ignored;
    stream_.socket().shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
    stream_.expires_after(std::chrono::seconds(2));
    linger();
}

// Closing with unread bytes would send a reset, which can overtake our answer. [RFC 9112 §9.6]
void HttpSession::linger() {
    constexpr size_t lingering_reads_max = 2048;
    if (++lingering_reads_ > lingering_reads_max) return;
    stream_.async_read_some(asio::buffer(discarded_),
                            [self = shared_from_this()](beast::error_code error, size_t) {
                                if (!error) self->linger();
                            });
}

}  // namespace

std::optional<Consistency> consistency_of(const HttpRequest& request) {
    const auto wish = request["Holdfast-Consistency"];
    if (wish.empty() || beast::iequals(wish, "latest")) return Consistency::latest;
    if (beast::iequals(wish, "linearizable")) return Consistency::linearizable;
    return std::nullopt;
}

void start_http_session(const std::shared_ptr<Service>& service, asio::ip::tcp::socket socket,
                        Trust trust) {
    std::make_shared<HttpSession>(service, std::move(socket), trust)->read();
}

}  // namespace holdfast::api
