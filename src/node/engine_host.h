// Feeds an engine and carries out its effects under the contract's one ordering rule: whatever
// stands behind a Persist waits until that record is durable. The rules of the contract are
// asserted here, in production as in the simulator.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "consensus/engine.h"
#include "env/clock.h"
#include "env/lanes.h"
#include "journal/journal.h"

namespace holdfast::node {

/// What the rest of the node does for its engine. Any of these may call EngineHost::step: the input
/// waits its turn.
class EngineClient {
  public:
    virtual ~EngineClient() = default;
    virtual void on_send(const consensus::Send& effect) = 0;
    virtual void on_need_payload(const consensus::NeedPayload& effect) = 0;
    virtual void on_check(const consensus::Check& effect) = 0;
    virtual void on_verify(const consensus::Verify& effect) = 0;
    virtual void on_cancel(const consensus::Cancel& effect) = 0;
    virtual void on_deliver(const consensus::Deliver& effect) = 0;
    virtual void on_catch_up(const consensus::CatchUp& effect) = 0;
    virtual void on_forget(const consensus::Forget& effect) = 0;
    virtual void on_read_at(const consensus::ReadAt& effect) = 0;
    virtual void on_read_refused(const consensus::ReadRefused& effect) = 0;
    virtual void on_accuse(const consensus::Accuse& effect) = 0;
};

class EngineHost {
  public:
    EngineHost(journal::Journal& journal, env::Lanes& lanes, env::Clock& clock,
               EngineClient& client)
        : journal_(journal), lanes_(lanes), clock_(clock), client_(client) {}

    /// Takes the restored engine and carries out the effects of its restoration.
    void start(std::unique_ptr<consensus::Engine> engine, consensus::Effects effects,
               Height applied);
    void step(consensus::Input input);
    /// Nothing is stepped or carried out any more.
    void stop() { stopped_ = true; }
    void on_tick();

    [[nodiscard]] std::optional<Instant> deadline() const { return timer_; }
    [[nodiscard]] consensus::EngineStatus status() const { return engine_->status(); }
    [[nodiscard]] NodeId leader() const { return engine_->leader(); }
    [[nodiscard]] std::vector<NodeId> counted() const { return engine_->counted(); }
    [[nodiscard]] consensus::Probe probe() const { return engine_->probe(); }
    [[nodiscard]] Height final() const { return final_; }
    [[nodiscard]] uint64_t journal_syncs() const { return syncs_; }
    [[nodiscard]] uint64_t journal_records() const { return records_; }
    [[nodiscard]] uint64_t journal_bytes() const { return journal_bytes_; }
    [[nodiscard]] size_t persists_waiting() const { return waiting_.size() + in_flight_; }
    /// As far as the engine has delivered, or was told that it need not.
    [[nodiscard]] Height delivered() const { return delivered_; }
    /// Of every input and effect so far: equal for equal histories.
    [[nodiscard]] uint64_t trace() const { return trace_; }

    /// Drops the journal's prefix, on the journal's lane.
    void forget(consensus::Token upto);

  private:
    struct Held {
        consensus::Token after;
        consensus::Effect effect;
    };

    void drain();
    void carry_out(consensus::Effects effects);
    void carry_out_one(consensus::Effect& effect);
    void persist(consensus::Persist effect);
    void write_group();
    void on_durable(consensus::Token token);
    void note_deliver(const consensus::Deliver& effect);

    journal::Journal& journal_;
    env::Lanes& lanes_;
    env::Clock& clock_;
    EngineClient& client_;
    std::unique_ptr<consensus::Engine> engine_;

    std::deque<consensus::Input> inputs_;
    bool stepping_ = false;
    bool stopped_ = false;
    std::optional<Instant> timer_;

    std::vector<consensus::Persist> waiting_;  ///< not yet handed to the journal's lane
    size_t in_flight_ = 0;                     ///< records of the group being written
    consensus::Token persisted_;               ///< highest token seen
    consensus::Token durable_;
    std::deque<Held> held_;                ///< by ascending token: effects behind a Persist
    size_t held_ordered_ = 0;              ///< how many of them are Deliver, Final or Revert
    consensus::Token last_ordered_after_;  ///< the token the newest of those waits for

    Height delivered_;
    Height final_;
    uint64_t syncs_ = 0, records_ = 0, journal_bytes_ = 0;
    uint64_t trace_ = 0;
};

}  // namespace holdfast::node
