// What Raft nodes say to each other, and the encoding, with a bound on everything. A message that
// breaks one is refused whole: bytes from outside never reach a CHECK. [Raft Fig. 2]
#pragma once

#include <variant>

#include "consensus/raft/log.h"
#include "consensus/wire.h"

namespace holdfast::raft {

inline constexpr size_t entry_bytes_max = size_t{12} * 1024 * 1024;
inline constexpr size_t append_entries_max = 4096;
using consensus::ordinal_max;

/// Says who speaks and where he stands; goes before every message.
struct Header {
    Term term;
    Speaker speaker;
};

/// `poll` asks whether an election could be won, and promises nothing. [RaftDiss §9.6]
enum class Ballot : uint8_t { poll = 0, vote = 1 };

struct VoteRequest {
    Ballot ballot = Ballot::vote;
    bool transfer = false;          ///< by order of the leader: stickiness does not hold it up
    uint64_t seat_incarnation = 0;  ///< of the seat that the candidate asks for this vote
    EntryId last;
};
struct VoteReply {
    Ballot ballot = Ballot::vote;
    bool granted = false;
};
struct Append {
    EntryId previous;
    Index commit;
    uint64_t round = 0;        ///< of the leader's proofs that it still leads. [RaftDiss §6.4]
    bool wants_answer = true;  ///< unless it only tells of a commit
    std::vector<Entry> entries;
};
struct AppendReply {
    bool accepted = false;
    Index index;   ///< accepted: on disk up to here. Refused: the previous index that did not fit.
    EntryId hint;  ///< refused: the last entry here that may fit
    uint64_t round = 0;
};
using consensus::Behind;
/// Campaign at once. [RaftDiss §3.10]
struct TimeoutNow {};
using consensus::Life;
using consensus::ReadReply;
using consensus::ReadRequest;

using Body = std::variant<VoteRequest, VoteReply, Append, AppendReply, Behind, TimeoutNow,
                          ReadRequest, ReadReply>;
struct Message {
    Header header;
    Body body;
};

Buffer encode(const Header& header, const Body& body);
/// Errors: codec_errc. An accepted Append has consecutive positions, terms that never fall and none
/// above the header's, and configurations that decode.
Result<Message> decode(ByteView bytes);

/// Entries as journal and messages both carry them; their index is told by their place.
void write(Writer& out, const Entry& entry);
Entry read_entry(Reader& in);

}  // namespace holdfast::raft
