// From a set of members that is trusted to a later one: each change of them is a block that names
// the next set by its hash, attested by the set before. One form and one check, for proofs that
// stand alone and for nodes that take a snapshot.
#pragma once

#include <utility>
#include <vector>

#include "chain/block.h"
#include "chain/certificate.h"

namespace holdfast::chain {

/// A header, and who attested it.
struct CertifiedHeader {
    Header header;
    std::vector<std::pair<NodeId, crypto::NodeSignature>> signatures;  ///< by ascending signer
    bool operator==(const CertifiedHeader&) const = default;
};
Certificate certificate_of(const CertifiedHeader& block);

/// A block that changed the members, certified by those of before.
struct MemberChange {
    CertifiedHeader block;
    MemberSet members;  ///< in force in the state after it
    bool operator==(const MemberChange&) const = default;
};

/// Longest header taken from elsewhere.
inline constexpr size_t header_bytes_max = 2048;

void encode(Writer& out, const CertifiedHeader& block);
CertifiedHeader decode_certified_header(Reader& in);
void encode(Writer& out, const MemberChange& change);
MemberChange decode_member_change(Reader& in);

/// Goes from set to set, and takes no step that the set before has not attested.
class MemberHistory {
  public:
    /// `trusted` is in force in the state after block `at`.
    MemberHistory(MemberSet trusted, Height at, const Hash32& genesis, QuorumRule rule)
        : members_(std::move(trusted)), at_(at), genesis_(genesis), rule_(rule) {}

    /// The next change. After an error everything is as it was. Errors: those of certificate.h,
    /// errc::proof_order, errc::proof_other_members.
    Status follow(const MemberChange& change);
    /// Whether the newest set attested this block, which comes after all that was followed. One
    /// that knows no change in between says so by the epoch that it signed. Errors: as above.
    [[nodiscard]] Status check(const CertifiedHeader& block) const;

    [[nodiscard]] const MemberSet& members() const { return members_; }
    /// Of the newest change, or of the set that was trusted.
    [[nodiscard]] Height at() const { return at_; }

  private:
    MemberSet members_;
    Height at_;
    Hash32 genesis_;
    QuorumRule rule_;
};

}  // namespace holdfast::chain
