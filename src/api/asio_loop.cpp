// The loop of a real server.
#include "api/asio_loop.h"

#include <boost/asio/dispatch.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <pthread.h>

namespace holdfast::api {

namespace asio = boost::asio;

AsioLoop::AsioLoop(size_t workers) : workers_(workers) {}

AsioLoop::~AsioLoop() {
    stop();
}

void AsioLoop::start() {
    thread_ = std::thread([this] {
        const auto guard = asio::make_work_guard(context_);
        context_.run();
    });
    ::pthread_setname_np(thread_.native_handle(), "api");
}

void AsioLoop::stop() {
    stopped_ = true;
    context_.stop();
    if (thread_.joinable()) thread_.join();
    workers_.stop();
}

void AsioLoop::post(std::function<void()> work) {
    if (!stopped_) asio::post(context_, std::move(work));
}

void AsioLoop::dispatch(std::function<void()> work) {
    if (!stopped_) asio::dispatch(context_, std::move(work));
}

bool AsioLoop::run(Work kind, std::function<void()> work) {
    return workers_.run(kind, std::move(work));
}

Instant AsioLoop::now() const {
    return Instant(
        std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now().time_since_epoch()));
}

size_t AsioLoop::queued(Work kind) const {
    return workers_.queued(kind);
}

}  // namespace holdfast::api
