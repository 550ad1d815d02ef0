// One running node: the rooms of the house put together, in the order in which they need each
// other.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>

#include "api/server.h"
#include "app/config.h"
#include "app/core_loop.h"
#include "app/node_adapter.h"
#include "chain/genesis.h"
#include "storage/files.h"

namespace holdfast::app {

namespace errc {
inline constexpr Errc not_a_member{"config.not_a_member"};
inline constexpr Errc engine_missing{"config.engine_missing"};
inline constexpr Errc node_duplicate{"node.duplicate"};
}  // namespace errc

/// The keys of this node, held against each other and against the ledger's membership.
struct NodeKeys {
    crypto::NodeSeed voting, transport;
};
/// Errors: errc::key_*.
Result<NodeKeys> read_keys(const Config& config, const chain::Genesis& genesis);
/// Errors: errc::key_wrong_member, errc::not_a_member. A node that is no member yet is fine: it
/// reads along until it is one.
Status check_membership(NodeId self, const NodeKeys& keys, const chain::MemberSet& members);

/// Which engine runs is genesis' choice. Errors: errc::engine_missing.
Result<node::EngineFactory> engine_factory(const chain::Genesis& genesis, NodeId self,
                                           const NodeKeys& keys);
/// What stands in for `engine_factory` in a program that tests how others bear a bad engine.
using EngineMaker = std::function<Result<node::EngineFactory>(const chain::Genesis& genesis,
                                                              NodeId self, const NodeKeys& keys)>;

class RunningNode {
  public:
    /// Everything up to listening sockets. Errors: everything in exit_code.h.
    static Result<std::unique_ptr<RunningNode>> start(Config config, Logger logger,
                                                      const EngineMaker& maker = engine_factory);
    ~RunningNode();
    RunningNode(const RunningNode&) = delete;
    RunningNode& operator=(const RunningNode&) = delete;

    /// The core loop, on the calling thread, until `stop`. Then everything is closed in order and
    /// the store flushed. The reason if the node was stopped by what happened, not by the caller.
    std::optional<Error> run();
    /// Thread-safe.
    void stop() { core_->stop(); }

    [[nodiscard]] uint16_t api_port() const { return server_->port(); }

  private:
    RunningNode(Config config, Logger logger, chain::Genesis genesis, NodeKeys keys,
                storage::FolderLock lock);
    Status open_storage();
    Status open_network();
    Status open_node(const EngineMaker& maker);
    Status open_api();
    void on_own_endpoint_taken(const std::string& where);

    Config config_;
    Logger logger_;
    chain::Genesis genesis_;
    NodeKeys keys_;
    storage::FolderLock lock_;
    SystemClock clock_;
    std::optional<Error> reason_;

    std::unique_ptr<env::StateStore> store_;
    std::unique_ptr<env::ByteDevice> device_;
    std::unique_ptr<journal::Journal> journal_;
    std::unique_ptr<CoreLoop> core_;
    std::unique_ptr<NodeAdapter> adapter_;
    std::unique_ptr<net::Network> network_;
    std::unique_ptr<node::Node> node_;
    std::unique_ptr<api::Server> server_;
};

}  // namespace holdfast::app
