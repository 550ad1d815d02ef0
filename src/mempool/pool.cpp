// Bookkeeping: entries in and out, and the indexes that follow them.
#include "mempool/pool.h"

#include "base/check.h"

namespace holdfast::mempool {

bool Worth::below(const Worth& other) const {
    if (ready != other.ready) return !ready;
    if (const auto order = tip <=> other.tip; order != 0) return order < 0;
    if (const auto order = cap <=> other.cap; order != 0) return order < 0;
    return senders_count > other.senders_count;
}

void Mempool::Impl::remember(const Hash32& hash, const Error& reason) {
    if (dropped.insert_or_assign(hash, reason).second) dropped_order.push_back(hash);
    if (dropped_order.size() > dropped_max) {
        dropped.erase(dropped_order.front());
        dropped_order.pop_front();
    }
}

void Mempool::Impl::remove(Sender& sender, uint64_t nonce, const std::optional<Error>& reason) {
    const auto place = sender.entries.find(nonce);
    CHECK(place != sender.entries.end(), "only what is pooled is removed");
    const Entry& entry = place->second;
    const Hash32 hash = entry.transaction->hash;
    bytes -= entry.bytes();
    sender.total_cost -= entry.cost;
    by_hash.erase(hash);
    sender.entries.erase(place);
    if (nonce >= sender.nonce && nonce - sender.nonce < sender.ready)
        count_ready(sender, nonce - sender.nonce);
    if (reason) remember(hash, *reason);
}

// `ready_at_least` entries from the account's nonce on are known to be there; finds how many more.
void Mempool::Impl::count_ready(Sender& sender, uint64_t ready_at_least) {
    uint64_t count = ready_at_least;
    for (auto next = sender.entries.find(sender.nonce + count);
         next != sender.entries.end() && next->first == sender.nonce + count; ++next)
        ++count;
    ready = ready - sender.ready + count;
    sender.ready = count;
}

void Mempool::Impl::refresh(Sender& sender, uint64_t nonce, const U256& balance,
                            std::string_view passed_words) {
    while (!sender.entries.empty() && sender.entries.begin()->first < nonce) {
        const uint64_t passed = sender.entries.begin()->first;
        remove(sender, passed, Error{errc::nonce_too_low, std::string(passed_words)});
    }
    const uint64_t ready_end = sender.nonce + sender.ready;
    sender.nonce = nonce;
    sender.balance = balance;
    // What was in sequence before stays so beyond the new nonce.
    count_ready(sender,
                ready_end > nonce && sender.entries.contains(nonce) ? ready_end - nonce : 0);
    while (sender.total_cost > sender.balance) {
        remove(sender, sender.entries.rbegin()->first,
               Error{errc::insufficient_funds, "the balance no longer covers it"});
    }
}

void Mempool::Impl::settle(Sender& sender) {
    unindex_head(sender);
    index_tail(sender);
    if (sender.entries.empty()) {
        ready -= sender.ready;
        senders.erase(Address(sender.address));
        return;
    }
    index_head(sender);
}

void Mempool::Impl::unindex_head(Sender& sender) {
    if (!sender.head) return;
    thresholds.erase({sender.head_cap - sender.head_tip, *sender.head, &sender});
    if (sender.head_limited) {
        limited_heads.erase({sender.head_cap, *sender.head, &sender});
    } else {
        full_tip_heads.erase({sender.head_tip, *sender.head, &sender});
    }
    sender.head.reset();
}

void Mempool::Impl::index_head(Sender& sender) {
    if (sender.ready == 0) return;
    const Entry& entry = sender.entries.begin()->second;
    sender.head = entry.sequence;
    sender.head_tip = entry.tip();
    sender.head_cap = entry.cap();
    thresholds.insert({sender.head_cap - sender.head_tip, *sender.head, &sender});
    insert_head(sender);
}

void Mempool::Impl::insert_head(Sender& sender) {
    sender.head_limited = sender.head_cap - sender.head_tip < base_fee;
    if (sender.head_limited) {
        limited_heads.insert({sender.head_cap, *sender.head, &sender});
    } else {
        full_tip_heads.insert({sender.head_tip, *sender.head, &sender});
    }
}

void Mempool::Impl::index_tail(Sender& sender) {
    if (sender.tail) {
        tails.erase(*sender.tail);
        tail_caps.erase({sender.tail->cap, sender.tail->sequence, &sender});
        sender.tail.reset();
    }
    if (sender.entries.empty()) return;
    const Entry& entry = sender.entries.rbegin()->second;
    sender.tail = Worth{.ready = sender.ready == sender.entries.size(),
                        .tip = entry.tip(),
                        .cap = entry.cap(),
                        .senders_count = sender.entries.size(),
                        .sequence = entry.sequence,
                        .sender = &sender};
    tails.insert(*sender.tail);
    tail_caps.insert({entry.cap(), entry.sequence, &sender});
}

void Mempool::Impl::set_base_fee(const U256& fee) {
    if (fee == base_fee) return;
    // Heads with a threshold in [lower, higher) change sides.
    const U256 lower = std::min(fee, base_fee), higher = std::max(fee, base_fee);
    base_fee = fee;
    for (auto next = thresholds.lower_bound({lower, 0, nullptr});
         next != thresholds.end() && next->price < higher; ++next) {
        Sender& sender = *next->sender;
        if (sender.head_limited) {
            limited_heads.erase({sender.head_cap, *sender.head, &sender});
        } else {
            full_tip_heads.erase({sender.head_tip, *sender.head, &sender});
        }
        insert_head(sender);
    }
}

}  // namespace holdfast::mempool
