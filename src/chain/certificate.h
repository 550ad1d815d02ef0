// A quorum's word that a block hash is right: one format for every engine.
#pragma once

#include <vector>

#include "chain/member.h"

namespace holdfast::chain {

namespace errc {
inline constexpr Errc certificate_unknown_signer{"certificate.unknown_signer"};
inline constexpr Errc certificate_bad_signature{"certificate.bad_signature"};
inline constexpr Errc certificate_no_quorum{"certificate.no_quorum"};
inline constexpr Errc certificate_malformed{"certificate.malformed"};
}  // namespace errc

/// One member's signature on the hash that it computed for a block.
struct Attestation {
    Height height;
    Hash32 block_hash;
    NodeId signer;
    crypto::NodeSignature signature;
    bool operator==(const Attestation&) const = default;
};

struct Certificate {
    Height height;
    Hash32 block_hash;
    std::vector<std::pair<NodeId, crypto::NodeSignature>> signatures;  ///< by ascending signer
    bool operator==(const Certificate&) const = default;
};

/// How much weight a quorum needs.
enum class QuorumRule : uint8_t {
    majority = 0,    ///< more than half: Raft, Paxos. Proves something only under crash faults.
    two_thirds = 1,  ///< more than two thirds: BFT
};
bool is_quorum(uint64_t weight, uint64_t total, QuorumRule rule);

/// What an attestation signs. `epoch` is that of the set in force in the state after height - 1.
Bytes attestation_bytes(const Hash32& genesis, uint64_t epoch, Height height, const Hash32& block);
Attestation attest(const crypto::NodeKey& key, NodeId signer, const Hash32& genesis, uint64_t epoch,
                   Height height, const Hash32& block);
/// The signature only; whether `signer` is a member is part of it.
bool verify_attestation(const Attestation& attestation, const MemberSet& members,
                        const Hash32& genesis);
/// Distinct known signers, good signatures, enough weight.
Status verify_certificate(const Certificate& certificate, const MemberSet& members,
                          const Hash32& genesis, QuorumRule rule);

void encode(Writer& out, const Attestation& attestation);
Attestation decode_attestation(Reader& in);
void encode(Writer& out, const Certificate& certificate);
Certificate decode_certificate(Reader& in);

}  // namespace holdfast::chain
