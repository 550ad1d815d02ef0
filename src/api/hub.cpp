// Who waits for what.
#include "api/hub.h"

#include <algorithm>

#include "api/eth_values.h"
#include "api/json.h"
#include "crypto/ed25519.h"

namespace holdfast::api {

namespace {

constexpr Duration filter_sweep_interval = 1s;

/// Not to be guessed: over HTTP the id is all that tells one client's filter from another's.
std::string new_id() {
    std::array<uint8_t, 16> bytes{};
    crypto::random_bytes(bytes);
    return to_hex0x(bytes);
}

std::unexpected<RpcError> too_many(std::string_view what, size_t limit) {
    return rpc_fail(rpc_code::limit_exceeded, fmt::format("too many {} (limit {})", what, limit));
}

}  // namespace

bool Hub::wait_for_receipt(const Hash32& hash, Instant deadline, ReceiptWaiter waiter) {
    if (waiters_.size() >= receipt_waiters_max) return false;
    const auto at = deadlines_.emplace(deadline, hash);
    waiters_.emplace(hash, Waiter{std::move(waiter), at});
    return true;
}

void Hub::tell(const Hash32& hash, const Answer& answer) {
    auto [first, last] = waiters_.equal_range(hash);
    std::vector<ReceiptWaiter> told;
    for (auto it = first; it != last; ++it) {
        deadlines_.erase(it->second.deadline);
        told.push_back(std::move(it->second.tell));
    }
    waiters_.erase(first, last);
    for (const ReceiptWaiter& waiter : told) waiter(answer);
}

void Hub::refuse(const Hash32& hash, const RpcError& error) {
    tell(hash, std::unexpected(error));
}

Answer Hub::subscribe(Topic topic, LogFilter logs, const std::shared_ptr<Subscriber>& subscriber) {
    if (subscriber->held >= held_max_) return too_many("subscriptions", held_max_);
    std::string id = new_id();
    subscriptions_.emplace(id, Subscription{topic, std::move(logs), subscriber, subscriber.get()});
    ++subscriber->held;
    count_pending_listeners();
    return json_text(id);
}

bool Hub::unsubscribe(const std::string& id, const Subscriber& subscriber) {
    const auto found = subscriptions_.find(id);
    if (found == subscriptions_.end() || found->second.key != &subscriber) return false;
    if (const auto holder = found->second.subscriber.lock()) --holder->held;
    subscriptions_.erase(found);
    count_pending_listeners();
    return true;
}

void Hub::drop(const Subscriber& subscriber) {
    std::erase_if(subscriptions_,
                  [&](const auto& entry) { return entry.second.key == &subscriber; });
    std::erase_if(filters_, [&](const auto& entry) {
        return entry.second.owned && entry.second.owner.lock().get() == &subscriber;
    });
    count_pending_listeners();
}

Answer Hub::add_filter(Filter filter, const std::shared_ptr<Subscriber>& owner) {
    if (filters_.size() >= filters_max_) return too_many("filters", filters_max_);
    if (owner != nullptr) {
        if (owner->held >= held_max_) return too_many("filters of one connection", held_max_);
        ++owner->held;
        filter.owner = owner;
        filter.owned = true;
    }
    std::string id = new_id();
    std::string answer = json_text(id);
    filters_.emplace(std::move(id), std::move(filter));
    count_pending_listeners();
    return answer;
}

Filter* Hub::filter(std::string_view id, Instant now) {
    const auto found = filters_.find(id);
    if (found == filters_.end()) return nullptr;
    found->second.used = now;
    return &found->second;
}

void Hub::release(Filter& filter) {
    if (const auto owner = filter.owner.lock()) --owner->held;
}

bool Hub::remove_filter(std::string_view id) {
    const auto found = filters_.find(id);
    if (found == filters_.end()) return false;
    release(found->second);
    filters_.erase(found);
    count_pending_listeners();
    return true;
}

std::vector<Hash32> Hub::pending_since(uint64_t& from) const {
    const uint64_t first = std::max(from, pending_first_);
    from = pending_sequence();
    if (first >= from) return {};
    return {pending_.begin() + static_cast<std::ptrdiff_t>(first - pending_first_), pending_.end()};
}

void Hub::push(const std::string& id, const Subscription& subscription, std::string_view result) {
    const auto subscriber = subscription.subscriber.lock();
    if (subscriber == nullptr) return;
    JsonOut out(result.size() + 128);
    out.object().key("jsonrpc").text("2.0").key("method").text("eth_subscription");
    out.key("params").object().key("subscription").text(id);
    out.key("result").raw(result).end_object().end_object();
    subscriber->push(std::make_shared<const std::string>(out.take()));
}

void Hub::push_logs(const std::string& id, const Subscription& subscription,
                    const ledger::Executed& executed) {
    if (!subscription.logs.may_match(executed.block.header.logs_bloom)) return;
    size_t log_index = 0;
    for (size_t i = 0; i < executed.receipts.size(); ++i) {
        for (const chain::Log& log : executed.receipts[i].logs) {
            if (subscription.logs.matches(log)) {
                JsonOut out;
                write_log(out, log, executed.block, i, log_index);
                push(id, subscription, out.take());
            }
            ++log_index;
        }
    }
}

void Hub::on_block(const BlockPtr& executed) {
    if (!waiters_.empty()) {
        size_t log_index = 0;
        for (size_t i = 0; i < executed->receipts.size(); ++i) {
            const Hash32& hash = executed->block.transactions[i]->hash;
            if (waiters_.contains(hash)) {
                JsonOut out(1536);
                write_receipt(out, *executed, i, log_index);
                tell(hash, out.take());
            }
            log_index += executed->receipts[i].logs.size();
        }
        for (const ledger::LeftOut& left_out : executed->left_out)
            if (!left_out.may_fit_later)
                tell(left_out.transaction->hash, rpc_fail(left_out.reason));
    }

    std::string head;
    for (const auto& [id, subscription] : subscriptions_) {
        if (subscription.topic == Topic::logs) push_logs(id, subscription, *executed);
        if (subscription.topic != Topic::new_heads) continue;
        if (head.empty()) {
            JsonOut out(2048);
            out.object();
            write_header_fields(out, executed->block.header, executed->block.hash);
            head = out.end_object().take();
        }
        push(id, subscription, head);
    }
}

void Hub::on_pending(const Hash32& hash) {
    pending_.push_back(hash);
    if (pending_.size() > pending_ring_max) {
        pending_.pop_front();
        ++pending_first_;
    }
    for (const auto& [id, subscription] : subscriptions_)
        if (subscription.topic == Topic::pending_transactions)
            push(id, subscription, json_data(hash.view()));
}

// At most a few thousand of each, and they come and go far less often than transactions do.
void Hub::count_pending_listeners() {
    const auto follows = [](const auto& entry) {
        return entry.second.topic == Topic::pending_transactions;
    };
    pending_listeners_ = static_cast<size_t>(std::ranges::count_if(subscriptions_, follows) +
                                             std::ranges::count_if(filters_, follows));
}

void Hub::tell_overdue(Instant now) {
    while (!deadlines_.empty() && deadlines_.begin()->first <= now) {
        const Hash32 hash = deadlines_.begin()->second;
        const auto [first, last] = waiters_.equal_range(hash);
        for (auto it = first; it != last; ++it) {
            if (it->second.deadline != deadlines_.begin()) continue;
            const ReceiptWaiter waiter = std::move(it->second.tell);
            waiters_.erase(it);
            deadlines_.erase(deadlines_.begin());
            // [EIP-7966] the data of this error is the transaction's hash.
            waiter(rpc_fail(rpc_code::sync_timeout,
                            "The transaction was added to the mempool but wasn't processed within "
                            "the designated timeout.",
                            json_data(hash.view())));
            break;
        }
    }
}

void Hub::abandon() {
    const Waiters waiters = std::move(waiters_);
    waiters_.clear();
    deadlines_.clear();
    subscriptions_.clear();
    filters_.clear();
}

void Hub::tick(Instant now) {
    tell_overdue(now);
    if (now < next_sweep_) return;
    next_sweep_ = now + filter_sweep_interval;
    for (auto it = filters_.begin(); it != filters_.end();) {
        if (now - it->second.used > filter_idle_max) {
            release(it->second);
            it = filters_.erase(it);
        } else {
            ++it;
        }
    }
    count_pending_listeners();
}

}  // namespace holdfast::api
