// The books of one view: who said what, and which certificates there are.
#pragma once

#include <array>
#include <map>

#include "consensus/bft/values.h"
#include "consensus/quorum.h"

namespace holdfast::bft {

enum class Trust : uint8_t {
    unchecked,  ///< came from its signer, so nobody else is to blame if it is bad
    checking,
    good,
};

struct Heard {
    SignedStatement said;
    Trust trust = Trust::unchecked;
};

class Slot {
  public:
    /// Notes the first statement of a kind, or one that is known to be good in place of one that is
    /// not.
    /// Gives a statement of the signer that this one contradicts; it may have taken its place.
    std::optional<SignedStatement> hear(NodeId signer, const SignedStatement& said, Trust trust);
    /// Null if the signer said nothing of the kind.
    [[nodiscard]] const Heard* find(NodeId signer, StatementKind kind) const;
    /// The signature of what was found is being checked.
    void mark_checking(NodeId signer, StatementKind kind);
    /// A signature was bad: as if it had never come.
    void drop(NodeId signer, StatementKind kind);

    struct Support {
        consensus::Weight good = 0;
        consensus::Weight checking = 0;
        std::vector<NodeId> unchecked;
    };
    /// Of one statement, by the weights of `members`.
    [[nodiscard]] Support support(const Statement& statement,
                                  const consensus::Members& members) const;
    /// Out of all good signatures under the statement.
    [[nodiscard]] Certificate certificate(const Statement& statement) const;

    /// Accepted certificates, by kind.
    std::optional<Certificate> notarized;
    std::optional<Certificate> skipped;
    std::optional<Certificate> finalized;
    /// What its leader proposed, as far as it reached this node; more than one is a lie.
    std::vector<Hash32> proposed;

    [[nodiscard]] bool is_cleared() const { return notarized || skipped || finalized; }
    [[nodiscard]] std::optional<Certificate>& of_kind(StatementKind kind);
    [[nodiscard]] const std::optional<Certificate>& of_kind(StatementKind kind) const;

  private:
    std::map<NodeId, std::array<std::optional<Heard>, 4>> heard_;
};

}  // namespace holdfast::bft
