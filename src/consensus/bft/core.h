// The state machine behind bft.h, whole: one object, a chapter in each file. core.cpp is its frame
// (inputs, output, timers); voting.cpp, leading.cpp, certifying.cpp, finality.cpp, exchange.cpp and
// inquiring.cpp its chapters. Facts come in, and after each input `progress` does all that the
// rules of the protocol allow by now.
#pragma once

#include <deque>
#include <map>
#include <ranges>
#include <set>

#include "base/random.h"
#include "consensus/bft/candidates.h"
#include "consensus/bft/records.h"

namespace holdfast::bft {

class Core final : public consensus::Engine {
  public:
    Core(const Config& config, const consensus::Base& base, Recalled recalled, std::string note,
         Instant now);
    /// Delivers again what the journal knows to be final, and says that a new life began.
    void begin(consensus::Effects& out);
    void step(Instant now, consensus::Input input, consensus::Effects& out) override;
    [[nodiscard]] consensus::EngineStatus status() const override;
    [[nodiscard]] NodeId leader() const override;
    [[nodiscard]] consensus::Probe probe() const override;
    [[nodiscard]] std::vector<NodeId> counted() const override;
    [[nodiscard]] std::vector<std::string> broken_invariants() const;  // invariants.cpp

  private:
    // core.cpp: inputs, output, timers
    void on_tick();
    void on_received(NodeId from, const Buffer& bytes);
    void on_durable(consensus::Token token);
    void progress();
    void send(NodeId to, const Body& body);
    void send_to_others(const Body& body, std::vector<consensus::Send>& out, NodeId but) const;
    void broadcast(const Body& body) { send_to_others(body, sends_, {}); }
    void broadcast_after_persist(const Body& body) { send_to_others(body, sends_after_, {}); }
    void flush(consensus::Effects& out);
    void flush_timer(consensus::Effects& out);
    [[nodiscard]] Record checkpoint() const;
    [[nodiscard]] const Slot* slot(View view) const;
    [[nodiscard]] uint64_t epoch_after(Height height) const;
    [[nodiscard]] bool is_closed() const;
    [[nodiscard]] Place place(View view) const { return {.epoch = epoch_.number, .view = view}; }

    // voting.cpp: R1, R3, R4, R5
    bool advance_view();
    void enter_view();
    void vote();
    void notarize(View view);
    void check(Known& known);
    void on_checked(const consensus::Checked& checked);
    void skip_if_due();
    bool say(StatementKind kind, View view, const Hash32& digest);
    [[nodiscard]] bool may_speak() const;
    [[nodiscard]] bool has_parent(const Proposal& proposal) const;
    [[nodiscard]] bool fits_parent(const Known& known, Height parent_height) const;
    [[nodiscard]] std::optional<Height> height_of(View view, const Hash32& digest) const;
    [[nodiscard]] std::optional<Instant> skip_at() const;
    [[nodiscard]] Duration patience(uint64_t deltas) const;

    // leading.cpp: R2
    void lead();
    void propose(const Buffer& payload);
    void on_payload(consensus::AskId ask, const Buffer& payload);
    void cancel_ask();
    void on_propose(NodeId from, const Propose& propose);
    void on_waiting(NodeId from, const Waiting& waiting);
    [[nodiscard]] std::optional<View> parent_view() const;
    [[nodiscard]] Hash32 digest_at(View view) const;
    [[nodiscard]] std::vector<Certificate> justification(View parent) const;

    // certifying.cpp: votes into certificates, R7, evidence
    void on_vote(NodeId from, const SignedStatement& said);
    void on_certificate(NodeId from, const Certificate& certificate);
    void on_verified(const consensus::Verified& verified);
    void on_votes_verified(const VoteCheck& check, const std::vector<bool>& valid);
    void certify(const Statement& statement);
    void accept(const Certificate& certificate, NodeId from);
    void adopt(const Certificate& certificate);
    void hear(NodeId signer, const SignedStatement& said, Trust trust);
    void suspect(NodeId signer, const SignedStatement& one, const SignedStatement& other);
    [[nodiscard]] bool is_wanted(const Statement& statement) const;

    // finality.cpp: R6, R10
    void finalize(const Certificate& certificate);
    void deliver();
    std::optional<std::vector<const Known*>> path_to_final();
    void settle(const Known& known);
    [[nodiscard]] const Certificate* certificate_of(const Known& known) const;
    void prune();
    void on_members(const consensus::MembersChanged& change);
    void on_synced(const consensus::Synced& synced);
    void finish_sync(Height position, const consensus::Members& members, const Mark& mark);
    void start_epoch(uint64_t number, const consensus::Members& members, Height root);
    void recall_epoch();

    // exchange.cpp: R8, R9
    void announce();
    void on_standing(NodeId from, const Standing& standing);
    void help(NodeId peer, const Standing& standing);
    [[nodiscard]] bool is_durable(const SignedStatement& said) const;
    void want(const Hash32& digest, NodeId hint);
    void fetch_notarized();
    void fetch_again();
    [[nodiscard]] size_t candidates_missing() const;
    [[nodiscard]] bool is_missing(const Hash32& digest) const;
    [[nodiscard]] bool is_in_vain(const Hash32& digest) const;
    void on_fetch(NodeId from, const Fetch& fetch);
    void on_fetched(NodeId from, const Fetched& fetched);
    void catch_up(Height upto, NodeId source);
    [[nodiscard]] NodeId some_peer();

    // inquiring.cpp: linearizable reads, and what a lost journal may have said
    void on_read(consensus::ReadId id);
    void on_inquiry(NodeId from, const Inquiry& inquiry);
    void on_answer(NodeId from, const Answer& answer);
    void inquire();
    void serve_reads();
    void expire_reads();
    void remember();
    [[nodiscard]] Place seen() const;
    [[nodiscard]] const Certificate* seen_certificate() const;

    Config config_;
    crypto::NodeKey key_;
    Random random_;
    Instant now_;
    std::string note_;
    uint64_t incarnation_ = 0;
    bool forgetful_ = false;  ///< lost its journal, and has not yet asked round
    bool silenced_ = false;   ///< says nothing in this life; `note_` tells why
    Gate gate_;

    // the epoch
    Epoch epoch_;
    std::map<View, Slot> slots_;  ///< above what is delivered
    View current_ = 1;            ///< the lowest view that is not cleared
    Instant entered_at_;
    Instant leader_heard_at_;
    std::optional<Instant> proposal_at_;  ///< when the current view's came
    std::set<NodeId> idle_leaders_;       ///< let their turn pass, and silent since

    // finality
    View final_view_ = 0;
    Hash32 final_digest_;
    std::optional<Certificate> final_certificate_;
    Height ledger_;  ///< up to here the ledger needs nothing; by a sync, ahead of `delivered_`
    Height delivered_;
    View delivered_view_ = 0;
    Hash32 delivered_digest_;
    std::optional<Certificate> closing_;  ///< of the epoch before
    Height closing_height_;

    Candidates candidates_;
    Recalled recalled_;  ///< of epochs that have not begun yet
    // questions to the host
    void verify(Asked asked, std::vector<consensus::VerifyItem> items);
    [[nodiscard]] consensus::VerifyItem item(NodeId signer, const SignedStatement& said) const;
    std::map<consensus::AskId, Asked> verifying_;
    std::map<consensus::AskId, Hash32> checking_;
    consensus::AskId last_ask_;
    std::optional<consensus::AskId> ask_;  ///< for a payload
    View ask_view_ = 0;
    Hash32 ask_parent_;
    Instant waiting_said_at_;
    std::set<std::pair<NodeId, Place>> accused_;

    Instant announce_at_;
    uint64_t announcements_ = 0;  ///< since anything moved
    std::map<NodeId, Helped> helped_;
    std::map<Hash32, Fetching> fetching_;
    std::optional<Instant> catch_up_again_at_;

    // inquiries
    std::optional<Round> round_;
    std::vector<consensus::ReadId> reads_next_;  ///< wait for the next round
    std::vector<PendingRead> reads_pending_;     ///< have their target, wait for finality
    Instant reads_expire_at_;
    consensus::Token next_token_;
    consensus::Token durable_;
    std::deque<Unsynced> unsynced_;  ///< own statements that do not count yet
    size_t journaled_bytes_ = 0;     ///< since the last checkpoint
    View checkpoint_view_ = 0;

    // output of one step
    bool changed_ = false;
    Record record_;
    std::vector<consensus::Effect> asks_, deliveries_;
    std::vector<consensus::Send> sends_, sends_after_;
    std::optional<Instant> armed_at_;
};

}  // namespace holdfast::bft
