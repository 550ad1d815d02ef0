// What goes into a step of an engine and what comes out: the vocabulary of engine.h, where the
// rule of their order is. Plain values.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/number.h"
#include "base/time.h"
#include "consensus/members.h"

namespace holdfast::consensus {

/// A place in the journal. Tokens only grow and are never reused, not even after a truncation.
using Token = Ordinal<struct TokenTag>;
/// Names a question to the host, so that its answer can be told from an older one's.
using AskId = Ordinal<struct AskTag>;
using ReadId = Ordinal<struct ReadTag>;

/// Where a payload came from, the same on all nodes: it enters execution.
struct Origin {
    NodeId proposer;
    uint64_t epoch = 0;
    uint64_t view = 0;
    bool operator==(const Origin&) const = default;
};

enum class Verdict : uint8_t { ok, bad, later };

// inputs ---------------------------------------------------------------------------------------
/// The deadline last asked for has passed.
struct Tick {};
/// From an authenticated peer; may be lost, late, repeated, reordered, hostile.
struct Received {
    NodeId from;
    Buffer bytes;
};
/// Everything persisted up to this token is on stable storage.
struct Durable {
    Token token;
};
/// The answer to NeedPayload.
struct PayloadReady {
    AskId ask;
    Buffer payload;
    WallMillis time_ms = 0;  ///< that the payload bears, for engines whose headers repeat it
};
/// The answer to Check.
struct Checked {
    AskId ask;
    Verdict verdict = Verdict::ok;
    WallMillis time_ms = 0;  ///< that the payload bears
};
/// The answer to Verify: one verdict an item.
struct Verified {
    AskId ask;
    std::vector<bool> valid;
};
/// The node caught up outside the engine: the ledger now stands at `position`.
struct Synced {
    Height position;
    Bytes mark;
    Members members;
    std::vector<Bytes> earlier = {};  ///< as in Base
};
/// The ledger decided on a change in block `boundary`, which is certified. For an engine of epochs
/// it comes at the end of each, changed or not.
struct MembersChanged {
    Height boundary;
    Members members;
};
/// A linearizable read wants its point in the order.
struct Read {
    ReadId id;
};
enum class AdminAction : uint8_t { transfer_leadership, start_mining, stop_mining };
struct Admin {
    AdminAction action = AdminAction::transfer_leadership;
    NodeId target;  ///< of a transfer; 0: whoever is most up to date
};
/// Proof of work found.
struct Sealed {
    AskId ask;
    uint64_t nonce = 0;
};
/// Everybody whom this node can reach now. Engines of closed membership need not care.
struct Neighbours {
    std::vector<NodeId> reachable;
};

using Input = std::variant<Tick, Received, Durable, PayloadReady, Checked, Verified, Synced,
                           MembersChanged, Read, Admin, Sealed, Neighbours>;

// effects --------------------------------------------------------------------------------------
/// Append to this engine's journal.
struct Persist {
    Token token;
    Buffer record;
};
/// Best effort.
struct Send {
    NodeId to;
    Buffer bytes;
};
/// One deadline, replaced by the next.
struct SetTimer {
    Instant at;
};
/// Pull a payload to follow `ancestors`: every payload proposed or known but not yet delivered,
/// oldest first, so that the host can leave their transactions out. At most one is unanswered at a
/// time.
struct NeedPayload {
    AskId ask;
    std::vector<Buffer> ancestors;
    size_t bytes_max = 0;
    WallMillis time_min_ms = 0;  ///< the payload may bear no earlier time than this
};
/// Is it well formed, are its signatures good, is its time within bounds? Never: does it execute.
/// For an engine that reverts: does it name what executing the block delivered last gave?
struct Check {
    AskId ask;
    Buffer parent;  ///< null if that was delivered already, or is none
    Buffer payload;
};
struct VerifyItem {
    crypto::NodePublicKey key;
    Bytes message;
    crypto::NodeSignature signature;
};
/// Check these signatures on the workers.
struct Verify {
    AskId ask;
    std::vector<VerifyItem> items;
};
/// The answer to this ask no longer matters.
struct Cancel {
    AskId ask;
};
/// In order, without gaps. `position` is the block height; no-ops and configuration entries take
/// none. `mark` is opaque to the host, stored with the block: what an engine restarts from.
struct Deliver {
    Height position;
    Buffer payload;
    Origin origin;
    Bytes mark;
};
/// Monotone: everything delivered up to here is for ever.
struct Final {
    Height upto;
};
/// Proof of work only, never below `final`: undo everything delivered above this.
struct Revert {
    Height above;
};
/// Too far behind: the node should sync blocks or a snapshot from peers, up to at least `upto`.
/// What was delivered from `from` on, but is not final, gives way to other blocks of the source.
struct CatchUp {
    Height from;
    Height upto;
    NodeId source;  ///< a peer known to have them; 0 if none in particular
};
/// A prefix of the journal is no longer needed, once the ledger's own store has flushed everything
/// delivered so far. Every promise still binding has been persisted again beyond it.
struct Forget {
    Token upto;
};
/// Find the nonce that seals the header (seal.h). Replaces the last; Cancel ends it.
struct Seal {
    AskId ask;
    Bytes header;
    std::array<uint8_t, 32> target{};
};
/// Serve the read once executed up to here.
struct ReadAt {
    ReadId id;
    Height height;
};
struct ReadRefused {
    ReadId id;
    std::string why;
};
/// Two signed statements that no honest node can both have made.
struct Accuse {
    Bytes evidence;
};

using Effect = std::variant<Persist, Send, SetTimer, NeedPayload, Check, Verify, Cancel, Deliver,
                            Final, Revert, CatchUp, Forget, Seal, ReadAt, ReadRefused, Accuse>;
using Effects = std::vector<Effect>;

/// Effects on the ledger's order must not overtake each other, whatever list they came in.
inline bool is_ordered(const Effect& effect) {
    return std::holds_alternative<Deliver>(effect) || std::holds_alternative<Final>(effect) ||
           std::holds_alternative<Revert>(effect);
}

}  // namespace holdfast::consensus
