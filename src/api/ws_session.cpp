// WebSocket: many bodies in flight, answers in the order they are ready, notices between them.
#include <deque>

#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket.hpp>

#include "api/sessions.h"

namespace holdfast::api {

namespace beast = boost::beast;
namespace websocket = beast::websocket;
namespace asio = boost::asio;

namespace {

constexpr std::chrono::seconds close_patience{5};

class WebsocketSession : public Subscriber, public std::enable_shared_from_this<WebsocketSession> {
  public:
    WebsocketSession(std::shared_ptr<Service> service, beast::tcp_stream stream,
                     HttpRequest request, Trust trust, Consistency consistency)
        : service_(std::move(service)),
          stream_(std::move(stream)),
          cut_(stream_.get_executor()),
          request_(std::move(request)),
          trust_(trust),
          consistency_(consistency) {
        ++service_->metrics().websockets_open;
    }
    ~WebsocketSession() override {
        --service_->metrics().websockets_open;
        --service_->metrics().connections_open;
    }
    WebsocketSession(const WebsocketSession&) = delete;
    WebsocketSession& operator=(const WebsocketSession&) = delete;

    void start() {
        auto timeouts = websocket::stream_base::timeout::suggested(beast::role_type::server);
        timeouts.idle_timeout = std::chrono::minutes(5);
        // A client that answers no ping is gone, whatever TCP believes.
        timeouts.keep_alive_pings = true;
        stream_.set_option(timeouts);
        stream_.read_message_max(service_->config().request_bytes_max);
        stream_.auto_fragment(false);
        stream_.text(true);
        stream_.async_accept(request_, [self = shared_from_this()](beast::error_code error) {
            if (!error) self->read();
        });
    }

    void push(std::shared_ptr<const std::string> message) override;

  private:
    void read();
    void on_message(beast::error_code error);
    void write();
    void on_written(beast::error_code error);
    void close(websocket::close_code code, std::string_view why);
    void gone();

    std::shared_ptr<Service> service_;
    websocket::stream<beast::tcp_stream> stream_;
    asio::steady_timer cut_;
    HttpRequest request_;
    beast::flat_buffer buffer_;
    std::deque<std::shared_ptr<const std::string>> queue_;
    size_t queue_bytes_ = 0;
    size_t in_flight_ = 0;
    Trust trust_;
    Consistency consistency_;
    bool reading_ = false;
    bool writing_ = false;
    bool closing_ = false;
};

void WebsocketSession::read() {
    // Not reading is what slows a client down that asks faster than we answer, or than it reads.
    if (closing_ || reading_ || in_flight_ >= websocket_in_flight_max ||
        queue_bytes_ > websocket_queue_bytes_max / 2)
        return;
    reading_ = true;
    stream_.async_read(buffer_, [self = shared_from_this()](beast::error_code error, size_t) {
        self->on_message(error);
    });
}

void WebsocketSession::on_message(beast::error_code error) {
    if (error) return gone();
    ++service_->metrics().websocket_messages;
    ++in_flight_;
    const auto data = buffer_.data();
    const Caller caller{.trust = trust_,
                        .consistency = consistency_,
                        .subscriber = std::static_pointer_cast<Subscriber>(shared_from_this())};
    serve_rpc(*service_, {static_cast<const char*>(data.data()), data.size()}, caller,
              [self = shared_from_this()](std::string text) {
                  --self->in_flight_;
                  if (!text.empty())
                      self->push(std::make_shared<const std::string>(std::move(text)));
                  self->read();
              });
    buffer_.consume(buffer_.size());
    // Not before: an answer may be ready at once, and the next read must not begin into a buffer
    // that is about to be emptied under it.
    reading_ = false;
    read();
}

void WebsocketSession::push(std::shared_ptr<const std::string> message) {
    if (closing_) return;
    queue_bytes_ += message->size();
    queue_.push_back(std::move(message));
    if (queue_bytes_ > websocket_queue_bytes_max && queue_.size() > 1) {
        ++service_->metrics().subscribers_dropped;
        return close(websocket::close_code::policy_error, "too slow: notices pile up unread");
    }
    write();
}

void WebsocketSession::write() {
    if (writing_ || queue_.empty()) return;
    writing_ = true;
    stream_.async_write(
        asio::buffer(*queue_.front()),
        [self = shared_from_this()](beast::error_code error, size_t) { self->on_written(error); });
}

void WebsocketSession::on_written(beast::error_code error) {
    writing_ = false;
    if (error) return gone();
    if (closing_) return;
    queue_bytes_ -= queue_.front()->size();
    queue_.pop_front();
    write();
    read();
}

// The close frame cannot overtake a message that is half written to a client who does not read, so
// it gets a moment, and then the connection is cut.
void WebsocketSession::close(websocket::close_code code, std::string_view why) {
    closing_ = true;
    service_->post([self = shared_from_this(), code, reason = std::string(why)] {
        self->gone();
        self->cut_.expires_after(close_patience);
        self->cut_.async_wait(
            [self](beast::error_code) { beast::get_lowest_layer(self->stream_).close(); });
        self->stream_.async_close({code, reason},
                                  [self](beast::error_code) { self->cut_.cancel(); });
    });
}

void WebsocketSession::gone() {
    closing_ = true;
    service_->hub().drop(*this);
}

}  // namespace

void start_websocket_session(const std::shared_ptr<Service>& service, beast::tcp_stream stream,
                             HttpRequest request, Trust trust, Consistency consistency) {
    std::make_shared<WebsocketSession>(service, std::move(stream), std::move(request), trust,
                                       consistency)
        ->start();
}

}  // namespace holdfast::api
