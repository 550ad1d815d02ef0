// Two sessions over connections that die at random byte positions: everything arrives, in order,
// once, and what is lost is lost only to a restart.
#include <map>

#include <gtest/gtest.h>

#include "base/codec.h"
#include "base/random.h"
#include "session/session.h"

namespace holdfast::session {
namespace {

constexpr size_t index_of(env::Priority priority) {
    return static_cast<size_t>(priority);
}

/// A message says its sender's incarnation, its number in its priority, and then nothing of
/// interest.
Buffer numbered(uint64_t incarnation, uint64_t number, size_t size) {
    Writer out;
    out.u64(incarnation);
    out.u64(number);
    Bytes bytes = out.take();
    for (size_t i = bytes.size(); i < size; ++i)
        bytes.push_back(static_cast<uint8_t>(number * 31 + i * 7));
    return make_buffer(std::move(bytes));
}

struct Side {
    Identity identity;
    NodeId peer;
    Limits limits;
    std::unique_ptr<Session> session;
    Bytes outgoing;  ///< on the connection, not yet arrived
    std::array<uint64_t, env::priority_count> sent{};
    /// By the sender's incarnation and the priority: the last number received. A message's priority
    /// is told by its number: number * 3 + priority.
    std::map<uint64_t, std::array<uint64_t, env::priority_count>> last;
    uint64_t received = 0;

    void restart(uint64_t incarnation) {
        identity.incarnation = incarnation;
        session = std::make_unique<Session>(identity, peer, limits);
        sent = {};
        last.clear();
        outgoing.clear();
    }
};

class Model {
  public:
    explicit Model(uint64_t seed) : random_(seed) {
        for (size_t i = 0; i < 2; ++i) {
            Side& side = sides_[i];
            side.identity.self = NodeId(i + 1);
            side.peer = NodeId(2 - i);
            side.limits.queue_bytes_max = {64 << 20, 64 << 20, 64 << 20};
            side.limits.in_flight_bytes_max = random_.chance(1, 3) ? 100'000 : 16 << 20;
            side.restart(random_.next());
        }
    }

    void run(unsigned steps, bool restarts) {
        for (unsigned i = 0; i < steps && !::testing::Test::HasFailure(); ++i) {
            now_ += Duration(static_cast<Duration::rep>(random_.below(3000)));
            step(restarts);
        }
        settle();
    }

    void expect_everything_arrived() {
        for (size_t i = 0; i < 2; ++i) {
            const Side& from = sides_[i];
            Side& to = sides_[1 - i];
            EXPECT_EQ(to.last[from.identity.incarnation], from.sent);
            EXPECT_EQ(from.session->counters().queued_bytes, 0U);
            EXPECT_EQ(from.session->counters().in_flight_bytes, 0U);
            EXPECT_EQ(from.session->counters().dropped, 0U);
            EXPECT_EQ(from.session->counters().repeated, 0U);
        }
    }
    /// After restarts: whatever arrived was in order and once, and what was sent since both are in
    /// their last incarnation and connected arrives.
    void expect_later_messages_arrive() {
        const std::array<uint64_t, 2> before{sides_[0].received, sides_[1].received};
        for (unsigned i = 0; i < 20; ++i)
            for (Side& side : sides_) send(side, random_.below(40'000));
        settle();
        EXPECT_EQ(sides_[0].received, before[0] + 20);
        EXPECT_EQ(sides_[1].received, before[1] + 20);
    }

  private:
    void step(bool restarts) {
        Side& side = sides_[random_.below(2)];
        switch (random_.below(12)) {
            case 0:
            case 1:
            case 2:
                // Mostly small, sometimes of several fragments, sometimes empty but for its number.
                send(side, random_.chance(1, 8) ? random_.below(200'000) : random_.below(300));
                break;
            case 3:
                cut();
                break;
            case 4:
                if (!connected_) connect();
                break;
            case 5:
                apply(side, side.session->tick(now_));
                break;
            case 6:
                if (restarts && random_.chance(1, 10)) {
                    cut();
                    side.restart(random_.next());
                }
                break;
            default:
                if (random_.chance(1, 2)) pump(side);
                // Sometimes less than a hello, so that one side knows the other and not the
                // reverse.
                if (random_.chance(1, 2))
                    deliver(side, random_.below(random_.chance(1, 2) ? 120 : 70'000));
        }
    }

    void send(Side& side, size_t size) {
        const auto priority = static_cast<env::Priority>(random_.below(env::priority_count));
        uint64_t& count = side.sent[index_of(priority)];
        ++count;
        apply(side,
              side.session->send(now_, priority,
                                 numbered(side.identity.incarnation,
                                          count * env::priority_count + index_of(priority), size)));
    }

    void pump(Side& side) {
        if (!connected_) return;
        apply(side, side.session->writable(now_, random_.between(1, 100'000)));
    }

    void connect() {
        connected_ = true;
        for (Side& side : sides_) {
            side.outgoing.clear();
            apply(side, side.session->connected(now_));
        }
    }

    /// Some of what is on the way still arrives, up to any byte, and the ends hear of it at
    /// different times.
    void cut() {
        if (!connected_) return;
        for (Side& side : sides_)
            if (random_.chance(1, 2)) deliver(side, random_.below(side.outgoing.size() + 1));
        connected_ = false;
        for (Side& side : sides_) {
            side.outgoing.clear();
            if (random_.chance(1, 2)) side.session->disconnected();
        }
    }

    void deliver(Side& from, size_t bytes) {
        Side& to = from.identity.self == sides_[0].identity.self ? sides_[1] : sides_[0];
        Bytes arriving(from.outgoing.begin(),
                       from.outgoing.begin() +
                           static_cast<std::ptrdiff_t>(std::min(bytes, from.outgoing.size())));
        from.outgoing.erase(from.outgoing.begin(),
                            from.outgoing.begin() + static_cast<std::ptrdiff_t>(arriving.size()));
        ByteView left = arriving;
        while (!left.empty()) {
            const size_t piece = random_.between(1, left.size());
            apply(to, to.session->received(now_, left.first(piece)));
            left = left.subspan(piece);
        }
    }

    void apply(Side& side, const Output& output) {
        for (const Buffer& frames : output.frames)
            if (connected_) append(side.outgoing, *frames);
        for (const Buffer& message : output.messages) take(side, *message);
        if (!output.close) return;
        // Only silence ends a connection between honest sides.
        EXPECT_EQ(output.close->code, errc::silent) << describe(*output.close);
        connected_ = false;
    }

    void take(Side& side, const Bytes& message) {
        Reader in(message);
        const uint64_t incarnation = in.u64();
        const uint64_t number = in.u64();
        ASSERT_EQ(message, *numbered(incarnation, number, message.size()));
        uint64_t& last = side.last[incarnation][number % env::priority_count];
        const uint64_t count = number / env::priority_count;
        if (incarnation == first_incarnation(side))
            EXPECT_EQ(count, last + 1);  // nothing skipped
        else
            EXPECT_GT(count, last);  // nothing twice, nothing out of order
        last = count;
        ++side.received;
    }

    /// The sender has never restarted, and neither have we: nothing may be skipped.
    uint64_t first_incarnation(const Side& side) const {
        const Side& from = side.identity.self == sides_[0].identity.self ? sides_[1] : sides_[0];
        return restarts_seen_ ? 0 : from.identity.incarnation;
    }

    /// Time passes and bytes move until all is delivered and acknowledged.
    void settle() {
        const auto busy = [](const Side& side) {
            return !side.outgoing.empty() || side.session->counters().queued_bytes > 0;
        };
        for (unsigned round = 0; round < 3000; ++round) {
            if (connected_ && round > 3 && !std::ranges::any_of(sides_, busy)) return;
            now_ += Duration{25'000};
            if (!connected_) connect();
            for (Side& side : sides_) {
                apply(side, side.session->tick(now_));
                pump(side);
                deliver(side, side.outgoing.size());
            }
        }
    }

  public:
    void allow_skips() { restarts_seen_ = true; }

  private:
    Random random_;
    std::array<Side, 2> sides_;
    bool connected_ = false;
    bool restarts_seen_ = false;
    Instant now_{};
};

TEST(SessionModel, nothing_is_lost_repeated_or_reordered_over_broken_connections) {
    for (uint64_t seed = 1; seed <= 200 && !::testing::Test::HasFailure(); ++seed) {
        SCOPED_TRACE(seed);
        Model model(seed);
        model.run(static_cast<unsigned>(seed), false);
        model.expect_everything_arrived();
    }
}

TEST(SessionModel, restarts_lose_but_never_repeat_and_the_link_recovers) {
    for (uint64_t seed = 1; seed <= 200 && !::testing::Test::HasFailure(); ++seed) {
        SCOPED_TRACE(seed);
        Model model(seed);
        model.allow_skips();
        model.run(static_cast<unsigned>(seed), true);
        model.expect_later_messages_arrive();
    }
}

}  // namespace
}  // namespace holdfast::session
