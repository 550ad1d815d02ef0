// The state machine behind paxos.h, whole: one object, seven files. core.cpp is its frame (inputs,
// output, timers); acceptor.cpp, election.cpp, recovery.cpp, proposing.cpp, membership.cpp and
// reads.cpp are its chapters.
#pragma once

#include "base/random.h"
#include "consensus/paxos/peer.h"
#include "consensus/paxos/records.h"

namespace holdfast::paxos {

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
    [[nodiscard]] const Slots& slots() const { return slots_; }
    [[nodiscard]] Role role() const { return role_; }
    [[nodiscard]] const Vow& vow() const { return vow_; }

  private:
    // core.cpp: inputs, output, timers
    void on_tick();
    void on_received(NodeId from, const Buffer& bytes);
    void on_durable(consensus::Token token);
    void on_payload(consensus::AskId ask, const Buffer& payload);
    void on_synced(const consensus::Synced& synced);
    void send(NodeId to, const Body& body);
    void send_after_persist(NodeId to, const Body& body);
    void flush(consensus::Effects& out);
    void flush_timer(consensus::Effects& out);
    void flush_record(consensus::Effects& out);
    [[nodiscard]] bool vow_durable() const { return !out_.vow_changed && vow_token_ <= durable_; }

    // acceptor.cpp: what is promised and accepted, learnt and delivered
    void on_prepare(NodeId from, const Header& header, const Prepare& prepare);
    void send_promise(NodeId to, Slot first, bool granted);
    void on_accept(NodeId from, const Header& header, const Accept& accept);
    void on_behind(NodeId from, const Header& header, const Behind& behind);
    bool follow(NodeId from, const Header& header);
    bool store(Slot slot, const Value& value);
    void learn();
    void inquire();
    void send_decided(NodeId to, Slot after);
    void on_decided(const Decided& decided);
    void choose();
    void deliver();
    void compact();
    void catch_up(Height upto, NodeId source);
    [[nodiscard]] Accepted standing(uint64_t round) const;

    // election.cpp
    void become_follower(NodeId leader);
    void become_poller();
    void become_candidate(bool transfer);
    void become_leader();
    void count_poll(NodeId from, const Speaker& speaker, bool granted);
    void on_poll(NodeId from, const Poll& poll);
    void on_poll_reply(NodeId from, const Header& header, const PollReply& reply);
    void on_campaign(NodeId from);
    void restart_election_timer();
    [[nodiscard]] bool may_campaign() const;
    [[nodiscard]] bool hears_leader() const;
    void check_quorum_contact();

    // recovery.cpp: phase 1, the proposer's side
    void ask_promise(NodeId id, Peer& peer, bool insists);
    void on_promise(NodeId from, const Header& header, const Promise& promise);
    void count_own_promise();
    void adopt(const Acceptance& acceptance);
    void recover();
    [[nodiscard]] bool promised_by_quorum(Slot slot) const;

    // proposing.cpp: phase 2, the proposer's side
    void pump();
    void propose(Value value);
    [[nodiscard]] bool may_propose() const;
    [[nodiscard]] Value own_value(Kind kind, Buffer data) const;
    void advance_chosen();
    void replicate(NodeId id, Peer& peer);
    void send_accept(NodeId id, Peer& peer);
    void send_word(NodeId id, Peer& peer, bool wants_answer);
    void send_behind(NodeId id);
    void beat();
    void tell_chosen();
    void ask_payload();
    void cancel_ask();
    Peer* hear(NodeId from, const Header& header, uint64_t round);
    void on_accepted(NodeId from, const Header& header, const Accepted& accepted);

    // membership.cpp
    void learn_members(const consensus::Members& members);
    void drive_membership();
    void propose_configuration(const Configuration& configuration);
    void hand_over_if_leaving(const Configuration& next);
    void refresh_peers();
    void leave_if_removed();
    void drive_transfer();
    void on_admin(const consensus::Admin& admin);
    [[nodiscard]] Slot governed_from() const;
    [[nodiscard]] const Configuration& now_in_force() const {
        return slots_.configuration_at(slots_.chosen().next());
    }
    [[nodiscard]] bool seated() const;
    [[nodiscard]] Configuration next_configuration() const;
    [[nodiscard]] Seat next_seat(NodeId id, const Seat* now) const;
    [[nodiscard]] bool caught_up(const Peer& peer) const;
    [[nodiscard]] bool ready(NodeId id) const;
    [[nodiscard]] bool has_live_majority(const Configuration& configuration) const;
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

    /// The highest value that a majority of `configuration` has reached: this node has `own`.
    template <class T, class F>
    [[nodiscard]] T reached(const Configuration& configuration, T own, F value, T unheard) const {
        const Self<T> self{config_.self, vow_.speaker, own};
        return reached_by(configuration, self, peers_, value, unheard);
    }

    Config config_;
    Random random_;
    Slots slots_;
    Vow vow_;
    Instant now_;
    std::string note_;

    // durability
    consensus::Token next_token_;  ///< of the one record that this step may write
    consensus::Token vow_token_;   ///< of the record that holds `vow_`
    consensus::Token durable_;
    consensus::Token forgotten_;

    // acceptor and learner
    Ballot told_ballot_;  ///< of the leader that told...
    Slot told_chosen_;    ///< ...that everything up to here is chosen
    Slot delivered_;
    Height delivered_position_;

    Role role_ = Role::follower;
    NodeId leader_;  ///< 0: unknown
    Instant leader_heard_at_;
    Instant election_at_;
    uint64_t round_seen_ = 0;  ///< the highest that anybody spoke of
    std::vector<Seat> polled_;
    consensus::VoteTally polls_;

    // proposer: candidate or leader
    std::map<NodeId, Peer> peers_;
    std::vector<std::pair<NodeId, Speaker>> promises_;    ///< whose phase 1 is complete
    std::map<Slot, std::pair<Ballot, Value>> recovered_;  ///< to be proposed again
    Slot recovered_upto_;                                 ///< the highest of them that ever was
    // leader
    Slot next_slot_;
    Slot changed_at_;  ///< newest slot in which it proposed a configuration
    Instant leader_since_, beat_at_;
    uint64_t round_ = 0;
    std::optional<consensus::AskId> ask_;
    consensus::AskId last_ask_;
    std::optional<Transfer> transfer_;
    std::optional<EncodedAccept> last_accept_;  ///< the same for every peer at one place

    // membership
    consensus::Members desired_;

    // reads
    std::deque<PendingRead> reads_;            ///< of a leader, oldest first
    std::deque<consensus::ReadId> waiting_;    ///< of others: not yet forwarded
    std::deque<consensus::ReadId> forwarded_;  ///< covered by request number `read_number_`
    uint64_t read_number_ = 0;
    Instant reads_expire_at_;

    std::optional<Instant> catch_up_again_at_;

    Output out_;  ///< of this step
    std::optional<Instant> armed_at_;
};

}  // namespace holdfast::paxos
