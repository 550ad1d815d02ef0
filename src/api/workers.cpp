// A few threads and two bounded queues.
#include "api/workers.h"

#include <pthread.h>

#include "base/check.h"

namespace holdfast::api {

Workers::Workers(size_t count) {
    CHECK(count >= 2, "reads must leave a worker to transactions");
    threads_.reserve(count);
    for (size_t i = 0; i < count; ++i) {
        threads_.emplace_back([this] { loop(); });
        ::pthread_setname_np(threads_.back().native_handle(), "api worker");
    }
}

Workers::~Workers() {
    stop();
}

bool Workers::run(Work kind, std::function<void()> work) {
    bool wake = false;
    {
        const std::scoped_lock lock(mutex_);
        if (stopping_ || queue(kind).size() >= worker_queue_max) return false;
        queue(kind).push_back(std::move(work));
        // Busy workers look again before they sleep; waking none of them saves a system call each.
        wake = idle_ > 0;
    }
    if (wake) wake_.notify_one();
    return true;
}

Workers::Queue* Workers::next() {
    Queue& recover = queue(Work::recover);
    Queue& read = queue(Work::read);
    const bool may_read = !read.empty() && reading_ + 1 < threads_.size();
    // A lone reader goes first, or a flood of transactions would starve every read.
    if (may_read && (recover.empty() || reading_ == 0)) return &read;
    return recover.empty() ? nullptr : &recover;
}

void Workers::loop() {
    std::unique_lock lock(mutex_);
    while (true) {
        Queue* from = next();
        if (stopping_) return;
        if (from == nullptr) {
            ++idle_;
            wake_.wait(lock);
            --idle_;
            continue;
        }
        std::function<void()> work = std::move(from->front());
        from->pop_front();
        const bool reads = from == &queue(Work::read);
        if (reads) ++reading_;
        lock.unlock();
        work();
        work = nullptr;
        lock.lock();
        if (reads) --reading_;
    }
}

void Workers::stop() {
    {
        const std::scoped_lock lock(mutex_);
        stopping_ = true;
    }
    wake_.notify_all();
    for (std::thread& thread : threads_)
        if (thread.joinable()) thread.join();
    std::array<Queue, 2> forgotten;
    const std::scoped_lock lock(mutex_);
    forgotten.swap(queues_);
}

size_t Workers::queued(Work kind) const {
    const std::scoped_lock lock(mutex_);
    return queues_[static_cast<size_t>(kind)].size();
}

}  // namespace holdfast::api
