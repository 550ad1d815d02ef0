// Between a running node and the API: calls of other threads become events of the core loop, and
// the node's events reach whoever listens.
#pragma once

#include <mutex>

#include "api/backend.h"
#include "app/bootstrap.h"
#include "app/core_loop.h"
#include "node/node.h"

namespace holdfast::app {

class NodeAdapter final : public api::Backend, public node::Events {
  public:
    NodeAdapter(const chain::Genesis& genesis, Config::Bootstrap bootstrap, env::StateStore& store,
                CoreLoop& core, Logger logger);

    /// Before the loop runs. The node may be null until then: events at its start find no listener.
    void attach(node::Node& node, net::Network& network);

    // api::Backend
    [[nodiscard]] const chain::Genesis& genesis() const override { return genesis_; }
    [[nodiscard]] Hash32 genesis_hash() const override { return genesis_hash_; }
    [[nodiscard]] ledger::Reader reader() const override;
    void submit(ledger::TransactionPtr transaction, std::function<void(Status)> done) override;
    void next_nonce(const Address& account, std::function<void(uint64_t)> done) override;
    void find_pending(const Hash32& hash,
                      std::function<void(api::PendingTransaction)> done) override;
    void linearizable(std::function<void(Result<Height>)> done) override;
    void status(std::function<void(node::NodeStatus)> done) override;
    [[nodiscard]] std::vector<api::PeerStatus> peers() const override;
    void subscribe(api::BlockListener listener) override;
    void transfer_leadership(NodeId to, std::function<void(Status)> done) override;

    // node::Events, on the core thread
    void on_block(const std::shared_ptr<const ledger::Executed>& executed) override;
    void on_peers(const node::PeerSet& peers) override;
    void on_stopped(const Error& reason) override;

  private:
    chain::Genesis genesis_;
    Hash32 genesis_hash_;
    Config::Bootstrap bootstrap_;
    env::StateStore& store_;
    CoreLoop& core_;
    Logger logger_;
    node::Node* node_ = nullptr;
    net::Network* network_ = nullptr;
    std::mutex listeners_mutex_;
    std::vector<api::BlockListener> listeners_;
};

}  // namespace holdfast::app
