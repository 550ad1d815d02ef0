// The engine contract: one input in, an ordered list of effects out. Every family of agreement is a
// pure state machine behind this header; the host (node/engine_host.h) feeds it and carries out
// what it says. Same state and inputs, same effects: no I/O, clock, thread or global randomness.
//
// The one ordering rule: an effect takes place only after every Persist before it in its own list
// is durable. So a vote is [Persist, Send], and a leader's parallel disk write is [Send, Persist]:
// it counts itself when Durable comes back. Deliver, Final and Revert moreover keep their order
// across lists; a Persist never waits for another. See consensus/README.md for the manual.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "consensus/step.h"

namespace holdfast::consensus {

/// What the journal's reader found. Unless intact, the engine takes part in no vote until it is
/// safely past anything that it may have promised.
enum class JournalHealth : uint8_t {
    intact,
    damaged,  ///< a record at or below the durable mark is gone or wrong
    lost,     ///< the journal was made anew for a member that may have had one
};

struct Base {
    Height applied;   ///< what the ledger's store holds; delivery resumes at applied + 1
    Bytes mark;       ///< the mark stored with that block; empty at genesis
    Members members;  ///< in force in the state after that block
    /// For engines that revert: marks of the blocks before it, oldest first, from the final one on
    /// at the latest (none if only genesis is); empty otherwise.
    std::vector<Bytes> earlier = {};
};

struct JournalRecord {
    Token token;
    Buffer bytes;
};

/// What an operator sees.
struct EngineStatus {
    std::string role;              ///< "leader", "follower", "candidate", "learner", "abstaining"
    uint64_t view = 0;             ///< term, ballot or view
    std::optional<NodeId> leader;  ///< as far as this node knows
    Height final;                  ///< highest position known to be final
    Height last;                   ///< highest position known, final or not
    uint64_t members_epoch = 0;    ///< of the set it now counts quorums in
    std::string note;              ///< one line on anything unusual, with the repair; else empty
};

/// Plain data for checkers: name -> number, in a fixed order.
using Probe = std::vector<std::pair<std::string_view, uint64_t>>;

class Engine {
  public:
    virtual ~Engine() = default;
    /// Appends what is to be done to `out`, in order.
    virtual void step(Instant now, Input input, Effects& out) = 0;
    [[nodiscard]] virtual EngineStatus status() const = 0;
    /// The status' leader alone, for whoever asks at every tick; null id if none is known.
    [[nodiscard]] virtual NodeId leader() const { return status().leader.value_or(NodeId{}); }
    /// Everybody whose voice it counts, or may have to: while a change of members is under way,
    /// both the old and the new.
    [[nodiscard]] virtual std::vector<NodeId> counted() const { return {}; }
    [[nodiscard]] virtual Probe probe() const = 0;
};

}  // namespace holdfast::consensus
