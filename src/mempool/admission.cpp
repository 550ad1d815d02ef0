// Who may come in, whom it replaces, and who has to leave for it.
#include <fmt/format.h>

#include "base/sometimes.h"
#include "chain/errors.h"
#include "mempool/pool.h"

namespace holdfast::mempool {
namespace {

/// A fee cap below this part of the base fee has little hope: some six empty blocks away.
constexpr uint64_t cap_floor_percent = 50;
/// One newcomer evicts at most this many, however large it is.
constexpr size_t evictions_max = 256;

/// Null: more than any account can hold.
std::optional<U256> cost_of(const chain::RecoveredTransaction& recovered) {
    const chain::Transaction& transaction = recovered.transaction;
    const auto gas = checked_mul(U256(transaction.gas_limit), transaction.max_fee_per_gas);
    return gas ? checked_add(*gas, transaction.value) : std::nullopt;
}

/// new >= old * (100 + percent) / 100, and truly more, so that even free transactions cannot be
/// replaced without end.
bool rises_enough(const U256& old, const U256& fresh, uint64_t percent) {
    const auto wanted = checked_mul(old, U256(100 + percent));
    const auto offered = checked_mul(fresh, U256(100));
    if (!offered) return true;
    return wanted && *offered >= *wanted && fresh > old;
}

}  // namespace

Status Mempool::Impl::check(const chain::RecoveredTransaction& recovered,
                            const chain::Account& account) const {
    const chain::Transaction& transaction = recovered.transaction;
    if (transaction.max_priority_fee_per_gas > transaction.max_fee_per_gas)
        return fail(chain::errc::tx_fee_order);
    if (transaction.gas_limit > block_gas_limit) {
        return fail(errc::gas_above_block, fmt::format("wants {}, a block has {}",
                                                       transaction.gas_limit, block_gas_limit));
    }
    if (transaction.nonce < account.nonce) {
        return fail(errc::nonce_too_low,
                    fmt::format("{}, the account is at {}", transaction.nonce, account.nonce));
    }
    if (transaction.nonce - account.nonce > limits.nonce_ahead_max) {
        return fail(errc::nonce_too_far,
                    fmt::format("{}, the account is at {} and may be {} ahead", transaction.nonce,
                                account.nonce, limits.nonce_ahead_max));
    }
    const U256 floor = base_fee / U256(100) * U256(cap_floor_percent);
    if (transaction.max_fee_per_gas < floor) {
        return fail(errc::underpriced,
                    fmt::format("fee cap {}, the base fee is {}",
                                transaction.max_fee_per_gas.to_decimal(), base_fee.to_decimal()));
    }
    return {};
}

Status Mempool::Impl::check_replacement(const Entry& old, const Entry& entry) const {
    if (rises_enough(old.cap(), entry.cap(), limits.replace_percent) &&
        rises_enough(old.tip(), entry.tip(), limits.replace_percent))
        return {};
    return fail(
        errc::replacement_underpriced,
        fmt::format("both fees must rise by {} percent over cap {} and tip {}",
                    limits.replace_percent, old.cap().to_decimal(), old.tip().to_decimal()));
}

// Throws out tails that are worth less than the newcomer until it fits beside what it replaces.
Status Mempool::Impl::make_room(const Entry& entry, const chain::Account& account,
                                const Entry* replaced) {
    const Address& address = entry.transaction->sender;
    const uint64_t nonce = entry.transaction->transaction.nonce;
    const size_t more = replaced == nullptr ? 1 : 0;
    const size_t freed = replaced == nullptr ? 0 : replaced->bytes();
    for (size_t evicted = 0; by_hash.size() + more > limits.transactions_max ||
                             bytes - freed + entry.bytes() > limits.bytes_max;
         ++evicted) {
        if (tails.empty() || evicted == evictions_max)
            return fail(errc::pool_full, "larger than what could make room for it");
        // Those that cannot even pay the base fee go first, whatever tip they promise.
        const bool stuck = tail_caps.begin()->price < base_fee && entry.cap() >= base_fee;
        Sender& victim = stuck ? *tail_caps.begin()->sender : *tails.begin()->sender;
        Worth worth{.ready = nonce == account.nonce,
                    .tip = entry.tip(),
                    .cap = entry.cap(),
                    .senders_count = 1};
        if (const auto own = senders.find(address); own != senders.end()) {
            const Sender& sender = own->second;
            worth.ready = nonce <= sender.nonce + sender.ready;
            worth.senders_count = sender.entries.size() + more;
            if (&victim == &sender && sender.entries.rbegin()->first <= nonce)
                return fail(errc::pool_full, "only the sender's own transactions are worse");
        }
        if (!stuck && !victim.tail->below(worth))
            return fail(errc::underpriced, "the pool is full of better ones");
        remove(victim, victim.entries.rbegin()->first,
               Error{errc::pool_full, "made room for a better one"});
        settle(victim);
    }
    return {};
}

// Since it was executed, others came after it, within the sender's share of the pool and what the
// account had left. Without it they would wait in vain, so the highest nonces make way.
void Mempool::Impl::make_way(Sender& sender, const chain::RecoveredTransaction& recovered) {
    const uint64_t nonce = recovered.transaction.nonce;
    const auto cost = cost_of(recovered);
    if (!cost || *cost > sender.balance || sender.entries.contains(nonce)) return;
    while (!sender.entries.empty() && sender.entries.rbegin()->first > nonce) {
        const bool has_room = sender.entries.size() < limits.per_sender_max;
        if (has_room && sender.total_cost <= sender.balance - *cost) return;
        remove(sender, sender.entries.rbegin()->first,
               Error{has_room ? errc::insufficient_funds : errc::nonce_too_far,
                     "made way for an earlier one, whose block was taken back"});
    }
}

void Mempool::Impl::add_back(const TransactionPtr& transaction) {
    if (by_hash.contains(transaction->hash)) return;
    if (const auto place = senders.find(transaction->sender); place != senders.end()) {
        make_way(place->second, *transaction);
        settle(place->second);
    }
    if (auto added = add(transaction); !added) remember(transaction->hash, added.error());
}

Status Mempool::Impl::add(TransactionPtr transaction) {
    if (by_hash.contains(transaction->hash)) return fail(errc::already_known);
    const Address address = transaction->sender;
    const uint64_t nonce = transaction->transaction.nonce;
    const chain::Account account = accounts(address);
    auto place = senders.find(address);
    if (place != senders.end() &&
        (place->second.nonce != account.nonce || place->second.balance != account.balance)) {
        refresh(place->second, account.nonce, account.balance);
        settle(place->second);
        place = senders.find(address);
    }
    if (auto good = check(*transaction, account); !good) return good;

    const auto cost = cost_of(*transaction);
    if (!cost) return fail(errc::insufficient_funds, "costs more than any account can hold");
    const Entry entry{
        .transaction = std::move(transaction), .cost = *cost, .sequence = next_sequence};
    U256 others;  // what the sender's other transactions may take
    const Entry* replaced = nullptr;
    if (place != senders.end()) {
        const Sender& sender = place->second;
        others = sender.total_cost;
        if (const auto old = sender.entries.find(nonce); old != sender.entries.end()) {
            if (auto good = check_replacement(old->second, entry); !good) return good;
            others -= old->second.cost;
            replaced = &old->second;
        } else if (sender.entries.size() >= limits.per_sender_max) {
            return fail(errc::nonce_too_far,
                        fmt::format("the sender has {} in the pool", sender.entries.size()));
        }
    }
    const auto total = checked_add(others, entry.cost);
    if (!total || *total > account.balance) {
        return fail(
            errc::insufficient_funds,
            fmt::format("has {}, needs {} beside {} for what is pooled",
                        account.balance.to_decimal(), cost->to_decimal(), others.to_decimal()));
    }
    if (auto room = make_room(entry, account, replaced); !room) return room;
    if (replaced != nullptr) HF_SOMETIMES("mempool.replaced");
    if (replaced != nullptr)
        remove(place->second, nonce,
               Error{errc::replacement_underpriced, "replaced by a better one"});

    ++next_sequence;
    Sender& sender = senders[address];
    if (sender.entries.empty()) {
        sender.address = address;
        sender.nonce = account.nonce;
        sender.balance = account.balance;
    }
    const Hash32 hash = entry.transaction->hash;
    bytes += entry.bytes();
    sender.total_cost += entry.cost;
    by_hash.emplace(hash, Place{&sender, nonce});
    sender.entries.emplace(nonce, entry);
    if (nonce == sender.nonce + sender.ready) count_ready(sender, sender.ready);
    settle(sender);
    dropped.erase(hash);
    return {};
}

}  // namespace holdfast::mempool
