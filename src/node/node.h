// One node of the ledger as a state machine: it feeds its engine, carries out effects, pools and
// gossips transactions, executes, attests, syncs and answers reads. No I/O, no threads: everything
// outside is a port (node/config.h), so the same object runs in production and in the simulator.
//
// All calls come on one thread, the node's own; work handed to lanes comes back on it.
#pragma once

#include <deque>
#include <memory>

#include "node/attestor.h"
#include "node/engine_host.h"
#include "node/intake.h"
#include "node/peers.h"
#include "node/pipeline.h"
#include "node/proposer.h"
#include "node/reads.h"
#include "node/reporter.h"
#include "node/sync.h"

namespace holdfast::node {

class Node final : private EngineClient {
  public:
    /// Opens ledger and journal (blocking) and restores the engine. Errors: those of
    /// journal::Journal::open and ledger::Ledger::open, each naming the repair.
    static Result<std::unique_ptr<Node>> open(Config config, const Ports& ports,
                                              const chain::Genesis& genesis);

    void on_message(NodeId from, const Buffer& message);
    /// Call when `deadline` has passed; harmless earlier.
    void on_tick();
    /// Call when no more events wait: lets small messages travel together.
    void on_idle() { intake_.flush(host_.leader() == context_.config.self); }
    [[nodiscard]] std::optional<Instant> deadline() const;

    /// Admission only; acknowledged is what has a receipt.
    Status submit(const TransactionPtr& transaction) { return intake_.submit(transaction); }
    void read(Reads::Done done);
    Status transfer_leadership(NodeId to);
    /// Something outside forbids going on, such as a second node with this one's key.
    void stop(const Error& reason);

    [[nodiscard]] NodeStatus status() const;
    [[nodiscard]] Height head() const { return context_.head.number; }
    [[nodiscard]] const mempool::Mempool& pool() const { return intake_.pool(); }
    [[nodiscard]] const chain::MemberSet& members() const { return context_.members; }
    /// As Events::on_peers tells them.
    [[nodiscard]] PeerSet peers() const { return peers_.all(); }
    [[nodiscard]] const EngineHost& engine() const { return host_; }

  private:
    Node(Config config, const Ports& ports, const chain::Genesis& genesis,
         std::unique_ptr<ledger::Ledger> ledger);
    void start(const journal::Recovered& recovered);

    void on_send(const consensus::Send& effect) override;
    void on_need_payload(const consensus::NeedPayload& effect) override;
    void on_check(const consensus::Check& effect) override;
    void on_verify(const consensus::Verify& effect) override;
    void on_cancel(const consensus::Cancel& effect) override;
    void on_deliver(const consensus::Deliver& effect) override;
    void on_catch_up(const consensus::CatchUp& effect) override;
    void on_forget(const consensus::Forget& effect) override;
    void on_read_at(const consensus::ReadAt& effect) override;
    void on_read_refused(const consensus::ReadRefused& effect) override;
    void on_accuse(const consensus::Accuse& effect) override;

    [[nodiscard]] bool is_heard(NodeId from, const Message& message) const;
    void dispatch(NodeId from, Message& message);
    void on_executed(PipelineItem& item);
    void move_head(const chain::Header& header, const Hash32& hash);
    void change_members(const chain::MemberSet& members);
    void on_certified();
    void on_jumped(const chain::Header& header, const chain::MemberSet& members);
    void on_caught_up();
    [[nodiscard]] Height head_for_engine() const;
    void carry_out_forgets();
    void ask_when_quiet();
    [[nodiscard]] Duration patience() const;
    void prune();
    [[nodiscard]] std::string hold() const;

    Context context_;
    std::unique_ptr<ledger::Ledger> ledger_;
    Payloads payloads_;
    EngineHost host_;
    Intake intake_;
    Proposer proposer_;
    Pipeline pipeline_;
    Attestor attestor_;
    Sync sync_;
    SyncServer sync_server_;
    Reads reads_;
    Reporter reporter_;
    Peers peers_;

    /// A change of membership that the engine hears of once its block is certified.
    std::optional<consensus::MembersChanged> members_ahead_;  ///< waits for a certificate
    struct PendingForget {
        consensus::Token upto;
        Height after;  ///< the last position delivered when the engine said so
    };
    std::deque<PendingForget> forgets_;
    Instant quiet_since_;  ///< no block has come since
};

/// The engine's view of a membership.
consensus::Members engine_members(const chain::MemberSet& set);

}  // namespace holdfast::node
