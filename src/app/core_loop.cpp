// The core thread's queue and the lanes beside it.
#include "app/core_loop.h"

#include <utility>

#include <pthread.h>

#include "base/check.h"

namespace holdfast::app {
namespace {

/// Events handled before the clock is looked at again: a flood of messages must not hold up a
/// heartbeat.
constexpr size_t events_between_ticks = 128;
/// Events that a thread with work of its own handles before it hands over.
constexpr size_t events_of_a_guest = 16;
/// Sleeping without a deadline: until woken.
constexpr Instant never = Instant::max();

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

LaneThreads::LaneThreads(const char* name, size_t threads, Post post) : post_(std::move(post)) {
    CHECK(threads > 0, "a lane without a thread never answers");
    for (size_t i = 0; i < threads; ++i) {
        threads_.emplace_back([this] { work(); });
        ::pthread_setname_np(threads_.back().native_handle(), name);
    }
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
      journal_("journal", 1, [this](auto done) { post(Source::inner, std::move(done)); }),
      execute_("execute", 1, [this](auto done) { post(Source::inner, std::move(done)); }),
      verify_("verify", limits.verify_threads,
              [this](auto done) { post(Source::inner, std::move(done)); }),
      bulk_("bulk", 1, [this](auto done) { post(Source::inner, std::move(done)); }) {}

bool CoreLoop::post(Source source, std::function<void()> event) {
    const auto index = static_cast<size_t>(source);
    Lock lock(mutex_);
    if (stopping_ || waiting_[index].load(std::memory_order_relaxed) >= limits_[index]) {
        dropped_[index].fetch_add(1, std::memory_order_relaxed);
        return false;
    }
    waiting_[index].fetch_add(1, std::memory_order_relaxed);
    events_.push_back({.source = source, .run = std::move(event)});
    if (driven_ == nullptr || handling_) return true;
    handle(lock, events_of_a_guest);
    const Instant due = events_.empty() ? deadline_.value_or(never) : Instant{};
    if (stopping_ || (asleep_until_ && due < *asleep_until_)) {
        asleep_until_.reset();
        lock.unlock();
        wake_.notify_one();
    }
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

void CoreLoop::tick_if_due() const {
    const auto deadline = driven_->deadline();
    if (deadline && *deadline <= clock_.now()) driven_->on_tick();
}

void CoreLoop::handle(Lock& lock, size_t events_max) {
    handling_ = true;
    for (size_t handled = 0; !stopping_ && handled < events_max;) {
        batch_.swap(events_);
        lock.unlock();
        for (Event& event : batch_) {
            waiting_[static_cast<size_t>(event.source)].fetch_sub(1, std::memory_order_relaxed);
            event.run();
            event.run = nullptr;
            if (++handled % events_between_ticks == 0) tick_if_due();
        }
        batch_.clear();
        tick_if_due();
        lock.lock();
        if (stopping_ || !events_.empty()) continue;
        lock.unlock();
        driven_->on_idle();
        const auto deadline = driven_->deadline();
        lock.lock();
        deadline_ = deadline;
        if (events_.empty()) break;
    }
    handling_ = false;
}

void CoreLoop::wait(Lock& lock) {
    while (handling_ || !stopping_) {
        // Whoever handles events now looks afterwards at how long this thread means to sleep.
        const Instant until = handling_ ? never : deadline_.value_or(never);
        if (!handling_ && (!events_.empty() || until <= clock_.now())) return;
        asleep_until_ = until;
        if (until == never)
            wake_.wait(lock);
        else
            wake_.wait_for(lock, until - clock_.now());
        asleep_until_.reset();
    }
}

void CoreLoop::loop(const Driven& driven) {
    Lock lock(mutex_);
    driven_ = &driven;
    deadline_ = clock_.now();
    while (!stopping_ || handling_) {
        wait(lock);
        if (!stopping_) handle(lock, SIZE_MAX);
    }
    driven_ = nullptr;
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
