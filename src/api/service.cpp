// Everything that the methods share.
#include "api/service.h"

#include "api/rpc.h"

namespace holdfast::api {

Service::Service(ServerConfig config, Backend& backend, Logger logger,
                 const std::shared_ptr<Loop>& loop)
    : config_(std::move(config)),
      backend_(backend),
      logger_(std::move(logger)),
      loop_(loop),
      hub_(config_.filters_max, config_.subscriptions_max),
      tx_rules_(backend.genesis().tx_rules()),
      client_version_(
          fmt::format("Holdfast/v0.1.0/{}/cpp23", chain::to_string(backend.genesis().engine))) {}

void Service::start() {
    // The listener outlives us: the backend keeps it for good.
    backend_.subscribe([weak = weak_from_this()](std::shared_ptr<const ledger::Executed> executed) {
        const auto self = weak.lock();
        if (self == nullptr) return;
        self->post([weak, executed = std::move(executed)] {
            const auto service = weak.lock();
            if (service == nullptr) return;
            service->blocks_.add(executed);
            service->hub_.on_block(executed);
        });
    });
}

void Service::tick() {
    const Instant now_is = now();
    hub_.tick(now_is);
    while (!live_.empty() && live_.front().first <= now_is) {
        // Expiring answers the exchange, which takes itself off the list.
        const auto exchange = live_.front().second;
        exchange->expire();
        // Unless a worker holds its last answer at this instant: then that worker finishes it.
        if (!live_.empty() && live_.front().second == exchange) break;
    }
}

void Service::abandon() {
    // Taken out first: what is destroyed here may look at the lists.
    const Live abandoned = std::move(live_);
    live_.clear();
    for (const auto& [deadline, exchange] : abandoned) exchange->abandon();
    hub_.abandon();
}

void Service::post(std::function<void()> work) const {
    if (const auto loop = loop_.lock()) loop->post(std::move(work));
}

void Service::dispatch(std::function<void()> work) const {
    if (const auto loop = loop_.lock()) loop->dispatch(std::move(work));
}

bool Service::run(Work kind, std::function<void()> work) const {
    const auto loop = loop_.lock();
    return loop != nullptr && loop->run(kind, std::move(work));
}

Instant Service::now() const {
    const auto loop = loop_.lock();
    return loop == nullptr ? Instant{} : loop->now();
}

size_t Service::queued(Work kind) const {
    const auto loop = loop_.lock();
    return loop == nullptr ? 0 : loop->queued(kind);
}

}  // namespace holdfast::api
