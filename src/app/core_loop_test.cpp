// The core thread and its lanes: order, bounds, deadlines, and an end that nothing outlives.
#include "app/core_loop.h"

#include <algorithm>
#include <atomic>
#include <future>
#include <thread>

#include <gtest/gtest.h>

namespace holdfast::app {
namespace {

CoreLoop::Driven idle() {
    return {.on_tick = [] {}, .on_idle = [] {}, .deadline = [] { return std::nullopt; }};
}

TEST(CoreLoop, HandlesEventsInOrderOnOneThread) {
    const SystemClock clock;
    CoreLoop core(clock, {});
    std::vector<int> seen;
    for (int i = 0; i < 1000; ++i) core.post(Source::message, [&seen, i] { seen.push_back(i); });
    core.post(Source::inner, [&core] { core.stop(); });
    core.loop(idle());
    ASSERT_EQ(seen.size(), 1000U);
    EXPECT_TRUE(std::ranges::is_sorted(seen));
}

TEST(CoreLoop, DropsBeyondItsBoundsAndCounts) {
    const SystemClock clock;
    CoreLoop core(clock, {.messages_max = 2, .calls_max = 1});
    EXPECT_TRUE(core.post(Source::message, [] {}));
    EXPECT_TRUE(core.post(Source::message, [] {}));
    EXPECT_FALSE(core.post(Source::message, [] {}));
    EXPECT_TRUE(core.post(Source::call, [] {}));
    EXPECT_FALSE(core.post(Source::call, [] {}));
    EXPECT_TRUE(core.post(Source::inner, [] {})) << "a flood of peers never starves our own lanes";
    EXPECT_EQ(core.dropped(Source::message), 1U);
    EXPECT_EQ(core.dropped(Source::call), 1U);
}

TEST(CoreLoop, LanesKeepTheirOrderAndComeBackOneAtATime) {
    const SystemClock clock;
    CoreLoop core(clock, {.verify_threads = 2});
    std::vector<int> worked, done;
    std::atomic<int> inside = 0;
    for (int i = 0; i < 100; ++i)
        core.run(
            env::Lane::journal, [&worked, i] { worked.push_back(i); },
            [&, i] {
                EXPECT_EQ(++inside, 1);
                done.push_back(i);
                --inside;
                if (i == 99) core.stop();
            });
    core.loop(idle());
    core.stop_lanes();
    EXPECT_TRUE(std::ranges::is_sorted(worked));
    EXPECT_TRUE(std::ranges::is_sorted(done));
    EXPECT_EQ(done.size(), 100U);
}

TEST(CoreLoop, EventsOfManyThreadsNeverMeet) {
    const SystemClock clock;
    CoreLoop core(clock, {.messages_max = 100'000});
    constexpr int threads_count = 4, events_count = 5000;
    int handled = 0, ticks = 0;  // not atomic: that is the point
    std::optional<Instant> deadline;
    std::vector<std::thread> threads;
    for (int thread = 0; thread < threads_count; ++thread)
        threads.emplace_back([&] {
            for (int i = 0; i < events_count; ++i)
                core.post(Source::message, [&] {
                    ++handled;
                    deadline = clock.now();
                    if (handled == threads_count * events_count) core.stop();
                });
        });
    core.loop({.on_tick =
                   [&] {
                       ++ticks;
                       deadline.reset();
                   },
               .on_idle = [] {},
               .deadline = [&] { return deadline; }});
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(handled, threads_count * events_count);
    EXPECT_GT(ticks, 0);
}

TEST(CoreLoop, ADeadlineSetByAGuestWakesTheLoop) {
    const SystemClock clock;
    CoreLoop core(clock, {});
    std::optional<Instant> deadline;
    std::thread guest([&] {
        // Every event is a chance to come while the loop's thread sleeps without a deadline.
        for (int i = 0; i < 20; ++i) core.post(Source::call, [&] { deadline = clock.now() + 1ms; });
    });
    int ticks = 0;
    core.loop({.on_tick =
                   [&] {
                       deadline.reset();
                       if (++ticks == 1) core.stop();
                   },
               .on_idle = [] {},
               .deadline = [&] { return deadline; }});
    guest.join();
    EXPECT_EQ(ticks, 1);
}

TEST(CoreLoop, TicksAtTheDeadlineEvenInAFlood) {
    const SystemClock clock;
    CoreLoop core(clock, {.messages_max = 100'000});
    const Instant start = clock.now();
    std::optional<Instant> deadline = start + 5ms;
    // Every event posts the next, so the queue is never empty.
    std::function<void()> more = [&] { core.post(Source::message, more); };
    more();
    int ticks = 0;
    core.loop({.on_tick =
                   [&] {
                       EXPECT_GE(clock.now(), start + 5ms);
                       ++ticks;
                       deadline.reset();
                       core.stop();
                   },
               .on_idle = [] {},
               .deadline = [&] { return deadline; }});
    EXPECT_EQ(ticks, 1);
}

TEST(CoreLoop, IsIdleOnlyWhenNothingWaits) {
    const SystemClock clock;
    CoreLoop core(clock, {});
    int handled = 0, handled_when_idle = -1;
    core.post(Source::message, [&] {
        ++handled;
        core.post(Source::message, [&] { ++handled; });
    });
    core.loop({.on_tick = [] {},
               .on_idle =
                   [&] {
                       handled_when_idle = handled;
                       core.post(Source::inner, [] {});  // must not dead-lock
                       core.stop();
                   },
               .deadline = [] { return std::nullopt; }});
    EXPECT_EQ(handled_when_idle, 2);
}

TEST(CoreLoop, FinishesJournalWorkButCallsNobodyBackAfterTheEnd) {
    const SystemClock clock;
    bool written = false, called = false;
    {
        CoreLoop core(clock, {});
        std::promise<void> begun;
        core.run(env::Lane::journal, [&] { begun.set_value(); }, [] {});
        core.run(env::Lane::journal, [&] { written = true; }, [&] { called = true; });
        begun.get_future().wait();
        core.stop();
        core.loop(idle());
        core.stop_lanes();
    }
    EXPECT_TRUE(written);
    EXPECT_FALSE(called);
}

TEST(CoreLoop, DepthsAreNamed) {
    const SystemClock clock;
    CoreLoop core(clock, {});
    core.post(Source::message, [] {});
    const auto depths = core.depths();
    const auto found =
        std::ranges::find(depths, "core_messages", &std::pair<std::string_view, uint64_t>::first);
    ASSERT_NE(found, depths.end());
    EXPECT_EQ(found->second, 1U);
}

}  // namespace
}  // namespace holdfast::app
