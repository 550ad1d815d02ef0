// Encoding and decoding of session frames.
#include "session/frame.h"

#include "base/codec.h"

namespace holdfast::session {
namespace {

constexpr size_t length_bytes = 4;

enum class Kind : uint8_t { hello = 1, fragment = 2, ack = 3, keepalive = 4 };

// The flags of a fragment: the priority, then whether it opens and whether it ends its message.
constexpr uint8_t priority_mask = 0x03;
constexpr uint8_t first_flag = 0x04;
constexpr uint8_t last_flag = 0x08;

template <std::unsigned_integral T>
void put(Bytes& to, T value) {
    for (size_t i = 0; i < sizeof(T); ++i)
        to.push_back(static_cast<uint8_t>(static_cast<uint64_t>(value) >> (8 * i)));
}

void put_header(Bytes& to, size_t body_bytes, Kind kind) {
    put(to, static_cast<uint32_t>(body_bytes));
    put(to, static_cast<uint8_t>(kind));
}

void put_short(Bytes& to, Kind kind, uint64_t ack) {
    put_header(to, 1 + 8, kind);
    put(to, ack);
}

Result<Frame> malformed(const char* what) {
    return fail(errc::frame_malformed, what);
}

Result<Frame> read_hello(Reader in) {
    // The version comes first and is checked first: the rest may differ between versions.
    const uint16_t version = in.u16();
    if (!in.failed() && version != protocol_version)
        return fail(errc::wrong_version, fmt::format("the peer speaks version {}, this node {}",
                                                     version, protocol_version));
    Hello hello;
    hello.genesis = in.fixed<Hash32>();
    hello.self = in.ordinal<NodeId>();
    hello.peer = in.ordinal<NodeId>();
    hello.incarnation = in.u64();
    if (in.boolean()) {
        Hello::Resume resume;
        resume.incarnation = in.u64();
        resume.received = in.u64();
        hello.resume = resume;
    }
    if (!in.finish()) return malformed("hello");
    return hello;
}

Result<Frame> read_fragment(Reader in) {
    const uint8_t flags = in.u8();
    Fragment fragment;
    fragment.priority = env::Priority{static_cast<uint8_t>(flags & priority_mask)};
    fragment.first = (flags & first_flag) != 0;
    fragment.last = (flags & last_flag) != 0;
    fragment.sequence = in.u64();
    fragment.ack = in.u64();
    fragment.payload = in.rest();
    if (!in.finish()) return malformed("message header");
    if (flags > (priority_mask | first_flag | last_flag) ||
        (flags & priority_mask) >= env::priority_count)
        return malformed("message flags");
    if (fragment.sequence == 0) return malformed("sequence number zero");
    const size_t size = fragment.payload.size();
    if (size > fragment_bytes_max) return malformed("fragment size");
    if (!fragment.last && size != fragment_bytes_max) return malformed("short fragment");
    if (!fragment.first && size == 0) return malformed("empty fragment");
    return fragment;
}

template <class Short>
Result<Frame> read_short(Reader in) {
    Short frame;
    frame.ack = in.u64();
    if (!in.finish()) return malformed("acknowledgement");
    return frame;
}

/// The length in front of a body, if it is one that a body may have.
Result<size_t> body_bytes(ByteView header) {
    const size_t size = Reader(header.first(length_bytes)).u32();
    if (size > frame_bytes_max - length_bytes)
        return fail(errc::frame_too_large, fmt::format("a frame of {} bytes", size));
    if (size == 0) return fail(errc::frame_malformed, "an empty frame");
    return size;
}

}  // namespace

void write_frame(Bytes& to, const Hello& hello) {
    put_header(to, 1 + 2 + 32 + 8 + 8 + 8 + 1 + (hello.resume ? 16 : 0), Kind::hello);
    put(to, protocol_version);
    append(to, hello.genesis.view());
    put(to, hello.self.value);
    put(to, hello.peer.value);
    put(to, hello.incarnation);
    put(to, static_cast<uint8_t>(hello.resume ? 1 : 0));
    if (!hello.resume) return;
    put(to, hello.resume->incarnation);
    put(to, hello.resume->received);
}

void write_frame(Bytes& to, const Fragment& fragment) {
    put_header(to, frame_overhead_bytes - length_bytes + fragment.payload.size(), Kind::fragment);
    unsigned flags = static_cast<uint8_t>(fragment.priority);
    if (fragment.first) flags |= first_flag;
    if (fragment.last) flags |= last_flag;
    put(to, static_cast<uint8_t>(flags));
    put(to, fragment.sequence);
    put(to, fragment.ack);
    append(to, fragment.payload);
}

void write_frame(Bytes& to, const Ack& ack) {
    put_short(to, Kind::ack, ack.ack);
}

void write_frame(Bytes& to, const Keepalive& keepalive) {
    put_short(to, Kind::keepalive, keepalive.ack);
}

Result<Frame> read_frame(ByteView body) {
    Reader in(body);
    switch (Kind{in.u8()}) {
        case Kind::hello:
            return read_hello(in);
        case Kind::fragment:
            return read_fragment(in);
        case Kind::ack:
            return read_short<Ack>(in);
        case Kind::keepalive:
            return read_short<Keepalive>(in);
    }
    return malformed("unknown kind");
}

Result<std::optional<ByteView>> FrameSplitter::next(ByteView& in) {
    if (handed_out_) reset();
    const auto take = [&](size_t upto) {
        const size_t size = std::min(upto - partial_.size(), in.size());
        append(partial_, in.first(size));
        in = in.subspan(size);
        return partial_.size() == upto;
    };
    if (partial_.empty() && in.size() >= length_bytes) {
        // Optimization: a frame that is here whole is not copied.
        auto size = body_bytes(in);
        if (!size) return std::unexpected(size.error());
        if (in.size() - length_bytes >= *size) {
            const ByteView body = in.subspan(length_bytes, *size);
            in = in.subspan(length_bytes + *size);
            return body;
        }
    }
    if (partial_.size() < length_bytes && !take(length_bytes)) return std::nullopt;
    auto size = body_bytes(partial_);
    if (!size) return std::unexpected(size.error());
    partial_.reserve(length_bytes + *size);
    if (!take(length_bytes + *size)) return std::nullopt;
    handed_out_ = true;
    return ByteView(partial_).subspan(length_bytes);
}

void FrameSplitter::reset() {
    partial_.clear();
    handed_out_ = false;
}

}  // namespace holdfast::session
