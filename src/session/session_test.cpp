// The rules of a session, one test each. The two sides are 1 and 2; time stands still unless moved.
#include "session/session.h"

#include <gtest/gtest.h>

namespace holdfast::session {
namespace {

using env::Priority;

constexpr size_t plenty = 1 << 30;

Identity identity_of(uint64_t self, uint64_t incarnation) {
    Identity identity;
    identity.genesis.bytes.fill(9);
    identity.self = NodeId(self);
    identity.incarnation = incarnation;
    return identity;
}

Buffer text(std::string_view words) {
    return make_buffer(to_bytes(words));
}
Buffer filled(size_t size, uint8_t with = 1) {
    return make_buffer(Bytes(size, with));
}

Bytes bytes_of(const Output& output) {
    Bytes all;
    for (const Buffer& frames : output.frames) append(all, *frames);
    return all;
}
Errc close_of(const Output& output) {
    return output.close ? output.close->code : Errc{"open"};
}
template <class T>
Bytes encoded(const T& frame) {
    Bytes bytes;
    write_frame(bytes, frame);
    return bytes;
}

struct SessionTest : ::testing::Test {
    Instant now{Duration{1'000'000}};
    Limits limits;
    Session one{identity_of(1, 11), NodeId(2), limits};
    Session two{identity_of(2, 22), NodeId(1), limits};
    std::vector<std::string> at_one, at_two;

    void limit(const Limits& to) {
        limits = to;
        one = Session(identity_of(1, 11), NodeId(2), limits);
        two = Session(identity_of(2, 22), NodeId(1), limits);
    }
    Output feed(Session& to, ByteView bytes) {
        Output output = to.received(now, bytes);
        auto& heard = &to == &one ? at_one : at_two;
        for (const Buffer& message : output.messages) heard.emplace_back(text_of(*message));
        return output;
    }
    void connect() {
        const Bytes from_one = bytes_of(one.connected(now));
        const Bytes from_two = bytes_of(two.connected(now));
        EXPECT_EQ(close_of(feed(one, from_two)), Errc{"open"});
        EXPECT_EQ(close_of(feed(two, from_one)), Errc{"open"});
    }
    void cut() {
        one.disconnected();
        two.disconnected();
    }
    Bytes written(Session& by, size_t bytes_max = plenty) {
        return bytes_of(by.writable(now, bytes_max));
    }
    /// Moves everything both ways until nothing moves.
    void exchange() {
        while (true) {
            const Bytes from_one = written(one), from_two = written(two);
            if (from_one.empty() && from_two.empty()) return;
            EXPECT_EQ(close_of(feed(two, from_one)), Errc{"open"});
            EXPECT_EQ(close_of(feed(one, from_two)), Errc{"open"});
        }
    }
    /// A frame as if from side 2, to side 1 which is connected.
    Errc one_hears(const Bytes& frame) { return close_of(feed(one, frame)); }
    static Fragment fragment(uint64_t sequence, ByteView payload = {}) {
        return {.priority = Priority::consensus,
                .first = true,
                .last = true,
                .sequence = sequence,
                .ack = 0,
                .payload = payload};
    }
    static Hello hello_of_two() {
        return {.genesis = identity_of(2, 22).genesis,
                .self = NodeId(2),
                .peer = NodeId(1),
                .incarnation = 22,
                .resume = std::nullopt};
    }
};

using Strings = std::vector<std::string>;

// Greeting.

TEST_F(SessionTest, nothing_is_written_before_the_peers_hello) {
    (void)one.send(now, Priority::consensus, text("a"));
    EXPECT_TRUE(written(one).empty());
    EXPECT_EQ(one.connected(now).frames.size(), 1U);
    EXPECT_FALSE(one.is_connected());
    EXPECT_TRUE(written(one).empty());
    (void)feed(one, bytes_of(two.connected(now)));
    EXPECT_TRUE(one.is_connected());
    EXPECT_FALSE(written(one).empty());
}

TEST_F(SessionTest, each_wrong_hello_is_refused_by_name) {
    const auto refusal = [&](const Hello& hello) {
        (void)one.connected(now);
        const Errc code = one_hears(encoded(hello));
        EXPECT_EQ(one.is_connected(), code == Errc{"open"});
        return code;
    };
    EXPECT_EQ(refusal(hello_of_two()), Errc{"open"});
    Hello hello = hello_of_two();
    hello.genesis.bytes[0] ^= 1;
    EXPECT_EQ(refusal(hello), errc::wrong_genesis);
    hello = hello_of_two();
    hello.self = NodeId(3);
    EXPECT_EQ(refusal(hello), errc::wrong_peer);
    hello = hello_of_two();
    hello.peer = NodeId(3);
    EXPECT_EQ(refusal(hello), errc::wrong_peer);
    hello = hello_of_two();
    hello.self = NodeId(1);
    EXPECT_EQ(refusal(hello), errc::own_identity);
    Bytes bytes = encoded(hello_of_two());
    bytes[5] = 9;
    (void)one.connected(now);
    EXPECT_EQ(one_hears(bytes), errc::wrong_version);
}

TEST_F(SessionTest, frames_out_of_place_are_refused) {
    (void)one.connected(now);
    EXPECT_EQ(one_hears(encoded(fragment(1))), errc::unexpected) << "before the hello";
    (void)one.connected(now);
    EXPECT_EQ(one_hears(encoded(hello_of_two())), Errc{"open"});
    EXPECT_EQ(one_hears(encoded(hello_of_two())), errc::unexpected) << "a second hello";
    EXPECT_FALSE(one.is_connected());
    EXPECT_TRUE(feed(one, encoded(fragment(1))).messages.empty()) << "after the close";
}

TEST_F(SessionTest, a_replaced_incarnation_is_refused) {
    connect();
    Session restarted(identity_of(2, 23), NodeId(1), limits);
    (void)one.connected(now);
    EXPECT_EQ(one_hears(bytes_of(restarted.connected(now))), Errc{"open"});
    (void)one.connected(now);
    EXPECT_EQ(one_hears(encoded(hello_of_two())), errc::stale_incarnation);
}

TEST_F(SessionTest, the_list_of_replaced_incarnations_is_bounded) {
    for (uint64_t incarnation = 1; incarnation <= retired_max + 2; ++incarnation) {
        Hello hello = hello_of_two();
        hello.incarnation = incarnation;
        (void)one.connected(now);
        EXPECT_EQ(one_hears(encoded(hello)), Errc{"open"});
    }
    Hello first = hello_of_two();
    first.incarnation = 2;
    (void)one.connected(now);
    EXPECT_EQ(one_hears(encoded(first)), errc::stale_incarnation);
    first.incarnation = 1;
    (void)one.connected(now);
    EXPECT_EQ(one_hears(encoded(first)), Errc{"open"});
}

// Numbers.

TEST_F(SessionTest, messages_arrive_in_order_whole_and_once) {
    connect();
    for (const char* words : {"a", "", "c"}) (void)one.send(now, Priority::gossip, text(words));
    exchange();
    EXPECT_EQ(at_two, (Strings{"a", "", "c"}));
    EXPECT_EQ(one.counters().sent, 3U);
    EXPECT_EQ(two.counters().received, 3U);
}

TEST_F(SessionTest, a_skipped_number_ends_the_connection) {
    connect();
    EXPECT_EQ(one_hears(encoded(fragment(1))), Errc{"open"});
    EXPECT_EQ(one_hears(encoded(fragment(3))), errc::sequence_gap);
}

TEST_F(SessionTest, a_repeated_number_is_not_delivered_again) {
    connect();
    EXPECT_EQ(one_hears(encoded(fragment(1))), Errc{"open"});
    EXPECT_EQ(one_hears(encoded(fragment(1))), Errc{"open"});
    EXPECT_EQ(at_one.size(), 1U);
    EXPECT_EQ(one.counters().repeated, 1U);
}

TEST_F(SessionTest, acknowledging_what_was_never_sent_ends_the_connection) {
    connect();
    EXPECT_EQ(one_hears(encoded(Ack{1})), errc::unexpected);
    Hello hello = hello_of_two();
    hello.resume = Hello::Resume{.incarnation = 11, .received = 1};
    (void)one.connected(now);
    EXPECT_EQ(one_hears(encoded(hello)), errc::unexpected);
}

TEST_F(SessionTest, taking_back_an_acknowledgement_ends_the_connection) {
    connect();
    (void)one.send(now, Priority::consensus, text("a"));
    (void)written(one);
    EXPECT_EQ(one_hears(encoded(Ack{1})), Errc{"open"});
    Hello hello = hello_of_two();
    hello.resume = Hello::Resume{.incarnation = 11, .received = 0};
    (void)one.connected(now);
    EXPECT_EQ(one_hears(encoded(hello)), errc::unexpected);
}

// Resumption.

TEST_F(SessionTest, only_what_the_peer_has_not_got_is_sent_again) {
    connect();
    for (const char* words : {"a", "b", "c"}) (void)one.send(now, Priority::consensus, text(words));
    const Bytes frames = written(one);
    const size_t frame = frame_overhead_bytes + 1;
    (void)feed(two, ByteView(frames).first(2 * frame + 5));  // dies within the third
    cut();
    connect();
    EXPECT_EQ(written(one).size(), frame);
    EXPECT_EQ(one.counters().resent, 1U);
    cut();
    connect();
    exchange();
    EXPECT_EQ(at_two, (Strings{"a", "b", "c"}));
    EXPECT_EQ(two.counters().repeated, 0U);
    now += limits.ack_delay;
    exchange();
    EXPECT_EQ(one.counters().in_flight_bytes, 0U);
}

TEST_F(SessionTest, a_large_message_goes_on_where_the_connection_broke) {
    connect();
    const Buffer large = filled(10 * fragment_bytes_max + 5);
    (void)one.send(now, Priority::bulk, large);
    const Bytes frames = written(one);
    (void)feed(two, ByteView(frames).first(6 * frame_bytes_max));
    cut();
    connect();
    const Bytes rest = written(one);
    EXPECT_LT(rest.size(), 5 * frame_bytes_max);
    (void)feed(two, rest);
    ASSERT_EQ(at_two.size(), 1U);
    EXPECT_TRUE(equal(view_of(at_two[0]), *large));
}

TEST_F(SessionTest, a_restarted_peer_gets_nothing_that_was_for_its_old_self) {
    connect();
    (void)one.send(now, Priority::consensus, text("old"));
    (void)written(one);
    cut();
    two = Session(identity_of(2, 23), NodeId(1), limits);
    (void)one.send(now, Priority::consensus, text("new"));
    connect();
    exchange();
    (void)two.send(now, Priority::consensus, text("back"));
    exchange();
    EXPECT_EQ(at_two, (Strings{"new"}));
    EXPECT_EQ(at_one, (Strings{"back"}));
    EXPECT_EQ(one.counters().dropped, 1U);
    EXPECT_EQ(one.counters().queued_bytes, 0U);
}

TEST_F(SessionTest, a_half_sent_message_starts_again_for_a_restarted_peer) {
    connect();
    (void)one.send(now, Priority::bulk, filled(3 * fragment_bytes_max));
    (void)feed(two, written(one, frame_bytes_max));
    cut();
    two = Session(identity_of(2, 23), NodeId(1), limits);
    connect();
    exchange();
    ASSERT_EQ(at_two.size(), 1U);
    EXPECT_EQ(at_two[0].size(), 3 * fragment_bytes_max);
    EXPECT_EQ(one.counters().dropped, 0U);
}

TEST_F(SessionTest, a_hello_that_only_one_side_saw_does_not_confuse_the_numbers) {
    connect();
    (void)one.send(now, Priority::consensus, text("a"));
    (void)two.send(now, Priority::consensus, text("b"));
    exchange();
    cut();
    two = Session(identity_of(2, 23), NodeId(1), limits);
    const Bytes from_one = bytes_of(one.connected(now));
    (void)two.connected(now);
    (void)feed(two, from_one);  // side 1 never hears side 2
    cut();
    connect();
    (void)one.send(now, Priority::consensus, text("c"));
    (void)two.send(now, Priority::consensus, text("d"));
    exchange();
    EXPECT_EQ(at_two, (Strings{"a", "c"}));
    EXPECT_EQ(at_one, (Strings{"b", "d"}));
}

TEST_F(SessionTest, a_peer_that_our_first_hello_never_reached_gets_all) {
    (void)one.connected(now);
    (void)feed(one, bytes_of(two.connected(now)));
    (void)one.send(now, Priority::consensus, text("a"));
    EXPECT_FALSE(written(one).empty());  // lost with the hello
    cut();
    connect();
    exchange();
    EXPECT_EQ(at_two, (Strings{"a"}));
    EXPECT_EQ(one.counters().dropped, 0U);
}

TEST_F(SessionTest, a_beginning_in_place_of_a_rest_replaces_the_unfinished_message) {
    connect();
    const Bytes part(fragment_bytes_max);
    Fragment beginning = fragment(1, part);
    beginning.last = false;
    EXPECT_EQ(one_hears(encoded(beginning)), Errc{"open"});
    const Bytes words = to_bytes("b");
    EXPECT_EQ(one_hears(encoded(fragment(2, words))), Errc{"open"});
    EXPECT_EQ(at_one, (Strings{"b"}));
    Fragment rest = fragment(3, words);
    rest.first = false;
    EXPECT_EQ(one_hears(encoded(rest)), errc::unexpected);
}

// Limits.

TEST_F(SessionTest, the_largest_message_passes_and_one_over_it_is_refused) {
    connect();
    (void)one.send(now, Priority::bulk, filled(message_bytes_max));
    exchange();
    ASSERT_EQ(at_two.size(), 1U);
    EXPECT_EQ(at_two[0].size(), message_bytes_max);

    const Bytes part(fragment_bytes_max);
    for (uint64_t sequence = 1;; ++sequence) {
        Fragment piece = fragment(sequence, part);
        piece.first = sequence == 1;
        piece.last = false;
        const Errc code = one_hears(encoded(piece));
        if (code == Errc{"open"}) {
            ASSERT_LE(sequence * fragment_bytes_max, message_bytes_max);
            continue;
        }
        EXPECT_EQ(code, errc::frame_too_large);
        EXPECT_GT(sequence * fragment_bytes_max, message_bytes_max);
        break;
    }
}

TEST_F(SessionTest, a_full_queue_drops_its_own_oldest_unsent) {
    limit({.queue_bytes_max = {2 * (message_cost_bytes + 1), 10'000, 10'000}});
    (void)one.send(now, Priority::gossip, text("g"));
    for (const char* words : {"a", "b", "c"}) (void)one.send(now, Priority::consensus, text(words));
    EXPECT_EQ(one.counters().dropped, 1U);
    connect();
    exchange();
    EXPECT_EQ(at_two, (Strings{"b", "c", "g"}));
}

TEST_F(SessionTest, what_has_a_number_is_never_dropped) {
    Limits small;
    small.queue_bytes_max = {2 * (message_cost_bytes + 1), 10'000, 200'000};
    limit(small);
    connect();
    (void)one.send(now, Priority::consensus, text("a"));
    (void)one.send(now, Priority::consensus, text("b"));
    const Bytes sent = written(one);
    (void)one.send(now, Priority::consensus, text("c"));
    EXPECT_EQ(one.counters().dropped, 1U) << "no room, so the new one goes";
    (void)feed(two, sent);
    exchange();

    // Of a large one a piece is out: it stays, what waits behind it goes.
    (void)one.send(now, Priority::bulk, filled(100'000, 'x'));
    const Bytes piece = written(one, frame_bytes_max);
    (void)one.send(now, Priority::bulk, filled(90'000, 'y'));
    (void)one.send(now, Priority::bulk, filled(90'000, 'z'));
    EXPECT_EQ(one.counters().dropped, 2U);
    (void)feed(two, piece);
    exchange();
    ASSERT_EQ(at_two.size(), 4U);
    EXPECT_EQ(at_two[2], std::string(100'000, 'x'));
    EXPECT_EQ(at_two[3], std::string(90'000, 'z'));
}

TEST_F(SessionTest, a_message_larger_than_its_queue_drops_nothing_else) {
    limit({.queue_bytes_max = {1000, 1000, 1000}});
    (void)one.send(now, Priority::bulk, text("a"));
    (void)one.send(now, Priority::bulk, filled(2000));
    connect();
    exchange();
    EXPECT_EQ(at_two, (Strings{"a"}));
}

TEST_F(SessionTest, tiny_messages_are_bounded_too) {
    for (unsigned i = 0; i < 300'000; ++i) (void)one.send(now, Priority::gossip, text(""));
    EXPECT_LE(one.counters().queued_bytes, limits.queue_bytes_max[1]);
    EXPECT_GT(one.counters().dropped, 100'000U);
}

TEST_F(SessionTest, the_window_holds_back_bulk_before_consensus) {
    Limits small;
    small.in_flight_bytes_max = 4 * frame_bytes_max;
    limit(small);
    connect();
    (void)one.send(now, Priority::bulk, filled(8 * fragment_bytes_max));
    EXPECT_EQ(written(one).size(), 3 * frame_bytes_max);
    EXPECT_TRUE(written(one).empty());
    (void)one.send(now, Priority::consensus, filled(8 * fragment_bytes_max));
    EXPECT_EQ(written(one).size(), frame_bytes_max);
    EXPECT_EQ(one.counters().in_flight_bytes, 4 * frame_bytes_max);
    EXPECT_EQ(one_hears(encoded(Ack{1})), Errc{"open"});
    EXPECT_EQ(written(one).size(), frame_bytes_max);
}

// Priorities.

TEST_F(SessionTest, consensus_goes_ahead_between_the_pieces_of_a_large_message) {
    connect();
    (void)one.send(now, Priority::bulk, filled(message_bytes_max));
    (void)one.send(now, Priority::gossip, text("gossip"));
    (void)feed(two, written(one, 64));
    EXPECT_EQ(at_two, (Strings{"gossip"}));
    (void)feed(two, written(one, 100'000));
    (void)one.send(now, Priority::consensus, text("vote"));
    (void)feed(two, written(one, 64));
    EXPECT_EQ(at_two, (Strings{"gossip", "vote"}));
    exchange();
    ASSERT_EQ(at_two.size(), 3U);
    EXPECT_EQ(at_two[2].size(), message_bytes_max);
}

TEST_F(SessionTest, a_write_is_bounded_but_never_starves) {
    connect();
    for (unsigned i = 0; i < 100; ++i) (void)one.send(now, Priority::gossip, filled(1000));
    EXPECT_LE(written(one, 5000).size(), 5000U);
    EXPECT_EQ(written(one, 1).size(), 1000 + frame_overhead_bytes);
}

// Deadlines.

TEST_F(SessionTest, an_acknowledgement_waits_for_company) {
    connect();
    (void)one.send(now, Priority::consensus, text("a"));
    (void)feed(two, written(one));
    EXPECT_TRUE(written(two).empty());
    EXPECT_EQ(two.deadline(), now + limits.ack_delay);
    (void)two.send(now, Priority::consensus, text("b"));
    (void)feed(one, written(two));
    EXPECT_EQ(one.counters().in_flight_bytes, 0U) << "it came with b";
    EXPECT_EQ(two.deadline(), now + limits.keepalive);

    now += limits.ack_delay;
    (void)one.tick(now);
    EXPECT_EQ(written(one), encoded(Ack{1}));
}

TEST_F(SessionTest, much_received_is_acknowledged_at_once) {
    connect();
    (void)one.send(now, Priority::bulk, filled(ack_at_once_bytes));
    (void)feed(two, written(one));
    EXPECT_FALSE(written(two).empty());
}

TEST_F(SessionTest, an_idle_link_keeps_itself_alive_and_a_silent_one_is_closed) {
    connect();
    EXPECT_EQ(one.deadline(), now + limits.keepalive);
    now += limits.keepalive;
    EXPECT_EQ(close_of(one.tick(now)), Errc{"open"});
    // Until there is room to write it, no further tick is asked for.
    EXPECT_EQ(one.deadline(), now - limits.keepalive + limits.silence_max);
    EXPECT_EQ(written(one), encoded(Keepalive{0}));
    EXPECT_EQ(one.deadline(), now + limits.keepalive);
    (void)feed(two, encoded(Keepalive{0}));
    now += limits.silence_max - limits.keepalive;
    EXPECT_EQ(close_of(one.tick(now)), errc::silent);
    EXPECT_FALSE(one.deadline());
    EXPECT_EQ(close_of(two.tick(now)), Errc{"open"}) << "it has heard side 1 since";
}

TEST_F(SessionTest, a_peer_that_never_greets_is_closed) {
    (void)one.connected(now);
    EXPECT_EQ(one.deadline(), now + limits.silence_max);
    now += limits.silence_max;
    EXPECT_EQ(close_of(one.tick(now)), errc::silent);
}

}  // namespace
}  // namespace holdfast::session
