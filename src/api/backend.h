// What the API needs of a node, and nothing more. The application adapts a running node to it;
// tests give a double. All calls are thread-safe; callbacks come on any thread and must not block.
#pragma once

#include <functional>
#include <memory>

#include "ledger/ledger.h"
#include "ledger/reader.h"
#include "node/status.h"

namespace holdfast::api {

struct PeerStatus {
    NodeId id;
    std::string endpoint;
    bool connected = false;
    std::string last_error;
    uint64_t messages_sent = 0, messages_received = 0, messages_resent = 0, messages_dropped = 0;
    uint64_t queued_bytes = 0, in_flight_bytes = 0;
};

struct PendingTransaction {
    ledger::TransactionPtr transaction;    ///< null if it is not pooled here
    std::optional<Error> dropped_because;  ///< if it was, and is gone for a reason
};

using BlockListener = std::function<void(std::shared_ptr<const ledger::Executed>)>;

class Backend {
  public:
    virtual ~Backend() = default;

    [[nodiscard]] virtual const chain::Genesis& genesis() const = 0;
    [[nodiscard]] virtual Hash32 genesis_hash() const = 0;  ///< chain::genesis_hash, not block 0's
    /// A view at the latest executed block.
    [[nodiscard]] virtual ledger::Reader reader() const = 0;

    /// Admission only. The transaction has passed chain::recover_transaction already. Errors:
    /// mempool::errc, or node.stopped.
    virtual void submit(ledger::TransactionPtr transaction, std::function<void(Status)> done) = 0;
    /// eth_getTransactionCount(pending).
    virtual void next_nonce(const Address& account, std::function<void(uint64_t)> done) = 0;
    virtual void find_pending(const Hash32& hash, std::function<void(PendingTransaction)> done) = 0;
    /// A point in the order that is at or after everything acknowledged before the call: once
    /// `done` is called, `reader()` shows it. Errors: node.no_leader, node.stopped, node.timeout.
    virtual void linearizable(std::function<void(Result<Height>)> done) = 0;
    virtual void status(std::function<void(node::NodeStatus)> done) = 0;
    [[nodiscard]] virtual std::vector<PeerStatus> peers() const = 0;
    /// Every executed block from now on, in order. The listener lives as long as the backend.
    virtual void subscribe(BlockListener listener) = 0;

    // For the operator's listener only.
    /// 0: to whoever is most up to date.
    virtual void transfer_leadership(NodeId to, std::function<void(Status)> done) = 0;
};

}  // namespace holdfast::api
