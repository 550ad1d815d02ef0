// The state machine behind pow.h, whole: one object, five files. core.cpp is its frame (inputs,
// output, timer); choosing.cpp, mining.cpp, syncing.cpp and bodies.cpp are its chapters.
#pragma once

#include <deque>

#include "consensus/pow/messages.h"
#include "consensus/pow/peers.h"
#include "consensus/pow/pow.h"
#include "consensus/pow/records.h"

namespace holdfast::pow {

class Core final : public consensus::Engine {
  public:
    Core(const Config& config, Recalled recalled, consensus::JournalHealth health, Instant now);
    void begin(consensus::Effects& out);
    void step(Instant now, consensus::Input input, consensus::Effects& out) override;
    [[nodiscard]] consensus::EngineStatus status() const override;
    [[nodiscard]] NodeId leader() const override { return NodeId{}; }
    [[nodiscard]] consensus::Probe probe() const override;
    [[nodiscard]] std::vector<std::string> broken_invariants() const;  // invariants.cpp
    [[nodiscard]] const Tree& tree() const { return tree_; }
    [[nodiscard]] const Block& delivered() const { return *delivered_; }

  private:
    // core.cpp: inputs, output, timer
    void on_tick();
    void on_received(NodeId from, const Buffer& bytes);
    void on_durable(consensus::Token token);
    void on_synced(const consensus::Synced& synced);
    void send(NodeId to, const Message& message);
    void flush(consensus::Effects& out);
    void flush_records(consensus::Effects& out);
    void flush_timer(consensus::Effects& out);
    [[nodiscard]] std::string note() const;

    // choosing.cpp: which chain, delivered how far
    void choose();
    bool move_towards(Block& goal);
    void ask_check(Block& block);
    void on_checked(const consensus::Checked& checked);
    void put_off(Block& block, WallMillis time_ms);
    void cancel_check();
    void revert_to(Block& fork);
    void deliver(Block& block);
    void advance_final();
    void forget();
    [[nodiscard]] Block* goal();
    [[nodiscard]] Block* best_header();
    [[nodiscard]] U256 work_to_exceed() const;
    [[nodiscard]] bool is_in_a_switch();
    [[nodiscard]] bool is_put_off(const Block& block) const;
    [[nodiscard]] bool is_passable(const Block& block) const;

    // mining.cpp
    void drive_mining();
    void on_payload(const consensus::PayloadReady& ready);
    void on_sealed(const consensus::Sealed& sealed);
    void on_admin(const consensus::Admin& admin);
    void cancel_mining();
    void seal();
    [[nodiscard]] bool may_mine();
    [[nodiscard]] WallMillis time_min() const;

    // syncing.cpp: headers
    void on_neighbours(const consensus::Neighbours& neighbours);
    void on_announce(NodeId from, const Announce& announce);
    void on_ask_headers(NodeId from, const AskHeaders& ask);
    void on_headers(NodeId from, const Headers& headers);
    void on_gap(NodeId from, const Gap& gap);
    void ask_headers(NodeId id, Peer& peer, const Block& from);
    void ask_everybody();
    void catch_up(Height upto, NodeId source);
    Block* take_header(NodeId from, const Header& header);
    [[nodiscard]] Height first_body() const;
    void announce();
    void announce_to(NodeId id, const Peer& peer);
    void mute(NodeId id);
    void expire_requests();
    [[nodiscard]] Peer* heard(NodeId from);
    [[nodiscard]] bool introduced();
    [[nodiscard]] bool is_introduced() const;

    // bodies.cpp
    void fetch();
    void fetch_along(Block& tip);
    void on_ask_bodies(NodeId from, const AskBodies& ask);
    void on_body(NodeId from, const Body& body);
    void on_no_body(NodeId from, const NoBody& answer);
    enum class Failure : uint8_t { late, refused };
    void fail_fetch(const Hash32& hash, Failure failure);
    void fail_fetches_from(NodeId id);
    void end_fetch(const Hash32& hash);
    void keep_body(Block& block, Buffer payload);
    enum class Source : uint8_t { found, busy, none };
    Source find_source(const Block& block, NodeId& source) const;
    void give_up(Block& block);
    [[nodiscard]] bool may_have(const Peer& peer, const Block& block) const;

    struct Asked {
        consensus::AskId ask;
        Hash32 block;  ///< that is asked about, or built upon
    };
    struct Work {
        consensus::AskId ask;
        Header header;
        Buffer payload;
    };
    /// What a step says, in this order.
    struct Output {
        std::vector<consensus::Send> sends;
        consensus::Effects orders;  ///< on the ledger: Revert, Deliver
        consensus::Effects asks;
        std::vector<Hash32> blocks;  ///< to be written
        bool final_moved = false;
        std::optional<consensus::Token> forget;
    };
    /// The wall clock was at least so far, less the host's tolerance: a block was not too early.
    struct ClockFloor {
        Instant at;
        WallMillis time_ms = 0;
    };

    Config config_;
    Tree tree_;
    Instant now_;
    std::string journal_note_;
    std::string miner_note_;
    Counters counters_;

    // durability
    consensus::Token next_token_;
    consensus::Token forgotten_;
    std::deque<std::pair<consensus::Token, Hash32>> writing_;

    // choosing
    Block* delivered_ = nullptr;
    bool changed_ = true;  ///< since the chain was chosen last
    Height told_final_;    ///< in this life
    std::optional<Asked> checking_;
    std::optional<ClockFloor> clock_;
    std::optional<Instant> due_at_;  ///< something that was put off is, first of all

    // mining
    consensus::AskId last_ask_;
    bool mines_ = false;
    std::optional<Asked> need_;
    std::optional<Work> work_;
    Hash32 own_;         ///< sealed here last
    Hash32 refused_on_;  ///< a payload for the top of this block was of no use
    Instant refresh_at_;

    // peers
    std::map<NodeId, Peer> peers_;
    std::map<Hash32, Fetch> fetches_;
    Instant began_at_;
    bool introduced_ = false;  ///< it has asked around
    Instant announce_at_;
    Hash32 announced_;
    std::optional<Instant> catch_up_again_at_;

    Output out_;  ///< of this step
    std::optional<Instant> armed_at_;
};

}  // namespace holdfast::pow
