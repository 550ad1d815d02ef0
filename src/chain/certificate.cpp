// Attestations and certificates: making, checking, encoding.
#include "chain/certificate.h"

#include "base/wide.h"

namespace holdfast::chain {

bool is_quorum(uint64_t weight, uint64_t total, QuorumRule rule) {
    switch (rule) {
        case QuorumRule::majority:
            return Wide{weight} * 2 > total;
        case QuorumRule::two_thirds:
            return Wide{weight} * 3 > Wide{total} * 2;
    }
    return false;
}

Bytes attestation_bytes(const Hash32& genesis, uint64_t epoch, Height height, const Hash32& block) {
    Writer body(sizeof(uint64_t) + Hash32::size_bytes);
    body.ordinal(height);
    body.fixed(block);
    return crypto::signing_bytes("attestation", genesis, epoch, body.take());
}

Attestation attest(const crypto::NodeKey& key, NodeId signer, const Hash32& genesis, uint64_t epoch,
                   Height height, const Hash32& block) {
    return {.height = height,
            .block_hash = block,
            .signer = signer,
            .signature = key.sign(attestation_bytes(genesis, epoch, height, block))};
}

bool verify_attestation(const Attestation& attestation, const MemberSet& members,
                        const Hash32& genesis) {
    const Member* member = members.find(attestation.signer);
    if (member == nullptr) return false;
    const Bytes message =
        attestation_bytes(genesis, members.epoch, attestation.height, attestation.block_hash);
    return crypto::verify(member->voting_key, message, attestation.signature);
}

Status verify_certificate(const Certificate& certificate, const MemberSet& members,
                          const Hash32& genesis, QuorumRule rule) {
    // Who and how much first: it costs nothing beside the signatures.
    uint64_t weight = 0;
    const NodeId* previous = nullptr;
    for (const auto& [signer, signature] : certificate.signatures) {
        if (previous != nullptr && !(*previous < signer))
            return fail(errc::certificate_malformed, "signers are not in ascending order");
        previous = &signer;
        const Member* member = members.find(signer);
        if (member == nullptr)
            return fail(errc::certificate_unknown_signer, fmt::format("member {}", signer));
        weight += member->weight;
    }
    const uint64_t total = members.total_weight();
    if (!is_quorum(weight, total, rule))
        return fail(errc::certificate_no_quorum, fmt::format("weight {} of {}", weight, total));

    const Bytes message =
        attestation_bytes(genesis, members.epoch, certificate.height, certificate.block_hash);
    for (const auto& [signer, signature] : certificate.signatures) {
        if (!crypto::verify(members.find(signer)->voting_key, message, signature))
            return fail(errc::certificate_bad_signature, fmt::format("member {}", signer));
    }
    return {};
}

void encode(Writer& out, const Attestation& attestation) {
    out.ordinal(attestation.height);
    out.fixed(attestation.block_hash);
    out.ordinal(attestation.signer);
    out.fixed(attestation.signature);
}

Attestation decode_attestation(Reader& in) {
    Attestation attestation;
    attestation.height = in.ordinal<Height>();
    attestation.block_hash = in.fixed<Hash32>();
    attestation.signer = in.ordinal<NodeId>();
    attestation.signature = in.fixed<crypto::NodeSignature>();
    return attestation;
}

void encode(Writer& out, const Certificate& certificate) {
    out.ordinal(certificate.height);
    out.fixed(certificate.block_hash);
    out.count(certificate.signatures.size());
    for (const auto& [signer, signature] : certificate.signatures) {
        out.ordinal(signer);
        out.fixed(signature);
    }
}

Certificate decode_certificate(Reader& in) {
    Certificate certificate;
    certificate.height = in.ordinal<Height>();
    certificate.block_hash = in.fixed<Hash32>();
    const size_t count = in.count(members_max);
    for (size_t i = 0; i < count && !in.failed(); ++i) {
        const auto signer = in.ordinal<NodeId>();
        const auto signature = in.fixed<crypto::NodeSignature>();
        if (!certificate.signatures.empty() && !(certificate.signatures.back().first < signer))
            in.fail_with(errc::certificate_malformed);
        certificate.signatures.emplace_back(signer, signature);
    }
    if (in.failed()) return {};
    return certificate;
}

}  // namespace holdfast::chain
