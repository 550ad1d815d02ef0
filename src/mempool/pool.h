// The tables behind Mempool, private to this folder. Every operation on one transaction touches
// ordered sets only, so it costs O(log n).
//
// Between senders two questions are asked: who is best to take next, and who is worst to throw out.
// The first is about the senders' lowest executable nonces (heads), the second about their highest
// nonces (tails), so that neither ever makes a gap.
//
// The order of heads must outlive a change of base fee, or each block would sort the pool anew. A
// head pays its whole tip while base fee <= cap - tip (its threshold), else cap - base fee. Among
// the first kind the order by tip, among the second the order by cap holds whatever the base fee
// is; a change only moves between the two those heads whose threshold it passed.
#pragma once

#include <deque>
#include <map>
#include <set>
#include <unordered_map>

#include "mempool/mempool.h"

namespace holdfast::mempool {

/// Reasons remembered for transactions that are gone.
inline constexpr size_t dropped_max = 65'536;

struct Entry {
    TransactionPtr transaction;
    U256 cost;  ///< gas limit * fee cap + value: the most it may take
    uint64_t sequence = 0;
    [[nodiscard]] const U256& tip() const {
        return transaction->transaction.max_priority_fee_per_gas;
    }
    [[nodiscard]] const U256& cap() const { return transaction->transaction.max_fee_per_gas; }
    [[nodiscard]] size_t bytes() const {
        return transaction->raw.size() + chain::payload_transaction_overhead_bytes;
    }
};

struct Sender;

/// A price with its owner, ties broken by age.
struct Priced {
    U256 price;
    uint64_t sequence = 0;
    Sender* sender = nullptr;
};
struct HighestFirst {
    bool operator()(const Priced& a, const Priced& b) const {
        if (const auto order = a.price <=> b.price; order != 0) return order > 0;
        return a.sequence < b.sequence;
    }
};
struct LowestFirst {
    bool operator()(const Priced& a, const Priced& b) const {
        if (const auto order = a.price <=> b.price; order != 0) return order < 0;
        return a.sequence < b.sequence;
    }
};

/// How much a tail is worth keeping; the least goes first.
struct Worth {
    bool ready = false;  ///< no gap before it
    U256 tip;
    U256 cap;
    size_t senders_count = 0;  ///< of its sender: at equal prices the greediest sender pays
    uint64_t sequence = 0;
    Sender* sender = nullptr;

    [[nodiscard]] bool below(const Worth& other) const;
};
struct LeastFirst {
    bool operator()(const Worth& a, const Worth& b) const {
        if (a.below(b)) return true;
        if (b.below(a)) return false;
        return a.sequence > b.sequence;
    }
};

struct Sender {
    Address address;
    uint64_t nonce = 0;  ///< of the account
    U256 balance;
    std::map<uint64_t, Entry> entries;  ///< by nonce
    U256 total_cost;
    uint64_t ready = 0;  ///< entries in sequence from `nonce`

    // What the indexes hold for this sender now.
    std::optional<uint64_t> head;  ///< sequence of the indexed head
    U256 head_tip, head_cap;
    bool head_limited = false;  ///< by its cap
    std::optional<Worth> tail;
};

struct Mempool::Impl {
    Impl(const Limits& given, uint64_t gas, AccountSource source)
        : limits(given), block_gas_limit(gas), accounts(std::move(source)) {}

    Status add(TransactionPtr transaction);
    void set_base_fee(const U256& fee);
    /// Takes over the account's nonce and balance, and throws out what no longer fits them.
    void refresh(
        Sender& sender, uint64_t nonce, const U256& balance,
        std::string_view passed_words = "another transaction with this nonce was executed");
    /// Puts in what a block that is no more had executed, before the sender's later ones.
    void add_back(const TransactionPtr& transaction);
    void remove(Sender& sender, uint64_t nonce, const std::optional<Error>& reason);
    void remember(const Hash32& hash, const Error& reason);
    /// Brings the indexes in line with the sender's entries; forgets a sender without any.
    void settle(Sender& sender);

    enum class Step { take, skip_sender, stop };
    /// Executable entries, best first, each sender's in nonce order, those in `excluded` stepped
    /// over.
    void walk(const std::unordered_set<Hash32>& excluded,
              const std::function<Step(const Entry&)>& visit) const;

    Limits limits;
    uint64_t block_gas_limit;
    AccountSource accounts;
    U256 base_fee;
    uint64_t next_sequence = 0;
    size_t bytes = 0;
    size_t ready = 0;

    struct Place {
        Sender* sender = nullptr;
        uint64_t nonce = 0;
    };
    std::unordered_map<Address, Sender> senders;
    std::unordered_map<Hash32, Place> by_hash;
    std::set<Priced, HighestFirst> full_tip_heads, limited_heads;
    std::set<Priced, LowestFirst> thresholds;  ///< of all heads
    std::set<Worth, LeastFirst> tails;
    std::set<Priced, LowestFirst> tail_caps;
    std::unordered_map<Hash32, Error> dropped;
    std::deque<Hash32> dropped_order;

  private:
    Status check(const chain::RecoveredTransaction& recovered, const chain::Account& account) const;
    Status check_replacement(const Entry& old, const Entry& entry) const;
    void make_way(Sender& sender, const chain::RecoveredTransaction& recovered);
    Status make_room(const Entry& entry, const chain::Account& account, const Entry* replaced);
    void index_head(Sender& sender);
    void unindex_head(Sender& sender);
    void index_tail(Sender& sender);
    void count_ready(Sender& sender, uint64_t ready_at_least);
    void insert_head(Sender& sender);
};

}  // namespace holdfast::mempool
