// For tests: clients made of plain sockets, which can be as rude as the test wants.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include <arpa/inet.h>
#include <boost/json.hpp>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace holdfast::api::testing {

namespace json = boost::json;

struct HttpAnswer {
    int status = 0;  ///< 0: the connection ended first
    std::string head, body;
    [[nodiscard]] bool has(std::string_view text) const {
        return head.find(text) != std::string::npos;
    }
};

class Socket {
  public:
    explicit Socket(uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in to{};
        to.sin_family = AF_INET;
        to.sin_port = htons(port);
        to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        const timeval patience{.tv_sec = 20, .tv_usec = 0};
        ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        connected_ = ::connect(fd_, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0;
    }
    ~Socket() { ::close(fd_); }
    Socket(const Socket&) = delete;
    Socket& operator=(const Socket&) = delete;

    [[nodiscard]] bool connected() const { return connected_; }
    void send(std::string_view bytes) const {
        while (!bytes.empty()) {
            const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (sent <= 0) return;
            bytes.remove_prefix(static_cast<size_t>(sent));
        }
    }
    void end_sending() const { ::shutdown(fd_, SHUT_WR); }
    /// False: nothing more comes.
    bool fill() {
        std::array<char, 65'536> chunk{};
        const ssize_t got = ::recv(fd_, chunk.data(), chunk.size(), 0);
        if (got <= 0) return false;
        buffer_.append(chunk.data(), static_cast<size_t>(got));
        return true;
    }
    /// Exactly so many bytes; fewer at the end.
    std::string take(size_t count) {
        while (buffer_.size() < count && fill()) {
        }
        std::string result = buffer_.substr(0, count);
        buffer_.erase(0, count);
        return result;
    }
    bool ended() { return buffer_.empty() && !fill(); }

    HttpAnswer answer() {
        HttpAnswer result;
        size_t end = 0;
        while ((end = buffer_.find("\r\n\r\n")) == std::string::npos)
            if (!fill()) return result;
        result.head = take(end + 4);
        result.status = std::stoi(result.head.substr(9, 3));
        const size_t length = result.head.find("Content-Length: ");
        if (length != std::string::npos)
            result.body = take(std::stoul(result.head.substr(length + 16)));
        return result;
    }
    HttpAnswer request(std::string_view method, std::string_view target, std::string_view body = {},
                       std::string_view headers = {}) {
        send(fmt::format("{} {} HTTP/1.1\r\nHost: localhost\r\n{}Content-Length: {}\r\n\r\n{}",
                         method, target, headers, body.size(), body));
        return answer();
    }

  private:
    int fd_;
    bool connected_ = false;
    std::string buffer_;
};

class WebSocket {
  public:
    explicit WebSocket(uint16_t port, std::string_view headers = {}) : socket(port) {
        socket.send(fmt::format(
            "GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n{}"
            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
            headers));
        upgraded = socket.answer();
    }
    /// One masked frame; a mask of zero leaves the bytes as they are. [RFC 6455 §5.2]
    static std::string framed(uint8_t opcode, std::string_view payload, bool masked = true) {
        std::string out(1, static_cast<char>(0x80 | opcode));
        const auto mask_bit = static_cast<uint8_t>(masked ? 0x80 : 0);
        const auto put = [&](uint64_t value, int bytes) {
            for (int i = bytes - 1; i >= 0; --i)
                out.push_back(static_cast<char>(value >> (8 * i) & 0xff));
        };
        if (payload.size() < 126) {
            put(mask_bit | payload.size(), 1);
        } else if (payload.size() < 65'536) {
            put(uint64_t{mask_bit} | 126, 1);
            put(payload.size(), 2);
        } else {
            put(uint64_t{mask_bit} | 127, 1);
            put(payload.size(), 8);
        }
        if (masked) out.append(4, '\0');
        return out.append(payload);
    }
    void frame(uint8_t opcode, std::string_view payload, bool masked = true) const {
        socket.send(framed(opcode, payload, masked));
    }
    void send(std::string_view text) const { frame(1, text); }
    /// The next message; empty when closed, and then `close_code` says why.
    std::string receive() {
        while (true) {
            const std::string head = socket.take(2);
            if (head.size() < 2) return {};
            size_t length = static_cast<uint8_t>(head[1]) & 0x7f;
            const size_t more = length == 126 ? 2 : length == 127 ? 8 : 0;
            if (more > 0) {
                length = 0;
                for (const char c : socket.take(more))
                    length = length << 8 | static_cast<uint8_t>(c);
            }
            const std::string payload = socket.take(length);
            const int opcode = head[0] & 15;
            if (opcode == 8) {
                if (payload.size() >= 2)
                    close_code =
                        static_cast<uint8_t>(payload[0]) << 8 | static_cast<uint8_t>(payload[1]);
                return {};
            }
            if (opcode <= 2) return payload;
        }
    }
    json::value receive_json() { return json::parse(receive()); }
    json::value rpc(std::string_view method, std::string_view params) {
        send(
            fmt::format(R"({{"jsonrpc":"2.0","id":1,"method":"{}","params":{}}})", method, params));
        return receive_json();
    }

    Socket socket;
    HttpAnswer upgraded;
    int close_code = 0;
};

}  // namespace holdfast::api::testing
