// What makes one node this node. Everything that two nodes must agree on is in genesis instead.
#pragma once

#include <functional>
#include <memory>

#include "base/log.h"
#include "chain/genesis.h"
#include "consensus/engine.h"
#include "env/clock.h"
#include "env/lanes.h"
#include "env/state_store.h"
#include "env/transport.h"
#include "journal/journal.h"
#include "ledger/ledger.h"
#include "mempool/mempool.h"

namespace holdfast::node {

namespace errc {
inline constexpr Errc stopped{"node.stopped"};  ///< refuses to take part; the status says why
inline constexpr Errc no_leader{
    "node.no_leader"};  ///< nobody to give the read its point in the order
inline constexpr Errc read_timeout{"node.timeout"};
inline constexpr Errc overloaded{"node.overloaded"};  ///< a bounded queue is full
inline constexpr Errc diverged{"node.diverged"};  ///< computed another hash than a certificate says
}  // namespace errc

struct RestoreArguments {
    const consensus::Base& base;
    const std::vector<consensus::JournalRecord>& records;
    consensus::JournalHealth health;
    uint64_t incarnation;  ///< of the journal
    Instant now;
    consensus::Effects& effects;
};
using EngineFactory = std::function<std::unique_ptr<consensus::Engine>(const RestoreArguments&)>;

/// Whom to ask for blocks while the ledger here is older than this epoch of membership: the members
/// that it knows may all be gone.
struct Bootstrap {
    uint64_t epoch = 0;
    std::vector<NodeId> members;  ///< by ascending id
};

struct Config {
    NodeId self;
    crypto::NodeSeed voting_seed;
    Address fee_recipient;
    /// Of the account that pays for reports of others' guilt; without it they are only logged.
    std::optional<crypto::SecretKey> report_key;
    uint64_t fresh_incarnation = 0;  ///< random: taken if the journal has to be begun anew
    mempool::Limits mempool;
    Bootstrap bootstrap;
    uint64_t blocks_kept = 0;  ///< bodies and receipts of this many newest blocks; 0: of all
    EngineFactory engine;
};

/// Whom a node is in touch with.
struct PeerSet {
    /// The members, and those before them whose voice the engine may need until it has followed the
    /// ledger's last change. The epoch is the newest.
    chain::MemberSet members;
    /// Others that may follow (ledger/followers.h), this node not among them. They are let in, and
    /// not called: an endpoint costs nobody anything to make up.
    std::vector<chain::Member> followers;
};

/// What the application learns of a node. Called on the node's own thread; must not block.
class Events {
  public:
    virtual ~Events() = default;
    virtual void on_block(const std::shared_ptr<const ledger::Executed>& executed) = 0;
    /// Whom to be in touch with from now on.
    virtual void on_peers(const PeerSet& peers) = 0;
    /// The node no longer takes part. It goes on answering reads; the reason names the repair.
    virtual void on_stopped(const Error& reason) = 0;
};

struct Ports {
    env::Transport& transport;
    env::Lanes& lanes;
    env::Clock& clock;
    env::StateStore& store;
    journal::Journal& journal;
    Events& events;
    Logger logger;
};

}  // namespace holdfast::node
