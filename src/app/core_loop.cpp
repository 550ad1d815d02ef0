// The core thread's queue and the lanes beside it.
#include "app/core_loop.h"

#include <utility>

#include "base/check.h"

namespace holdfast::app {
namespace {

/// Events handled before the clock is looked at again: a flood of messages must not hold up a
/// heartbeat.
constexpr size_t events_between_ticks = 128;

}  // namespace

SystemClock::SystemClock() : start_(std::chrono::steady_clock::now()) {}

Instant SystemClock::now() const {
    return Instant(std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now() - start_));
}

WallMillis SystemClock::wall_millis() const {
    const auto since_epoch = std::chrono::system_clock::now().time_since_epoch();
    return static_cast<WallMillis>(
        std::chrono::duration_cast<std::chrono::milliseconds>(since_epoch).count());
}

// ------------------------------------------------------------------------------------- lanes

LaneThreads::LaneThreads(size_t threads, Post post) : post_(std::move(post)) {
    CHECK(threads > 0, "a lane without a thread never answers");
    for (size_t i = 0; i < threads; ++i) threads_.emplace_back([this] { work(); });
}

void LaneThreads::run(std::function<void()> work, std::function<void()> done) {
    {
        const std::lock_guard lock(mutex_);
        jobs_.push_back({.work = std::move(work), .done = std::move(done)});
        depth_.fetch_add(1, std::memory_order_relaxed);
    }
    // After the lock, or the thread that wakes would at once have to wait for it.
    wake_.notify_one();
}

void LaneThreads::work() {
    for (;;) {
        Job job;
        {
            std::unique_lock lock(mutex_);
            wake_.wait(lock, [this] { return stopping_ || !jobs_.empty(); });
            if (jobs_.empty()) return;
            job = std::move(jobs_.front());
            jobs_.pop_front();
        }
        job.work();
        job.work = nullptr;  // what it captured is let go here, not on the core thread
        depth_.fetch_sub(1, std::memory_order_relaxed);
        post_(std::move(job.done));
    }
}

void LaneThreads::stop() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
        wake_.notify_all();
    }
    for (std::thread& thread : threads_)
        if (thread.joinable()) thread.join();
}

// ------------------------------------------------------------------------------------- core

CoreLoop::CoreLoop(const env::Clock& clock, const Limits& limits)
    : clock_(clock),
      limits_{limits.messages_max, limits.calls_max, SIZE_MAX},
      journal_(1, [this](auto done) { post(Source::inner, std::move(done)); }),
      execute_(1, [this](auto done) { post(Source::inner, std::move(done)); }),
      verify_(limits.verify_threads, [this](auto done) { post(Source::inner, std::move(done)); }),
      bulk_(1, [this](auto done) { post(Source::inner, std::move(done)); }) {}

bool CoreLoop::post(Source source, std::function<void()> event) {
    const auto index = static_cast<size_t>(source);
    std::unique_lock lock(mutex_);
    if (stopping_ || waiting_[index].load(std::memory_order_relaxed) >= limits_[index]) {
        dropped_[index].fetch_add(1, std::memory_order_relaxed);
        return false;
    }
    waiting_[index].fetch_add(1, std::memory_order_relaxed);
    events_.push_back({.source = source, .run = std::move(event)});
    const bool was_empty = events_.size() == 1;
    lock.unlock();
    if (was_empty) wake_.notify_one();
    return true;
}

void CoreLoop::run(env::Lane lane, std::function<void()> work, std::function<void()> done) {
    switch (lane) {
        case env::Lane::journal:
            return journal_.run(std::move(work), std::move(done));
        case env::Lane::execute:
            return execute_.run(std::move(work), std::move(done));
        case env::Lane::verify:
            return verify_.run(std::move(work), std::move(done));
        case env::Lane::bulk:
            return bulk_.run(std::move(work), std::move(done));
    }
    CHECK(false, "a lane that does not exist");
}

std::deque<CoreLoop::Event> CoreLoop::take(std::optional<Instant> deadline) {
    std::unique_lock lock(mutex_);
    const auto ready = [this] { return stopping_ || !events_.empty(); };
    if (deadline) {
        const Instant now = clock_.now();
        if (*deadline > now) wake_.wait_for(lock, *deadline - now, ready);
    } else {
        wake_.wait(lock, ready);
    }
    if (stopping_) return {};
    return std::exchange(events_, {});
}

void CoreLoop::loop(const Driven& driven) {
    const auto tick_if_due = [&] {
        const auto deadline = driven.deadline();
        if (deadline && *deadline <= clock_.now()) driven.on_tick();
    };
    for (;;) {
        std::deque<Event> events = take(driven.deadline());
        size_t handled = 0;
        for (Event& event : events) {
            waiting_[static_cast<size_t>(event.source)].fetch_sub(1, std::memory_order_relaxed);
            event.run();
            event.run = nullptr;
            if (++handled % events_between_ticks == 0) tick_if_due();
        }
        tick_if_due();
        bool idle = false;
        {
            const std::lock_guard lock(mutex_);
            if (stopping_) return;
            idle = events_.empty();
        }
        if (idle) driven.on_idle();
    }
}

void CoreLoop::stop() {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    wake_.notify_all();
}

void CoreLoop::stop_lanes() {
    stop();
    for (LaneThreads* lane : {&verify_, &bulk_, &execute_, &journal_}) lane->stop();
    const std::lock_guard lock(mutex_);
    events_.clear();
}

std::vector<std::pair<std::string_view, uint64_t>> CoreLoop::depths() const {
    const auto waiting = [this](Source source) {
        return waiting_[static_cast<size_t>(source)].load(std::memory_order_relaxed);
    };
    return {{"core_messages", waiting(Source::message)},
            {"core_calls", waiting(Source::call)},
            {"core_inner", waiting(Source::inner)},
            {"lane_journal", journal_.depth()},
            {"lane_execute", execute_.depth()},
            {"lane_verify", verify_.depth()},
            {"lane_bulk", bulk_.depth()}};
}

}  // namespace holdfast::app
