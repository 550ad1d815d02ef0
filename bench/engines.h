// Raft engines alone, on one thread: a network, disks and timers of the plainest kind in virtual
// time. What the simulator could do at most if everything but the engines cost nothing.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "base/random.h"
#include "consensus/raft/raft.h"

namespace holdfast::bench {

/// Inputs that engines were stepped with, by kind: each is one event.
struct EngineEvents {
    uint64_t messages = 0, syncs = 0, timers = 0, payloads = 0;
    [[nodiscard]] uint64_t all() const { return messages + syncs + timers + payloads; }
};

class Engines {
  public:
    Engines(uint64_t nodes, uint64_t seed);

    /// Until so many more events are over.
    void run(uint64_t events);

    [[nodiscard]] const EngineEvents& events() const { return events_; }
    [[nodiscard]] Duration simulated() const { return now_ - Instant{}; }
    /// By the node that has delivered least.
    [[nodiscard]] uint64_t delivered() const;

  private:
    /// Something that will happen to a node. A null `input` looks at the alarm.
    struct Event {
        Instant at;
        uint64_t order = 0;  ///< of two at the same time, the one that was made first
        size_t node = 0;
        std::optional<consensus::Input> input;
    };
    struct Later {
        bool operator()(const Event& a, const Event& b) const {
            return a.at != b.at ? a.at > b.at : a.order > b.order;
        }
    };
    struct Held {
        consensus::Token after;
        consensus::Effect effect;
    };
    struct Node {
        std::unique_ptr<consensus::Engine> engine;
        std::deque<Held> held;  ///< effects that wait for the disk, in order
        consensus::Token written, durable;
        bool syncing = false;
        std::optional<Instant> alarm;     ///< the deadline
        std::optional<Instant> looks_at;  ///< of the event that looks whether it has passed
        uint64_t delivered = 0;
    };

    void happen(Event event);
    void look_at_alarm(size_t at);
    void look_at_alarm_later(size_t at);
    void step(size_t at, consensus::Input input);
    void take(size_t at, consensus::Effects& effects);
    void release(size_t at);
    void carry_out(size_t at, const consensus::Effect& effect);
    void sync(size_t at);
    void later(Duration after, size_t node, std::optional<consensus::Input> input);

    std::vector<Node> nodes_;
    std::vector<Event> queue_;  ///< a heap
    Random random_;
    Instant now_;
    uint64_t made_ = 0;
    Buffer payload_ = make_buffer(Bytes(110, 7));
    EngineEvents events_;
};

}  // namespace holdfast::bench
