// The state machine behind raft.h, whole: one object, five files. core.cpp is its frame (inputs,
// output, timers), election.cpp, replication.cpp, membership.cpp and reads.cpp its chapters.
#pragma once

#include <map>

#include "base/random.h"
#include "consensus/quorum.h"
#include "consensus/raft/peer.h"
#include "consensus/raft/records.h"

namespace holdfast::raft {

class Core final : public consensus::Engine {
  public:
    Core(const Config& config, const consensus::Base& base, Recalled recalled, std::string note,
         Instant now);
    /// The first life-sign: writes down that a new life began, and arms the timer.
    void begin(consensus::Effects& out);
    void step(Instant now, consensus::Input input, consensus::Effects& out) override;
    [[nodiscard]] consensus::EngineStatus status() const override;
    [[nodiscard]] NodeId leader() const override { return leader_; }
    [[nodiscard]] std::vector<NodeId> counted() const override;
    [[nodiscard]] consensus::Probe probe() const override;
    [[nodiscard]] std::vector<std::string> broken_invariants() const;  // invariants.cpp
    [[nodiscard]] const Log& log() const { return log_; }
    [[nodiscard]] Role role() const { return role_; }
    [[nodiscard]] Term term() const { return promise_.term; }
    [[nodiscard]] Index commit() const { return commit_; }

  private:
    // core.cpp: inputs, output, timers
    void on_tick();
    void on_received(NodeId from, const Buffer& bytes);
    void on_durable(consensus::Token token);
    void on_payload(consensus::AskId ask, const Buffer& payload);
    void on_synced(const consensus::Synced& synced);
    bool accept_term(NodeId from, const Message& message);
    void send(NodeId to, const Body& body);
    void send_after_persist(NodeId to, const Body& body);
    void flush(consensus::Effects& out);
    void flush_timer(consensus::Effects& out);
    [[nodiscard]] bool promise_durable() const;
    [[nodiscard]] Header header() const { return {promise_.term, promise_.speaker}; }

    // election.cpp
    void become_follower(Term term, NodeId leader);
    void become_poller();
    void become_candidate(bool transfer);
    void become_leader();
    void ask_for_votes(Ballot ballot, bool transfer);
    void count_own_vote();
    void count_vote(NodeId voter, const Speaker& speaker, bool granted);
    void settle_election();
    void on_vote_request(NodeId from, const Header& header, const VoteRequest& request);
    void on_vote_reply(NodeId from, const Header& header, const VoteReply& reply);
    void on_timeout_now(NodeId from);
    void restart_election_timer();
    [[nodiscard]] bool may_campaign() const;
    [[nodiscard]] bool hears_leader() const;
    void check_quorum_contact();

    // replication.cpp, the leader's side
    void pump();
    void append_own(EntryKind kind, Buffer data);
    void replicate(NodeId id, Peer& peer);
    void send_append(NodeId id, Peer& peer, bool wants_answer = true);
    void send_behind(NodeId id);
    void beat();
    void tell_commit();
    void advance_commit();
    void ask_payload();
    void cancel_ask();
    void on_append_reply(NodeId from, const Header& header, const AppendReply& reply);
    void on_refusal(Peer& peer, const AppendReply& reply);
    // replication.cpp, the follower's side
    void on_append(NodeId from, const Append& append);
    void on_behind(NodeId from, const Behind& behind);
    bool store_entries(const Append& append);
    void refuse_append(NodeId to, const Append& append);
    void follow(NodeId leader);
    // both sides
    void commit_through(Index index);
    void deliver();
    void compact();
    void catch_up(Height upto, NodeId source);

    // membership.cpp
    void learn_members(const consensus::Members& members);
    void drive_membership();
    void append_configuration(const Configuration& configuration);
    void hand_over_if_leaving(const Configuration& next);
    void refresh_peers();
    void leave_if_removed();
    void drive_transfer();
    void on_admin(const consensus::Admin& admin);
    [[nodiscard]] Configuration next_configuration() const;
    [[nodiscard]] Seat next_seat(NodeId id, const Seat* now) const;
    [[nodiscard]] bool caught_up(const Peer& peer) const;
    [[nodiscard]] bool ready(NodeId id) const;
    [[nodiscard]] bool has_live_majority(const std::vector<Seat>& seats) const;
    [[nodiscard]] NodeId most_up_to_date(const Configuration& next) const;
    [[nodiscard]] std::string membership_note() const;

    // reads.cpp
    void on_read(consensus::ReadId id);
    void on_read_request(NodeId from, const ReadRequest& request);
    void on_read_reply(NodeId from, const ReadReply& reply);
    void begin_read_round();
    void serve_reads();
    void forward_reads();
    void expire_reads();
    void refuse_reads(const std::string& why);

    /// The highest value that a quorum has reached, where `value` says what a seat has.
    template <class T, class F>
    [[nodiscard]] T reached(F value, T if_empty) const {
        const auto side = [&](const std::vector<Seat>& seats) {
            std::vector<T> values;
            values.reserve(seats.size());
            for (const Seat& seat : seats) values.push_back(value(seat));
            return values;
        };
        const Configuration& configuration = log_.configuration();
        return consensus::reached_by_both(side(configuration.voters), side(configuration.outgoing),
                                          if_empty);
    }

    Config config_;
    Random random_;
    Log log_;
    Promise promise_;
    Instant now_;
    std::string note_;

    // durability
    consensus::Token next_token_;     ///< of the one record that this step may write
    consensus::Token promise_token_;  ///< of the record that holds `promise_`
    consensus::Token durable_;
    consensus::Token forgotten_;

    Index commit_;
    Index delivered_;
    Height delivered_position_;

    Role role_ = Role::follower;
    NodeId leader_;  ///< 0: unknown
    Instant leader_heard_at_;
    Instant election_at_;
    consensus::VoteTally tally_incoming_;
    consensus::VoteTally tally_outgoing_;

    // leader
    std::map<NodeId, Peer> peers_;
    Index term_start_;  ///< of the no-op that opened the term
    Instant leader_since_, beat_at_;
    uint64_t round_ = 0;
    std::optional<consensus::AskId> ask_;
    consensus::AskId last_ask_;
    struct Transfer {
        NodeId target;
        Instant until;
        bool ordered = false;
    };
    std::optional<Transfer> transfer_;
    struct EncodedAppend {
        Index previous;
        size_t count = 0;
        Index commit;
        uint64_t round = 0;
        bool wants_answer = true;
        Buffer bytes;
    };
    std::optional<EncodedAppend> last_append_;  ///< the same for every peer at one place

    // membership
    consensus::Members desired_;

    // reads
    std::deque<PendingRead> reads_;            ///< of a leader, oldest first
    std::deque<consensus::ReadId> waiting_;    ///< of others: not yet forwarded
    std::deque<consensus::ReadId> forwarded_;  ///< covered by request number `read_number_`
    uint64_t read_number_ = 0;
    Instant reads_expire_at_;

    std::optional<Instant> catch_up_again_at_;

    // output of one step
    bool promise_changed_ = false;
    std::optional<Mark> start_changed_;
    std::optional<Index> first_appended_;
    std::vector<consensus::Effect> asks_;  ///< before anything is persisted
    std::vector<consensus::Send> sends_;
    std::vector<consensus::Send> sends_after_;
    std::vector<consensus::Effect> deliveries_;
    std::optional<consensus::Token> forget_;
    std::optional<Instant> armed_at_;
};

}  // namespace holdfast::raft
