// The loop of a real server: one thread of Asio for sockets, and the workers.
#pragma once

#include <atomic>
#include <thread>

#include <boost/asio/io_context.hpp>

#include "api/loop.h"
#include "api/workers.h"

namespace holdfast::api {

/// Handlers waiting inside hold sessions, which hold the service, which knows the loop weakly: so
/// the one strong owner is the server, and nothing is kept alive by what it keeps.
class AsioLoop : public Loop {
  public:
    explicit AsioLoop(size_t workers);
    ~AsioLoop() override;
    AsioLoop(const AsioLoop&) = delete;
    AsioLoop& operator=(const AsioLoop&) = delete;

    void start();
    /// Ends the threads; nothing runs after it returns.
    void stop();

    void post(std::function<void()> work) override;
    void dispatch(std::function<void()> work) override;
    [[nodiscard]] bool run(Work kind, std::function<void()> work) override;
    [[nodiscard]] Instant now() const override;
    [[nodiscard]] size_t queued(Work kind) const override;

    [[nodiscard]] boost::asio::io_context& context() { return context_; }

  private:
    boost::asio::io_context context_{1};
    Workers workers_;
    std::atomic<bool> stopped_{false};
    std::thread thread_;
};

}  // namespace holdfast::api
