// The encoding of messages. One encoding per value; every count and length has its bound.
#include "consensus/pow/messages.h"

namespace holdfast::pow {
namespace {

constexpr uint8_t version = 1;

struct BodyWriter {
    Writer& out;

    void operator()(const Announce& m) const { out.raw(encode(m.tip)); }
    void operator()(const AskHeaders& m) const { hashes(m.locator); }
    void operator()(const Headers& m) const {
        out.count(m.headers.size());
        for (const Header& header : m.headers) out.raw(encode(header));
        out.boolean(m.more);
    }
    void operator()(const Gap& m) const {
        out.ordinal(m.first);
        out.ordinal(m.tip);
    }
    void operator()(const AskBodies& m) const { hashes(m.blocks); }
    void operator()(const Body& m) const {
        out.fixed(m.block);
        out.bytes(*m.payload);
    }
    void operator()(const NoBody& m) const { out.fixed(m.block); }

    void hashes(const std::vector<Hash32>& list) const {
        out.count(list.size());
        for (const Hash32& hash : list) out.fixed(hash);
    }
};

Height read_height(Reader& in) {
    const auto height = in.ordinal<Height>();
    if (height.value > ordinal_max) in.fail_with(codec_errc::bad_value);
    return height;
}

std::vector<Hash32> read_hashes(Reader& in, size_t count_max) {
    std::vector<Hash32> list;
    const size_t count = in.count(count_max);
    for (size_t i = 0; i < count && !in.failed(); ++i) list.push_back(in.fixed<Hash32>());
    // Nobody asks for nothing.
    if (list.empty()) in.fail_with(codec_errc::bad_value);
    return list;
}

Headers read_headers(Reader& in) {
    Headers m;
    const size_t count = in.count(headers_per_message_max);
    for (size_t i = 0; i < count && !in.failed(); ++i) {
        m.headers.push_back(read_header(in));
        if (i > 0 && m.headers[i].parent != hash_of(m.headers[i - 1]))
            in.fail_with(codec_errc::bad_value);
    }
    m.more = in.boolean();
    // To ask again from where nothing was told would go round for ever.
    if (m.more && m.headers.empty()) in.fail_with(codec_errc::bad_value);
    return m;
}

Gap read_gap(Reader& in) {
    Gap m;
    m.first = read_height(in);
    m.tip = read_height(in);
    if (m.first == Height{} || m.tip.next() < m.first) in.fail_with(codec_errc::bad_value);
    return m;
}

Message read_message(Reader& in, uint8_t kind) {
    // The kind on the wire is the alternative's place in Message; a test pins the numbers.
    switch (kind) {
        case 0:
            return Announce{read_header(in)};
        case 1:
            return AskHeaders{read_hashes(in, locator_max)};
        case 2:
            return read_headers(in);
        case 3:
            return read_gap(in);
        case 4:
            return AskBodies{read_hashes(in, bodies_per_request_max)};
        case 5: {
            Body m;
            m.block = in.fixed<Hash32>();
            m.payload = make_buffer(in.bytes_copy(payload_bytes_limit));
            return m;
        }
        case 6:
            return NoBody{in.fixed<Hash32>()};
        default:
            in.fail_with(codec_errc::bad_value);
            return NoBody{};
    }
}

size_t size_hint(const Message& message) {
    if (const auto* headers = std::get_if<Headers>(&message))
        return 16 + headers->headers.size() * header_bytes;
    if (const auto* body = std::get_if<Body>(&message)) return 64 + body->payload->size();
    return 256;
}

}  // namespace

Buffer encode(const Message& message) {
    Writer out(size_hint(message));
    out.u8(version);
    out.u8(static_cast<uint8_t>(message.index()));
    std::visit(BodyWriter{out}, message);
    return make_buffer(out.take());
}

Result<Message> decode(ByteView bytes) {
    Reader in(bytes);
    if (in.u8() != version) in.fail_with(codec_errc::bad_value);
    const uint8_t kind = in.u8();
    Message message = read_message(in, kind);
    if (Status status = in.finish(); !status) return std::unexpected(status.error());
    return message;
}

}  // namespace holdfast::pow
