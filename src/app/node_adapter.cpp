// The API's calls as events of the core loop.
#include "app/node_adapter.h"

#include "app/exit_code.h"

namespace holdfast::app {
namespace {

Error overloaded() {
    return {.code = node::errc::overloaded, .detail = "too many calls wait for the core thread"};
}

}  // namespace

NodeAdapter::NodeAdapter(const chain::Genesis& genesis, Config::Bootstrap bootstrap,
                         env::StateStore& store, CoreLoop& core, Logger logger)
    : genesis_(genesis),
      genesis_hash_(chain::genesis_hash(genesis)),
      bootstrap_(std::move(bootstrap)),
      store_(store),
      core_(core),
      logger_(std::move(logger)) {}

void NodeAdapter::attach(node::Node& node, net::Network& network) {
    node_ = &node;
    network_ = &network;
    on_peers(node.peers());
}

ledger::Reader NodeAdapter::reader() const {
    return ledger::Reader(store_.snapshot());
}

void NodeAdapter::submit(ledger::TransactionPtr transaction, std::function<void(Status)> done) {
    const bool posted = core_.post(Source::call, [this, transaction = std::move(transaction),
                                                  done] { done(node_->submit(transaction)); });
    if (!posted) done(std::unexpected(overloaded()));
}

void NodeAdapter::next_nonce(const Address& account, std::function<void(uint64_t)> done) {
    const bool posted = core_.post(
        Source::call, [this, account, done] { done(node_->pool().next_nonce(account)); });
    if (posted) return;
    // Too busy to look into the pool: the executed state is the best that is left to say.
    const ledger::Reader view = reader();
    const auto found = view.account(account, view.head());
    done(found ? found->nonce : 0);
}

void NodeAdapter::find_pending(const Hash32& hash,
                               std::function<void(api::PendingTransaction)> done) {
    const bool posted = core_.post(Source::call, [this, hash, done] {
        done({.transaction = node_->pool().find(hash),
              .dropped_because = node_->pool().dropped_because(hash)});
    });
    if (!posted) done({});
}

void NodeAdapter::linearizable(std::function<void(Result<Height>)> done) {
    const bool posted = core_.post(Source::call, [this, done] { node_->read(done); });
    if (!posted) done(std::unexpected(overloaded()));
}

void NodeAdapter::status(std::function<void(node::NodeStatus)> done) {
    const bool posted = core_.post(Source::call, [this, done] {
        node::NodeStatus status = node_->status();
        for (const auto& depth : core_.depths()) status.queues.push_back(depth);
        status.queues.emplace_back("core_messages_dropped", core_.dropped(Source::message));
        status.queues.emplace_back("core_calls_dropped", core_.dropped(Source::call));
        done(std::move(status));
    });
    if (posted) return;
    node::NodeStatus status;
    status.state = node::NodeState::stopped;
    status.trouble = describe(overloaded());
    done(std::move(status));
}

std::vector<api::PeerStatus> NodeAdapter::peers() const {
    std::vector<api::PeerStatus> result;
    if (network_ == nullptr) return result;
    for (net::PeerInfo& peer : network_->peers())
        result.push_back({.id = peer.id,
                          .endpoint = std::move(peer.endpoint),
                          .connected = peer.connected,
                          .last_error = std::move(peer.last_error),
                          .messages_sent = peer.counters.sent,
                          .messages_received = peer.counters.received,
                          .messages_resent = peer.counters.resent,
                          .messages_dropped = peer.counters.dropped,
                          .queued_bytes = peer.counters.queued_bytes,
                          .in_flight_bytes = peer.counters.in_flight_bytes});
    return result;
}

void NodeAdapter::subscribe(api::BlockListener listener) {
    const std::lock_guard lock(listeners_mutex_);
    listeners_.push_back(std::move(listener));
}

void NodeAdapter::transfer_leadership(NodeId to, std::function<void(Status)> done) {
    const bool posted =
        core_.post(Source::call, [this, to, done] { done(node_->transfer_leadership(to)); });
    if (!posted) done(std::unexpected(overloaded()));
}

void NodeAdapter::on_block(const std::shared_ptr<const ledger::Executed>& executed) {
    const std::lock_guard lock(listeners_mutex_);
    for (const api::BlockListener& listener : listeners_) listener(executed);
}

void NodeAdapter::on_peers(const node::PeerSet& peers) {
    if (network_ != nullptr) network_->set_peers(peers_of(peers, bootstrap_));
}

void NodeAdapter::on_stopped(const Error& reason) {
    logger_.error("app", "this node takes no part any more: {}", explain(reason));
}

}  // namespace holdfast::app
