// Who waits for what: receipts of transactions sent, subscriptions over WebSocket, filters that are
// polled. On the loop's thread only.
#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "api/block_cache.h"
#include "api/log_query.h"
#include "base/time.h"

namespace holdfast::api {

/// A WebSocket connection, as far as subscriptions know it.
class Subscriber {
  public:
    virtual ~Subscriber() = default;
    /// Queues one message. A subscriber that does not keep up is cut off, with a reason, but later:
    /// never calls back into the hub.
    virtual void push(std::shared_ptr<const std::string> message) = 0;

    size_t held = 0;  ///< subscriptions and filters; the hub counts
};

enum class Topic : uint8_t { new_heads, logs, pending_transactions };

/// Called once: with the receipt's JSON, or why there will be none.
using ReceiptWaiter = std::function<void(Answer)>;

inline constexpr Duration filter_idle_max = 5min;
inline constexpr size_t pending_ring_max = 16'384;
inline constexpr size_t receipt_waiters_max = 65'536;
/// Blocks that one poll of a block filter answers; the rest comes with the next.
inline constexpr uint64_t filter_poll_blocks_max = 1000;

struct Filter {
    Topic topic = Topic::new_heads;
    LogFilter logs;
    Height next_block;          ///< first not yet told
    uint64_t next_pending = 0;  ///< sequence number in the ring
    Instant used;
    std::weak_ptr<Subscriber> owner;
    bool owned = false;
};

class Hub {
  public:
    Hub(size_t filters_max, size_t held_max) : filters_max_(filters_max), held_max_(held_max) {}

    /// False: too many waiters.
    bool wait_for_receipt(const Hash32& hash, Instant deadline, ReceiptWaiter waiter);
    /// The transaction was refused: its newest waiter learns why.
    void refuse(const Hash32& hash, const RpcError& error);

    /// The subscription's id. Errors: too many.
    Answer subscribe(Topic topic, LogFilter logs, const std::shared_ptr<Subscriber>& subscriber);
    bool unsubscribe(const std::string& id, const Subscriber& subscriber);
    /// Everything of a connection that is gone.
    void drop(const Subscriber& subscriber);

    /// `owner` may be null. The filter's id. Errors: too many.
    Answer add_filter(Filter filter, const std::shared_ptr<Subscriber>& owner);
    /// Null if there is none, be it expired. Valid until the next call.
    Filter* filter(std::string_view id, Instant now);
    bool remove_filter(std::string_view id);
    /// Hashes since `from`, which moves on. What fell out of the ring is missed.
    std::vector<Hash32> pending_since(uint64_t& from) const;

    void on_block(const BlockPtr& executed);
    void on_pending(const Hash32& hash);
    void tick(Instant now);
    /// Forgets everybody, telling nobody.
    void abandon();

    /// Subscriptions and filters that follow the pool. On any thread.
    [[nodiscard]] size_t pending_listeners() const {
        return pending_listeners_.load(std::memory_order_relaxed);
    }
    [[nodiscard]] uint64_t pending_sequence() const { return pending_first_ + pending_.size(); }
    [[nodiscard]] size_t waiters() const { return waiters_.size(); }
    [[nodiscard]] size_t subscriptions() const { return subscriptions_.size(); }
    [[nodiscard]] size_t filters() const { return filters_.size(); }

  private:
    struct Waiter {
        ReceiptWaiter tell;
        std::multimap<Instant, Hash32>::iterator deadline;
    };
    struct Subscription {
        Topic topic;
        LogFilter logs;
        std::weak_ptr<Subscriber> subscriber;
        const Subscriber* key;
    };
    using Waiters = std::unordered_multimap<Hash32, Waiter>;

    void tell(const Hash32& hash, const Answer& answer);
    void push(const std::string& id, const Subscription& subscription, std::string_view result);
    void push_logs(const std::string& id, const Subscription& subscription,
                   const ledger::Executed& executed);
    void release(Filter& filter);
    void count_pending_listeners();
    void tell_overdue(Instant now);

    size_t filters_max_;
    size_t held_max_;
    Waiters waiters_;
    std::multimap<Instant, Hash32> deadlines_;
    std::map<std::string, Subscription> subscriptions_;
    std::map<std::string, Filter, std::less<>> filters_;
    std::deque<Hash32> pending_;
    uint64_t pending_first_ = 0;
    std::atomic<size_t> pending_listeners_{0};
    Instant next_sweep_;
};

}  // namespace holdfast::api
