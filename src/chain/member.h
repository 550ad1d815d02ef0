// Who takes part: the members of the ledger as the validators contract keeps them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/codec.h"
#include "base/number.h"
#include "crypto/ed25519.h"

namespace holdfast::chain {

struct Member {
    NodeId id;
    crypto::NodePublicKey voting_key;     ///< signs votes and attestations
    crypto::NodePublicKey transport_key;  ///< identifies the node on the network
    Address operator_account;             ///< whose transactions count as this member's approval
    std::string endpoint;                 ///< "host:port" where its peers reach it
    uint64_t weight = 1;

    bool operator==(const Member&) const = default;
};

inline constexpr size_t members_max = 1024;
inline constexpr size_t endpoint_bytes_max = 255;
/// So that no sum of weights, nor three times one, leaves 64 bits.
inline constexpr uint64_t member_weight_max = 1'000'000'000;

struct MemberSet {
    uint64_t epoch = 0;           ///< counts changes; every signature names it
    std::vector<Member> members;  ///< by ascending id, each id once

    bool operator==(const MemberSet&) const = default;
    /// Null if there is no such member.
    [[nodiscard]] const Member* find(NodeId id) const;
    [[nodiscard]] uint64_t total_weight() const;
    /// Names the set: what header extra data commits to. SHA-256 of the encoding.
    [[nodiscard]] Hash32 hash() const;
};

void encode(Writer& out, const MemberSet& set);
/// Refuses unsorted or repeated ids, and weights of zero or above member_weight_max.
MemberSet decode_member_set(Reader& in);

}  // namespace holdfast::chain
