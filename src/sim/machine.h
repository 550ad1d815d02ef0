// One machine: a disk, clocks, a socket, and the process that runs on it, if any. Processes come
// and go; each has a node of the production code with everything it needs, and a pulse.
#pragma once

#include <array>
#include <memory>

#include "node/node.h"
#include "session/session.h"
#include "sim/disk.h"
#include "sim/liar.h"
#include "sim/network.h"
#include "sim/virtual_clock.h"
#include "sim/watch.h"

namespace holdfast::sim {

/// What all machines of a run share.
struct Surroundings {
    const Plan& plan;
    const chain::Genesis& genesis;
    Hash32 genesis_hash;
    Schedule& schedule;
    Network& network;
    Watch& watch;
    /// A block was executed somewhere: for clients that wait for receipts.
    std::function<void(NodeId, const ledger::Executed&)> executed;
    /// A process is about to be taken away.
    std::function<void(const class Machine&)> dying;
};

class Process;

class Machine final : public Socket {
  public:
    enum class Twin : uint8_t { none, first, second };
    Machine(Surroundings& around, NodeId id, Twin twin = Twin::none);
    ~Machine() override;
    Machine(const Machine&) = delete;
    Machine& operator=(const Machine&) = delete;

    /// The operator's `init`: a newborn's disk.
    void install();
    void start();
    /// The process ends now; with the power, what was not synced is at risk.
    void die(Death why);
    /// The process ends in the middle of what it does next; if none is there, the next one does.
    void die_within(uint64_t effects, Death why);
    /// What was to end the process is called off.
    void spare();
    void pause();
    void resume();
    void set_slowness(uint64_t factor) { slowness_ = factor; }
    void set_sync_latency(Duration most) { sync_latency_ = most; }
    /// The machine is down, and its disk is replaced by an empty one.
    void lose_journal(bool with_store);

    /// Its operator's list of the members, from the next life on.
    void set_bootstrap(chain::MemberSet members) { bootstrap_ = std::move(members); }
    [[nodiscard]] const chain::MemberSet& bootstrap() const { return bootstrap_; }

    /// Runs `action` as one event of the process, when it is there and not paused.
    void handle(std::function<void()> action);
    /// The same, later; nothing if another life has begun by then.
    void handle_at(Duration when, std::function<void()> action);

    [[nodiscard]] NodeId id() const { return id_; }
    /// Which of the two that a liar is.
    [[nodiscard]] Twin twin() const { return twin_; }
    /// Its mouth; null if it is honest.
    [[nodiscard]] Liar* liar() { return liar_ ? &*liar_ : nullptr; }
    /// Honest peers talk to one of two twins only; liars to their like.
    [[nodiscard]] bool talks_to(NodeId peer) const;
    /// Where the peer is for this machine, and this machine for the peer.
    [[nodiscard]] NodeId address_of(NodeId peer) const;
    [[nodiscard]] NodeId address_for(NodeId peer) const;
    [[nodiscard]] bool up() const { return process_ != nullptr; }
    [[nodiscard]] bool paused() const { return paused_; }
    [[nodiscard]] uint64_t lives() const { return lives_; }
    /// Of the journal that it has; 0 until a node has read it.
    [[nodiscard]] uint64_t incarnation() const { return incarnation_; }
    /// Its journal was damaged, and nobody has noticed yet.
    void note_harm() { harmed_ = true; }
    /// Whether the journal may be found bad.
    [[nodiscard]] bool harmed() const { return harmed_ || unborn_; }
    /// Journals that it had before.
    [[nodiscard]] uint64_t journals_lost() const { return journals_lost_; }
    [[nodiscard]] node::Node* node() const;
    [[nodiscard]] const consensus::Engine* engine() const;
    [[nodiscard]] JournalDisk& journal_disk() { return journal_disk_; }
    [[nodiscard]] StoreDisk& store_disk() { return store_disk_; }
    [[nodiscard]] const StoreDisk& store_disk() const { return store_disk_; }
    [[nodiscard]] VirtualClock& clock() { return clock_; }
    /// Its clock was set: timers are due at another time.
    void clock_changed();

    // Socket
    [[nodiscard]] bool listening() const override { return up(); }
    [[nodiscard]] bool knows(NodeId peer) const override;
    void on_message(NodeId from, Buffer message) override;
    void on_connected(NodeId peer, ConnectionId connection) override;
    void on_dial_failed(NodeId peer) override;
    void on_bytes(NodeId peer, ConnectionId connection, Buffer bytes) override;
    void on_room(NodeId peer, ConnectionId connection) override;
    void on_broken(NodeId peer, ConnectionId connection) override;

  private:
    friend class Process;

    void after_event();
    void rejoin(bool with_store);
    void note_journal_lost();
    /// Draws are named by this.
    [[nodiscard]] uint64_t number() const;
    [[nodiscard]] Random random(std::string_view what);
    [[nodiscard]] Duration lane_time(env::Lane lane);

    Surroundings& around_;
    NodeId id_;
    Twin twin_;
    std::optional<Liar> liar_;
    VirtualClock clock_;
    JournalDisk journal_disk_;
    StoreDisk store_disk_;
    std::unique_ptr<Process> process_;
    std::deque<std::function<void()>> deferred_;
    std::optional<std::pair<uint64_t, Death>> doom_;  ///< of the next life: effects, and why
    bool paused_ = false;
    chain::MemberSet bootstrap_;  ///< of epoch 0 if nobody had to tell it
    uint64_t slowness_ = 1;
    Duration sync_latency_{};
    uint64_t lives_ = 0;
    uint64_t incarnation_ = 0;
    uint64_t journals_lost_ = 0;
    bool harmed_ = false;
    bool unborn_ = false;  ///< its journal was begun anew, and nothing is on the platter yet
    uint64_t draws_ = 0;
};

}  // namespace holdfast::sim
