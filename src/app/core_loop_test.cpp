// The core thread and its lanes: order, bounds, deadlines, and an end that nothing outlives.
#include "app/core_loop.h"

#include <algorithm>
#include <future>

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

TEST(CoreLoop, LanesKeepTheirOrderAndComeBackToTheCoreThread) {
    const SystemClock clock;
    CoreLoop core(clock, {.verify_threads = 2});
    const auto core_thread = std::this_thread::get_id();
    std::vector<int> worked, done;
    for (int i = 0; i < 100; ++i)
        core.run(
            env::Lane::journal,
            [&worked, i, core_thread] {
                EXPECT_NE(std::this_thread::get_id(), core_thread);
                worked.push_back(i);
            },
            [&, i] {
                EXPECT_EQ(std::this_thread::get_id(), core_thread);
                done.push_back(i);
                if (i == 99) core.stop();
            });
    core.loop(idle());
    core.stop_lanes();
    EXPECT_TRUE(std::ranges::is_sorted(worked));
    EXPECT_TRUE(std::ranges::is_sorted(done));
    EXPECT_EQ(done.size(), 100U);
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
