// The public face: what the node calls.
#include "mempool/mempool.h"

#include "mempool/pool.h"

namespace holdfast::mempool {
namespace {

/// No transaction is cheaper or shorter.
constexpr uint64_t gas_least = 21'000;
constexpr size_t bytes_least = 64;
/// Transactions too large for what is left that are stepped over before a selection is called full.
constexpr size_t misfits_max = 128;

}  // namespace

Mempool::Mempool(const Limits& limits, uint64_t block_gas_limit, AccountSource accounts)
    : impl_(std::make_shared<Impl>(limits, block_gas_limit, std::move(accounts))) {}

Status Mempool::add(TransactionPtr transaction, const U256& base_fee) {
    impl_->set_base_fee(base_fee);
    return impl_->add(std::move(transaction));
}

Mempool::Selection Mempool::select(const std::unordered_set<Hash32>& excluded, size_t bytes_max,
                                   uint64_t gas_max, const U256& base_fee) const {
    impl_->set_base_fee(base_fee);
    Selection selection;
    uint64_t gas_left = gas_max;
    size_t misfits = 0;
    impl_->walk(excluded, [&](const Entry& entry) {
        if (gas_left < gas_least || selection.bytes + bytes_least > bytes_max ||
            selection.transactions.size() == chain::payload_transactions_max)
            return Impl::Step::stop;
        const uint64_t gas = entry.transaction->transaction.gas_limit;
        if (gas > gas_left || selection.bytes + entry.bytes() > bytes_max)
            return ++misfits > misfits_max ? Impl::Step::stop : Impl::Step::skip_sender;
        gas_left -= gas;
        selection.bytes += entry.bytes();
        selection.transactions.push_back(entry.transaction);
        return Impl::Step::take;
    });
    return selection;
}

bool Mempool::has_ready(const std::unordered_set<Hash32>& excluded) const {
    bool found = false;
    impl_->walk(excluded, [&](const Entry&) {
        found = true;
        return Impl::Step::stop;
    });
    return found;
}

void Mempool::executed(const std::vector<TransactionPtr>& transactions, const U256& base_fee) {
    impl_->set_base_fee(base_fee);
    std::map<Address, uint64_t> next_nonces;  // by account touched
    for (const TransactionPtr& transaction : transactions) {
        uint64_t& next = next_nonces[transaction->sender];
        next = std::max(next, transaction->transaction.nonce + 1);
        if (transaction->transaction.to) next_nonces.try_emplace(*transaction->transaction.to, 0);
        // It left because it succeeded: nobody shall read that it was dropped.
        const auto place = impl_->by_hash.find(transaction->hash);
        if (place != impl_->by_hash.end()) {
            Sender& sender = *place->second.sender;
            impl_->remove(sender, place->second.nonce, std::nullopt);
            impl_->settle(sender);
        }
        impl_->dropped.erase(transaction->hash);
    }
    for (const auto& [address, next_nonce] : next_nonces) {
        const auto sender = impl_->senders.find(address);
        if (sender == impl_->senders.end()) continue;
        const chain::Account account = impl_->accounts(address);
        impl_->refresh(sender->second, std::max(account.nonce, next_nonce), account.balance);
        impl_->settle(sender->second);
    }
}

void Mempool::taken_back(const std::vector<chain::Block>& blocks, const U256& base_fee) {
    impl_->set_base_fee(base_fee);
    // First every sender stands where he stood, then his come back in the order of their nonces.
    std::set<Address> touched;
    for (const chain::Block& block : blocks) {
        touched.insert(block.header.beneficiary);
        for (const TransactionPtr& transaction : block.transactions) {
            touched.insert(transaction->sender);
            if (transaction->transaction.to) touched.insert(*transaction->transaction.to);
        }
    }
    for (const Address& address : touched) {
        const auto sender = impl_->senders.find(address);
        if (sender == impl_->senders.end()) continue;
        const chain::Account account = impl_->accounts(address);
        impl_->refresh(sender->second, account.nonce, account.balance);
        impl_->settle(sender->second);
    }
    for (const chain::Block& block : blocks)
        for (const TransactionPtr& transaction : block.transactions) impl_->add_back(transaction);
}

// Whose transactions the blocks between held is not known here: one whose nonce has passed may have
// been executed itself.
void Mempool::jumped(const U256& base_fee) {
    impl_->set_base_fee(base_fee);
    std::set<Address> addresses;
    for (const auto& [hash, place] : impl_->by_hash)  // Any order: sorted by the set.
        addresses.insert(place.sender->address);
    for (const Address& address : addresses) {
        Sender& sender = impl_->senders.at(address);
        const chain::Account account = impl_->accounts(address);
        impl_->refresh(sender, account.nonce, account.balance,
                       "this one or another with its nonce was executed in a block that this "
                       "node never saw: ask another node");
        impl_->settle(sender);
    }
}

void Mempool::drop(const Hash32& hash, const Error& reason) {
    const auto place = impl_->by_hash.find(hash);
    if (place == impl_->by_hash.end()) {
        impl_->remember(hash, reason);
        return;
    }
    Sender& sender = *place->second.sender;
    impl_->remove(sender, place->second.nonce, reason);
    impl_->settle(sender);
}

TransactionPtr Mempool::find(const Hash32& hash) const {
    const auto place = impl_->by_hash.find(hash);
    if (place == impl_->by_hash.end()) return nullptr;
    return place->second.sender->entries.at(place->second.nonce).transaction;
}

uint64_t Mempool::next_nonce(const Address& sender) const {
    const auto place = impl_->senders.find(sender);
    if (place == impl_->senders.end()) return impl_->accounts(sender).nonce;
    return place->second.nonce + place->second.ready;
}

std::optional<Error> Mempool::dropped_because(const Hash32& hash) const {
    const auto reason = impl_->dropped.find(hash);
    return reason == impl_->dropped.end() ? std::nullopt : std::optional(reason->second);
}

size_t Mempool::size() const {
    return impl_->by_hash.size();
}

size_t Mempool::size_bytes() const {
    return impl_->bytes;
}

size_t Mempool::ready() const {
    return impl_->ready;
}

}  // namespace holdfast::mempool
