// How transactions come in: from clients and from peers, into the pool, and on to the other nodes
// so that any of them may propose them.
#pragma once

#include <deque>
#include <functional>
#include <unordered_set>

#include "node/context.h"

namespace holdfast::node {

class Intake {
  public:
    /// `admitted` is called when the pool has something new.
    Intake(Context& context, std::function<void()> admitted);

    /// From a client of this node. Errors: mempool::errc, errc::stopped.
    Status submit(const TransactionPtr& transaction);
    /// From a peer: recovered on the workers, then pooled without being passed on again, since
    /// every node is told by the one that admitted it.
    void on_gossip(const Transactions& transactions);
    /// Sends what was admitted since the last call: one message for many transactions. While this
    /// node proposes, they wait a little for a payload of its own to take them along instead.
    void flush(bool proposing);
    /// These are in a payload of this node: the others get them with it.
    void on_proposed(const std::vector<Hash32>& hashes);
    /// Offers again what was admitted here and is still waiting.
    void on_tick();
    [[nodiscard]] std::optional<Instant> deadline() const;

    void on_executed(const ledger::Executed& executed);
    /// The ledger was replaced by a snapshot.
    void on_jumped();
    [[nodiscard]] mempool::Mempool& pool() { return pool_; }
    [[nodiscard]] const mempool::Mempool& pool() const { return pool_; }
    [[nodiscard]] size_t recovering() const { return recovering_; }
    [[nodiscard]] bool is_half_full() const { return recovering_ >= recovering_max / 2; }

  private:
    void adopt(const TransactionPtr& transaction);
    void admit_gossip(const std::vector<TransactionPtr>& transactions, size_t refused);
    void offer(const std::vector<TransactionPtr>& transactions);

    Context& context_;
    std::function<void()> admitted_;
    ledger::Reader head_reader_;  ///< at the head: what admission is held against
    mempool::Mempool pool_;
    std::vector<TransactionPtr> unsent_;
    std::optional<Instant> send_at_;  ///< while they wait for a payload
    /// Admitted from clients here, in the order in which each is due to be offered again.
    struct Own {
        TransactionPtr transaction;
        Instant due;
    };
    std::deque<Own> own_;
    std::unordered_set<Hash32> own_hashes_;
    static constexpr size_t recovering_max = 32'768;
    size_t recovering_ = 0;  ///< gossiped transactions on the workers
};

}  // namespace holdfast::node
