// Frames: one encoding each, every malformed one refused by name, every length bounded first.
#include "session/frame.h"

#include <gtest/gtest.h>

#include "base/random.h"

namespace holdfast::session {
namespace {

Hello a_hello() {
    Hello hello;
    hello.genesis.bytes.fill(9);
    hello.self = NodeId(1);
    hello.peer = NodeId(2);
    hello.incarnation = 77;
    return hello;
}

Fragment a_fragment(ByteView payload) {
    return {.priority = env::Priority::gossip,
            .first = true,
            .last = true,
            .sequence = 5,
            .ack = 4,
            .payload = payload};
}

template <class T>
Bytes encoded(const T& frame) {
    Bytes bytes;
    write_frame(bytes, frame);
    return bytes;
}

ByteView body_of(const Bytes& frame) {
    return ByteView(frame).subspan(4);
}

Errc refusal(ByteView body) {
    const auto frame = read_frame(body);
    return frame ? Errc{"accepted"} : frame.error().code;
}

constexpr size_t kind_at = 4, flags_at = 5, sequence_at = 6;

TEST(Frame, hello_comes_back_as_it_was) {
    Hello hello = a_hello();
    EXPECT_EQ(std::get<Hello>(*read_frame(body_of(encoded(hello)))), hello);
    hello.resume = Hello::Resume{.incarnation = 3, .received = 1'000'000'007};
    EXPECT_EQ(std::get<Hello>(*read_frame(body_of(encoded(hello)))), hello);
}

TEST(Frame, fragment_comes_back_as_it_was) {
    const Bytes payload{1, 2, 3};
    const Bytes bytes = encoded(a_fragment(payload));
    EXPECT_EQ(bytes.size(), frame_overhead_bytes + payload.size());
    const auto frame = read_frame(body_of(bytes));
    ASSERT_TRUE(frame);
    const auto& fragment = std::get<Fragment>(*frame);
    EXPECT_EQ(fragment.priority, env::Priority::gossip);
    EXPECT_TRUE(fragment.first && fragment.last);
    EXPECT_EQ(fragment.sequence, 5U);
    EXPECT_EQ(fragment.ack, 4U);
    EXPECT_TRUE(equal(fragment.payload, payload));
}

TEST(Frame, short_frames_come_back_as_they_were) {
    EXPECT_EQ(std::get<Ack>(*read_frame(body_of(encoded(Ack{12})))).ack, 12U);
    EXPECT_EQ(std::get<Keepalive>(*read_frame(body_of(encoded(Keepalive{13})))).ack, 13U);
}

TEST(Frame, another_version_is_told_apart_whatever_follows) {
    Bytes bytes = encoded(a_hello());
    bytes[kind_at + 1] = 2;
    EXPECT_EQ(refusal(body_of(bytes)), errc::wrong_version);
    EXPECT_EQ(refusal(body_of(bytes).first(3)), errc::wrong_version);
}

TEST(Frame, each_malformed_frame_is_refused) {
    const Bytes payload{1, 2, 3};
    const auto fragment = [&](size_t at, uint8_t value) {
        Bytes bytes = encoded(a_fragment(payload));
        bytes[at] = value;
        return refusal(body_of(bytes));
    };
    EXPECT_EQ(fragment(kind_at, 0), errc::frame_malformed);
    EXPECT_EQ(fragment(kind_at, 5), errc::frame_malformed);
    EXPECT_EQ(fragment(flags_at, 0x0f), errc::frame_malformed) << "no fourth priority";
    EXPECT_EQ(fragment(flags_at, 0x1d), errc::frame_malformed) << "unknown flag";
    EXPECT_EQ(fragment(flags_at, 0x04), errc::frame_malformed) << "short, and more to come";
    EXPECT_EQ(fragment(sequence_at, 0), errc::frame_malformed) << "numbers start at 1";

    Fragment rest = a_fragment({});
    rest.first = false;
    EXPECT_EQ(refusal(body_of(encoded(rest))), errc::frame_malformed) << "an empty rest";
    const Bytes large(fragment_bytes_max + 1);
    EXPECT_EQ(refusal(body_of(encoded(a_fragment(large)))), errc::frame_malformed);
}

TEST(Frame, every_cut_and_every_extra_byte_is_refused) {
    Hello hello = a_hello();
    hello.resume = Hello::Resume{};
    for (const Bytes& bytes : {encoded(hello), encoded(Ack{1}), encoded(Keepalive{1})}) {
        for (size_t size = 1; size + 4 < bytes.size(); ++size)
            EXPECT_EQ(refusal(body_of(bytes).first(size)), errc::frame_malformed) << size;
        Bytes longer = bytes;
        longer.push_back(0);
        EXPECT_EQ(refusal(body_of(longer)), errc::frame_malformed);
    }
    const Bytes fragment = encoded(a_fragment({}));
    for (size_t size = 1; size + 4 < fragment.size(); ++size)
        EXPECT_EQ(refusal(body_of(fragment).first(size)), errc::frame_malformed) << size;
    EXPECT_EQ(refusal({}), errc::frame_malformed);
}

TEST(FrameSplitter, any_pieces_give_the_same_frames) {
    Random random(1);
    Bytes stream;
    std::vector<Bytes> bodies;
    for (unsigned i = 0; i < 60; ++i) {
        const Bytes payload(random.chance(1, 10) ? fragment_bytes_max : random.below(50));
        const Bytes frame = encoded(a_fragment(payload));
        bodies.push_back(to_bytes(body_of(frame)));
        append(stream, frame);
    }
    for (unsigned round = 0; round < 50; ++round) {
        FrameSplitter splitter;
        std::vector<Bytes> found;
        ByteView left = stream;
        while (!left.empty()) {
            const size_t size_max = random.chance(1, 2) ? 5 : stream.size();
            ByteView piece = left.first(std::min<size_t>(random.between(1, size_max), left.size()));
            left = left.subspan(piece.size());
            while (true) {
                const auto body = splitter.next(piece);
                ASSERT_TRUE(body);
                if (!*body) break;
                found.push_back(to_bytes(**body));
            }
            EXPECT_TRUE(piece.empty());
        }
        EXPECT_EQ(found, bodies);
    }
}

TEST(FrameSplitter, a_length_over_the_limit_is_refused_when_only_the_length_is_there) {
    for (const uint32_t size : {static_cast<uint32_t>(frame_bytes_max - 3), 0xffffffffU, 0U}) {
        Bytes header;
        for (unsigned i = 0; i < 4; ++i) header.push_back(static_cast<uint8_t>(size >> (8 * i)));
        for (const bool at_once : {true, false}) {
            FrameSplitter splitter;
            ByteView first = ByteView(header).first(at_once ? 0 : 3);
            EXPECT_TRUE(splitter.next(first));
            ByteView rest = ByteView(header).subspan(at_once ? 0 : 3);
            const auto body = splitter.next(rest);
            ASSERT_FALSE(body);
            EXPECT_EQ(body.error().code, size == 0 ? errc::frame_malformed : errc::frame_too_large);
        }
    }
}

}  // namespace
}  // namespace holdfast::session
