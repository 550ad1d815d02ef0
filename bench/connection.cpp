// WebSocket frames by hand. [RFC 6455 §5]
#include "connection.h"

#include <array>

#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>

namespace holdfast::bench {
namespace {

constexpr size_t read_bytes = 256 * 1024;
constexpr uint8_t opcode_continuation = 0, opcode_text = 1, opcode_close = 8, opcode_ping = 9,
                  opcode_pong = 10;

}  // namespace

void Connection::open(const Endpoint& endpoint) {
    close();
    state_ = State::connecting;
    const Generation generation = ++generation_;
    boost::system::error_code error;
    const auto address = boost::asio::ip::make_address(endpoint.host, error);
    if (error) return fail(generation, error.message());
    const auto port = static_cast<uint16_t>(std::stoul(endpoint.port));
    socket_.async_connect({address, port}, [this, generation, endpoint](auto failure) {
        if (failure) return fail(generation, failure.message());
        on_connected(generation, endpoint);
    });
}

void Connection::close() {
    ++generation_;
    boost::system::error_code ignored;
    socket_.close(ignored);
    state_ = State::closed;
    handshaken_ = writing_ = write_scheduled_ = false;
    in_.clear();
    in_used_ = 0;
    out_.clear();
    pieces_.clear();
}

void Connection::on_connected(Generation generation, const Endpoint& endpoint) {
    if (generation != generation_) return;
    boost::system::error_code ignored;
    socket_.set_option(boost::asio::ip::tcp::no_delay(true), ignored);
    // Any 16 bytes do as the key: nobody stands between us and the node. [RFC 6455 §4.1]
    out_ = "GET / HTTP/1.1\r\nHost: " + endpoint.host + ":" + endpoint.port +
           "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
           "Sec-WebSocket-Key: aG9sZGZhc3QtYmVuY2gtMQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
    write_more(generation);
    read_more(generation);
}

void Connection::read_more(Generation generation) {
    const size_t held = in_.size();
    in_.resize(held + read_bytes);
    socket_.async_read_some(boost::asio::buffer(in_.data() + held, read_bytes),
                            [this, generation, held](auto error, size_t size_bytes) {
                                if (generation != generation_) return;
                                in_.resize(held + size_bytes);
                                if (error) return fail(generation, error.message());
                                on_read(generation, size_bytes);
                            });
}

void Connection::on_read(Generation generation, size_t size_bytes) {
    (void)size_bytes;
    if (!handshaken_) take_handshake();
    if (generation == generation_ && handshaken_) take_frames();
    if (generation == generation_) read_more(generation);
}

void Connection::take_handshake() {
    const size_t end = in_.find("\r\n\r\n");
    if (end == std::string::npos) return;
    if (!in_.starts_with("HTTP/1.1 101"))
        return fail(generation_, "refused: " + in_.substr(0, in_.find("\r\n")));
    in_used_ = end + 4;
    handshaken_ = true;
    state_ = State::open;
    callbacks_.opened();
}

void Connection::take_frames() {
    const Generation generation = generation_;
    while (generation == generation_ && take_frame()) {
    }
    if (generation != generation_) return;
    in_.erase(0, in_used_);
    in_used_ = 0;
}

bool Connection::take_frame() {
    const auto* data = reinterpret_cast<const uint8_t*>(in_.data()) + in_used_;
    const size_t have = in_.size() - in_used_;
    if (have < 2) return false;
    size_t size = data[1] & 0x7fU;
    size_t header = 2;
    if (size >= 126) {
        const size_t width = size == 126 ? 2 : 8;
        header += width;
        if (have < header) return false;
        size = 0;
        for (size_t index = 0; index < width; ++index) size = (size << 8U) | data[2 + index];
    }
    if (have < header + size) return false;
    const bool is_last = (data[0] & 0x80U) != 0;
    const auto opcode = static_cast<uint8_t>(data[0] & 0x0fU);
    const std::string_view payload(in_.data() + in_used_ + header, size);
    in_used_ += header + size;

    if (opcode == opcode_close) {
        fail(generation_, "closed by the node");
    } else if (opcode == opcode_ping) {
        append_frame(opcode_pong, payload);
    } else if (opcode == opcode_text && is_last) {
        callbacks_.received(payload);
    } else if (opcode == opcode_text || opcode == opcode_continuation) {
        pieces_.append(payload);
        if (!is_last) return true;
        const std::string whole = std::move(pieces_);
        pieces_.clear();
        callbacks_.received(whole);
    }
    return true;
}

void Connection::send(std::string_view message) {
    if (is_open()) append_frame(opcode_text, message);
}

void Connection::append_frame(uint8_t opcode, std::string_view payload) {
    out_.push_back(static_cast<char>(0x80U | opcode));
    // A client's frames are masked; a mask of zeros is a mask. [RFC 6455 §5.3]
    constexpr uint8_t masked = 0x80;
    if (payload.size() < 126) {
        out_.push_back(static_cast<char>(masked | payload.size()));
    } else {
        const bool is_short = payload.size() < 65'536;
        out_.push_back(static_cast<char>(masked | (is_short ? 126U : 127U)));
        for (unsigned width = is_short ? 2 : 8; width-- > 0;)
            out_.push_back(static_cast<char>((payload.size() >> (8 * width)) & 0xffU));
    }
    out_.append(4, '\0');
    out_.append(payload);
    if (writing_ || write_scheduled_) return;
    write_scheduled_ = true;
    boost::asio::post(socket_.get_executor(), [this, generation = generation_] {
        if (generation != generation_) return;
        write_scheduled_ = false;
        write_more(generation);
    });
}

void Connection::write_more(Generation generation) {
    if (writing_ || out_.empty()) return;
    writing_ = true;
    writing_out_.swap(out_);
    out_.clear();
    boost::asio::async_write(socket_, boost::asio::buffer(writing_out_),
                             [this, generation](auto error, size_t) {
                                 if (generation != generation_) return;
                                 writing_ = false;
                                 if (error) return fail(generation, error.message());
                                 write_more(generation);
                             });
}

void Connection::fail(Generation generation, const std::string& why) {
    if (generation != generation_) return;
    close();
    callbacks_.closed(why);
}

}  // namespace holdfast::bench
