// Catching up outside the engine: blocks from peers, executed and compared with their hashes, or a
// certified snapshot when the blocks are no longer kept anywhere near. Who may certify it follows
// from the members that are known here, through each change of them.
#pragma once

#include <functional>

#include "node/context.h"
#include "node/hearsay.h"
#include "node/pipeline.h"

namespace holdfast::node {

class Sync {
  public:
    /// Who is no member is always a little behind, and takes note of it only when it is more.
    static constexpr uint64_t trail_max = 256;

    struct Hooks {
        /// The ledger stands at `head` now, and the engine may go on from there.
        std::function<void()> caught_up;
        /// The ledger was replaced by a snapshot: everything that follows the head must be renewed.
        std::function<void(const chain::Header&, const chain::MemberSet&)> jumped;
    };

    Sync(Context& context, ledger::Ledger& ledger, Pipeline& pipeline, Hooks hooks);

    void on_catch_up(const consensus::CatchUp& wanted);
    /// No block has come for long: perhaps this node is the one that is behind. Asks a peer for
    /// what follows the head; if there is nothing, nothing happens.
    void explore();
    void on_blocks(NodeId from, BlocksReply& reply);
    void on_offer(NodeId from, SnapshotOffer& offer);
    void on_history(NodeId from, HistoryReply& reply);
    void on_chunk(NodeId from, ChunkReply& reply);
    /// A block left the pipeline; the head has moved.
    void on_executed();
    void on_tick();
    [[nodiscard]] std::optional<Instant> deadline() const;

    [[nodiscard]] bool active() const { return phase_ != Phase::idle && !exploring_; }
    [[nodiscard]] Height target() const { return target_; }
    /// There were blocks when it last explored.
    [[nodiscard]] bool found_blocks() const { return found_; }

  private:
    enum class Phase : uint8_t {
        idle,
        blocks,    ///< a request for blocks is out, or what it brought is being executed
        offer,     ///< a request for a snapshot is out
        history,   ///< it is found out who may have attested the snapshot's block
        chunks,    ///< the snapshot is coming in
        importing  ///< the snapshot is being checked
    };

    void request();
    void examine_blocks(BlocksReply& reply);
    void take(std::span<const SyncBlock> blocks);
    [[nodiscard]] bool members_may_lie() const;
    [[nodiscard]] Height attested_upto() const;
    [[nodiscard]] bool is_target_in_doubt() const;
    /// It only follows.
    [[nodiscard]] bool is_trailing() const { return !sent_for_ && !context_.is_member(); }
    void ask_again_later() { retry_at_ = context_.now() + retry_interval; }
    void next_source();
    void fall_back(std::string_view why);
    void finish_if_caught_up();
    void follow_history(std::vector<chain::MemberChange> changes);
    void import_finished(const Status& status);
    [[nodiscard]] bool expects(NodeId from, Phase phase) const {
        return phase_ == phase && from == source_ && !context_.stopped();
    }
    [[nodiscard]] Status check_offer(const SnapshotOffer& offer) const;

    static constexpr Duration retry_interval = 2s;
    static constexpr unsigned retries_max = 3;

    Context& context_;
    ledger::Ledger& ledger_;
    Pipeline& pipeline_;
    Hooks hooks_;
    Phase phase_ = Phase::idle;
    bool exploring_ = false;  ///< no answer yet to whether there is anything to fetch
    bool found_ = false;      ///< there was, the last time
    bool sent_for_ = false;   ///< the engine has said that this node is behind
    bool notable_ = false;    ///< worth a line in the log
    NodeId source_;
    bool at_follower_ = false;  ///< the source is one
    NodeId last_member_, last_follower_;
    Height target_;
    std::optional<Instant> retry_at_;
    bool full_ = false;  ///< more is asked for once there is room in the pipeline
    SnapshotOffer offer_;
    std::optional<Height> history_asked_;  ///< changes of members above it
    Bytes cursor_;
    unsigned retries_ = 0;  ///< while a snapshot comes in
    size_t in_vain_ = 0;    ///< answers without blocks to be executed, one after the other
    Hearsay hearsay_;
};

/// The other side: answers from the store, on the bulk lane.
class SyncServer {
  public:
    explicit SyncServer(Context& context) : context_(context) {}

    void on_blocks_request(NodeId from, const BlocksRequest& request);
    void on_snapshot_request(NodeId from);
    void on_history_request(NodeId from, const HistoryRequest& request);
    void on_chunk_request(NodeId from, const ChunkRequest& request);
    void on_tick();
    [[nodiscard]] std::optional<Instant> deadline() const;
    [[nodiscard]] bool is_half_busy() const { return jobs_ >= jobs_max / 2; }

  private:
    /// What one peer was offered, and the view that it fetches it from.
    struct Held {
        SnapshotOffer offer;
        std::shared_ptr<const ledger::Reader> reader;
        Instant expires;
    };
    [[nodiscard]] bool still_of_use(const Held& held) const;
    static constexpr Duration held_for = 30s;
    static constexpr size_t jobs_max = 64;

    Context& context_;
    std::map<NodeId, Held> held_;
    size_t jobs_ = 0;  ///< on the bulk lane
};

}  // namespace holdfast::node
