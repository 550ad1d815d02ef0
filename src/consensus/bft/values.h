// The values of the protocol: proposals, candidates, certificates, places; with their encoding,
// which is the same in messages, in the journal and in a block's mark.
#pragma once

#include <optional>
#include <utility>
#include <vector>

#include "base/codec.h"
#include "chain/statement.h"
#include "consensus/step.h"

namespace holdfast::bft {

using chain::SignedStatement;
using chain::Statement;
using chain::StatementKind;

/// Views are counted anew in each epoch, from 1; 0 is the epoch's root.
using View = uint64_t;
/// Far beyond any honest life, and far enough from 2^64 that adding to one never wraps.
inline constexpr uint64_t ordinal_max = uint64_t{1} << 62;
inline constexpr size_t payload_bytes_max = size_t{12} * 1024 * 1024;
inline constexpr size_t voters_max = 1024;

/// A point in the run of views.
struct Place {
    uint64_t epoch = 0;
    View view = 0;
    auto operator<=>(const Place&) const = default;
};

/// A statement of the kind that certificates are made of, at a place that can be.
inline bool is_vote(const Statement& statement) {
    return statement.kind != StatementKind::propose && statement.view > 0 &&
           statement.view <= ordinal_max && statement.epoch <= ordinal_max;
}

inline Place place_of(const Statement& statement) {
    return {.epoch = statement.epoch, .view = statement.view};
}

/// What a leader proposes, its payload by hash.
struct Proposal {
    Place place;
    View parent_view = 0;
    Hash32 parent;        ///< digest of the parent; the epoch's root if `parent_view` is 0
    Height height;        ///< of the block; a filler has its parent's
    Hash32 payload_hash;  ///< SHA-256; zero in a filler

    bool operator==(const Proposal&) const = default;
    /// Takes no height and carries nothing: it only gives its ancestors another chance to become
    /// final, when no more blocks are to be added.
    [[nodiscard]] bool is_filler() const { return payload_hash.is_zero(); }
    [[nodiscard]] Hash32 digest() const;
};

/// What an epoch's first proposals name as parent: the block that closed the epoch before is the
/// only one that can be final there, so the number says it all.
Hash32 root_digest(const Hash32& genesis, uint64_t epoch);

/// A proposal with all that is needed to vote for it.
struct Candidate {
    Proposal proposal;
    Hash32 digest;
    crypto::NodeSignature signature;  ///< of the leader
    Buffer payload;                   ///< empty in a filler, never null
};

/// The same statement by voters of more than two thirds of the weight.
struct Certificate {
    Statement statement;
    std::vector<std::pair<NodeId, crypto::NodeSignature>> signatures;  ///< by ascending signer
    bool operator==(const Certificate&) const = default;
};

/// What is stored with a block, so that an engine can go on from it.
struct Mark {
    Proposal proposal;
    Certificate certificate;  ///< that the proposal was notarized or is final
    bool operator==(const Mark&) const = default;
};

void encode(Writer& out, const Place& place);
void encode(Writer& out, const Proposal& proposal);
void encode(Writer& out, const Candidate& candidate);
void encode(Writer& out, const Certificate& certificate);
/// A view, epoch or height: refuses what is beyond ordinal_max.
uint64_t decode_ordinal(Reader& in);
Place decode_place(Reader& in);
Proposal decode_proposal(Reader& in);
/// Refuses a payload that is not the one the proposal names.
Candidate decode_candidate(Reader& in);
/// Refuses unsorted or repeated signers; whether they are a quorum is another question.
Certificate decode_certificate(Reader& in);

Bytes encode_mark(const Mark& mark);
Result<Mark> decode_mark(ByteView bytes);

}  // namespace holdfast::bft
