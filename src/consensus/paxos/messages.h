// What the nodes say to each other, and the encoding, with a bound on everything. A message that
// breaks one is refused whole: bytes from outside never reach a CHECK. [PMMC §2]
#pragma once

#include <variant>

#include "consensus/paxos/slots.h"
#include "consensus/wire.h"

namespace holdfast::paxos {

inline constexpr size_t value_bytes_max = size_t{12} * 1024 * 1024;
inline constexpr size_t message_values_max = 4096;
using consensus::ordinal_max;

/// Goes before every message: who speaks, and the highest ballot that he has promised. Of a
/// proposer, that is his own; in an answer to somebody else's lower one, it is the refusal.
struct Header {
    Ballot ballot;
    Speaker speaker;
};

/// Would you promise me the next round? Promises nothing.
struct Poll {
    Slot chosen;  ///< what the asker knows to be chosen
};
struct PollReply {
    bool granted = false;
    Slot start;  ///< before this, the one who answers remembers nothing
    Height start_position;
};
/// Phase 1a, for every slot from `first` on, at once. [PMMC §2.4] [PML §4.2]
struct Prepare {
    Slot first;
    bool insists = false;  ///< leads already, or shall by order: stickiness does not hold it up
};
struct Acceptance {
    Slot slot;
    Ballot ballot;
    Value value;
};
/// Phase 1b: everything accepted from `first` on, or as much of it as one message bears.
struct Promise {
    bool granted = false;
    Slot first;
    Slot start;  ///< at or above `first`: what was accepted before this is not remembered any more
    Height start_position;
    Slot chosen;
    bool more = false;  ///< ask again, from after the last of these
    std::vector<Acceptance> accepted;
};
/// Phase 2a, for as many slots from `first` on as there are values.
struct Accept {
    Slot first;
    Slot chosen;               ///< everything up to here is
    uint64_t round = 0;        ///< of the leader's proofs that it still leads
    bool wants_answer = true;  ///< unless it only tells of what is chosen
    std::vector<Value> values;
};
/// Phase 2b, and where the acceptor stands.
struct Accepted {
    bool granted = false;
    Slot first;          ///< of the Accept that is answered...
    uint64_t count = 0;  ///< ...so many from there on are on disk here; 0: nothing is said of them
    Slot durable;        ///< everything up to here is, or is known to be chosen
    Slot reached;        ///< the same if this disk does its work; the leader sends on from there
    Slot sent;  ///< all that the leader had sent before it asked; 0: an answer that may overtake
    uint64_t round = 0;
};
/// What is chosen in slots that the receiver does not know of, one after the other; each with a
/// ballot in which it was accepted. Whoever knows may tell. [PMS §2.3]
struct Decided {
    std::vector<Acceptance> decided;
};
using consensus::Behind;
/// Take over at once.
struct Campaign {};
using consensus::Life;
using consensus::ReadReply;
using consensus::ReadRequest;

using Body = std::variant<Poll, PollReply, Prepare, Promise, Accept, Accepted, Decided, Behind,
                          Campaign, ReadRequest, ReadReply>;
struct Message {
    Header header;
    Body body;
};

Buffer encode(const Header& header, const Body& body);
/// Errors: codec_errc. In a decoded Promise slots ascend, from `first` on; configurations decode.
Result<Message> decode(ByteView bytes);

void write(Writer& out, const Acceptance& acceptance);
Acceptance read_acceptance(Reader& in);
void write(Writer& out, const Ballot& ballot);
Ballot read_ballot(Reader& in);
/// Values as journal and messages both carry them; their slot is told by their place.
void write(Writer& out, const Value& value);
Value read_value(Reader& in);

}  // namespace holdfast::paxos
