// Everything that the methods share: the backend, the loop, what is cached, awaited and counted.
#pragma once

#include <list>
#include <memory>

#include "api/backend.h"
#include "api/block_cache.h"
#include "api/hub.h"
#include "api/loop.h"
#include "api/metrics.h"
#include "api/server.h"

namespace holdfast::api {

class Exchange;

/// Lives until the last callback that the backend still holds is gone; touches the backend only on
/// the loop's thread and on the workers, both of which end with the server.
class Service : public std::enable_shared_from_this<Service> {
  public:
    Service(ServerConfig config, Backend& backend, Logger logger,
            const std::shared_ptr<Loop>& loop);

    /// Begins to listen to the backend's blocks. Once.
    void start();
    /// Deadlines of everything; on the loop, every tick_interval.
    void tick();
    /// The loop has stopped: forgets whom it would have answered, or they and it would keep each
    /// other alive.
    void abandon();

    void post(std::function<void()> work) const;
    void dispatch(std::function<void()> work) const;
    [[nodiscard]] bool run(Work kind, std::function<void()> work) const;
    [[nodiscard]] Instant now() const;
    [[nodiscard]] size_t queued(Work kind) const;

    [[nodiscard]] const ServerConfig& config() const { return config_; }
    [[nodiscard]] Backend& backend() const { return backend_; }
    [[nodiscard]] BlockCache& blocks() { return blocks_; }
    [[nodiscard]] Hub& hub() { return hub_; }  ///< on the loop's thread only
    [[nodiscard]] Metrics& metrics() { return metrics_; }
    [[nodiscard]] const Logger& logger() const { return logger_; }
    [[nodiscard]] const chain::TxRules& tx_rules() const { return tx_rules_; }
    [[nodiscard]] const std::string& client_version() const { return client_version_; }

    /// Does anybody follow the pool? Read on any thread.
    [[nodiscard]] bool wants_pending() const { return hub_.pending_listeners() > 0; }

    /// Exchanges on their way, oldest first. On the loop's thread only.
    using Live = std::list<std::pair<Instant, std::shared_ptr<Exchange>>>;
    [[nodiscard]] Live& live() { return live_; }

  private:
    ServerConfig config_;
    Backend& backend_;
    Logger logger_;
    std::weak_ptr<Loop> loop_;
    BlockCache blocks_;
    Hub hub_;
    Metrics metrics_;
    chain::TxRules tx_rules_;
    std::string client_version_;
    Live live_;
};

inline constexpr Duration tick_interval = 20ms;

}  // namespace holdfast::api
