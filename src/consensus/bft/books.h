// What the state machine keeps beside votes: candidates, and everything that is under way.
#pragma once

#include "chain/schedule.h"
#include "consensus/bft/bft.h"
#include "consensus/bft/messages.h"
#include "consensus/bft/slot.h"

namespace holdfast::bft {

/// Who votes in an epoch, and whose turn it is when.
struct Epoch {
    uint64_t number = 0;
    consensus::Members members;
    std::vector<chain::Turn> turns;
    consensus::Weight whole = 0;

    Epoch() = default;
    Epoch(uint64_t number_given, const consensus::Members& voters);
    /// Null for a stranger.
    [[nodiscard]] const consensus::Voter* voter(NodeId id) const;
    [[nodiscard]] NodeId leader_of(View view) const {
        return chain::leader_of(turns, number, view);
    }
    /// By who signed; whether the signatures are good is another question.
    [[nodiscard]] bool has_quorum(const Certificate& certificate) const;
};

/// Proposals and votes are taken for so many views beyond the current one: bounded memory, whatever
/// a member sends.
inline constexpr View views_ahead_max = 8;

enum class Validity : uint8_t { unknown, asked, later, good, bad };

/// A candidate, and how far it is trusted.
struct Known {
    Candidate candidate;
    Trust signature = Trust::unchecked;
    Validity validity = Validity::unknown;
    Instant ask_again_at;                    ///< if `validity` is later
    std::optional<Certificate> certificate;  ///< once delivered: what went into its mark
};

struct VoteCheck {
    Statement statement;
    std::vector<NodeId> signers;
};
struct CertificateCheck {
    Certificate certificate;
    NodeId from;
};
struct ProposalCheck {
    Hash32 digest;
};
struct GuiltCheck {
    chain::Evidence evidence;
};
struct MarkCheck {
    Height position;
    consensus::Members members;
    Mark mark;
};
using Asked = std::variant<VoteCheck, CertificateCheck, ProposalCheck, GuiltCheck, MarkCheck>;

/// Who said where it stands, and was told what it lacks.
struct Helped {
    Instant again_at;
    bool here = false;  ///< in this epoch
};

/// A candidate that was asked for.
struct Fetching {
    Instant again_at;
    uint64_t tries = 0;
};

/// Everybody is asked the same, once; `reads` wait for the answers.
struct Round {
    uint64_t number = 0;
    Instant again_at;
    std::map<NodeId, Answer> answers;
    std::vector<consensus::ReadId> reads;
};

/// Served when everything up to `target` is final.
struct PendingRead {
    Place target;
    consensus::ReadId id;
};

/// An own statement that does not count yet.
struct Unsynced {
    consensus::Token token;
    SignedStatement said;
};

}  // namespace holdfast::bft
