// What checkers see of a run, and how they say that a rule is broken. The world calls them after
// every event, with everything that happened in it, in order. They never call what they check.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "chain/genesis.h"
#include "consensus/engine.h"
#include "env/state_store.h"
#include "env/transport.h"
#include "ledger/ledger.h"
#include "sim/plan.h"

namespace holdfast::node {
class Node;
}

namespace holdfast::sim {

/// Why a life ended.
enum class Death : uint8_t { killed, power_lost, disk_failed };

/// A node as the all-seeing eye has it. Pointers are null while it is down.
struct NodeView {
    NodeId id;
    bool up = false;
    bool paused = false;
    uint64_t lives = 0;                         ///< started so far
    const consensus::Engine* engine = nullptr;  ///< the production engine, not the observer's shell
    const node::Node* node = nullptr;
    const env::StateStore* store = nullptr;  ///< of the machine: there also while it is down
};

/// What checkers may ask at any time.
class Stage {
  public:
    virtual ~Stage() = default;
    [[nodiscard]] virtual const Plan& plan() const = 0;
    [[nodiscard]] virtual const chain::Genesis& genesis() const = 0;
    [[nodiscard]] virtual Duration now() const = 0;  ///< simulated, since the start
    [[nodiscard]] virtual std::vector<NodeId> nodes() const = 0;
    [[nodiscard]] virtual NodeView view(NodeId node) const = 0;
    /// The nodes healed at the end; empty: not known, then it is whoever is up.
    [[nodiscard]] virtual std::vector<NodeId> core() const { return {}; }
};

/// A linearizable read, or a transfer, as its client lived it.
struct Call {
    uint64_t id = 0;
    OperationKind kind{};
    uint64_t account = 0;
    NodeId node;
    Duration invoked{};
    Hash32 transaction;  ///< of transfers: each attempt has the same bytes; a bid is another
};
struct Answer {
    Duration at{};
    Height height;  ///< transfers: of the block with it; reads: the point in the order
    U256 balance;   ///< reads: of the account at that height, as the node's store has it
    NodeId node;
};

/// One rule, or one small family of rules.
class Checker {
  public:
    virtual ~Checker() = default;
    /// As mutation scores and reports name it.
    [[nodiscard]] virtual std::string_view name() const = 0;

    /// A life begins; called before the first step of its engine.
    virtual void on_start(NodeId /*node*/, const consensus::Base& /*base*/,
                          const std::vector<consensus::JournalRecord>& /*records*/,
                          consensus::JournalHealth /*health*/, uint64_t /*incarnation*/) {}
    /// The life that has just begun was given records that are not all on the platter.
    virtual void on_unsynced_start(NodeId /*node*/) {}
    virtual void on_end(NodeId /*node*/, Death /*why*/) {}
    /// The node's journal no longer holds what it held: wiped, lost, or damaged.
    virtual void on_journal_lost(NodeId /*node*/) {}
    /// Around every step of an engine. `effects` is what this step appended.
    virtual void on_input(NodeId /*node*/, const consensus::Input& /*input*/) {}
    virtual void on_effects(NodeId /*node*/, const consensus::Engine& /*engine*/,
                            std::span<const consensus::Effect> /*effects*/) {}
    /// The step set its engine's timer, which will ring after this long.
    virtual void on_timer(NodeId /*node*/, Duration /*wait*/) {}
    /// The node handed a message (as node/messages.h encodes it) to its transport.
    virtual void on_send(NodeId /*from*/, NodeId /*to*/, ByteView /*message*/) {}
    /// The same of a node that lies. Of such nothing else is told.
    virtual void on_lie(NodeId /*from*/, NodeId /*to*/, ByteView /*message*/) {}
    /// Of sessions, if the plan has any. The node forgot what it had said to the peer and heard
    /// from it, and begins with number one; its present session has this connection; it is to carry
    /// this message; the node was handed this one, which came by that connection.
    virtual void on_session(NodeId /*node*/, NodeId /*peer*/) {}
    virtual void on_connected(NodeId /*node*/, NodeId /*peer*/, uint64_t /*connection*/) {}
    virtual void on_queued(NodeId /*from*/, NodeId /*to*/, env::Priority /*priority*/,
                           ByteView /*message*/) {}
    virtual void on_handed(NodeId /*node*/, NodeId /*from*/, uint64_t /*connection*/,
                           ByteView /*message*/) {}
    /// All records up to `token` are on the platter, as the disk itself has it.
    virtual void on_platter(NodeId /*node*/, consensus::Token /*token*/) {}
    virtual void on_block(NodeId /*node*/, const ledger::Executed& /*executed*/) {}
    virtual void on_stopped(NodeId /*node*/, const Error& /*reason*/) {}
    /// A transaction that a client, or an operator, made.
    virtual void on_made(const Hash32& /*transaction*/) {}
    /// A node told a client that it took this in.
    virtual void on_admitted(NodeId /*node*/, const chain::RecoveredTransaction& /*taken*/) {}
    virtual void on_call(const Call& /*call*/) {}
    virtual void on_answer(const Call& /*call*/, const Answer& /*answer*/) {}
    virtual void after_event() {}
    /// What the end of the run has to wait for, in words; empty: nothing.
    [[nodiscard]] virtual std::string waits_for() const { return {}; }
    /// Everybody in the healed core agrees and is idle.
    virtual void at_end() {}

    /// Broken rules since the last call, oldest first.
    std::vector<std::string> take_findings() { return std::exchange(findings_, {}); }

  protected:
    void violated(std::string what) { findings_.push_back(std::move(what)); }

  private:
    std::vector<std::string> findings_;
};

/// All checkers that apply to the engine of the plan.
std::vector<std::unique_ptr<Checker>> make_checkers(const Stage& stage);

}  // namespace holdfast::sim
