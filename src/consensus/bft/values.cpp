// Encoding of the protocol's values.
#include "consensus/bft/values.h"

#include "crypto/hash.h"

namespace holdfast::bft {

uint64_t decode_ordinal(Reader& in) {
    const uint64_t value = in.u64();
    if (value > ordinal_max) in.fail_with(codec_errc::bad_value);
    return value;
}

Hash32 Proposal::digest() const {
    Writer out;
    out.text("holdfast/proposal/v1");
    encode(out, *this);
    return crypto::sha256(out.take());
}

Hash32 root_digest(const Hash32& genesis, uint64_t epoch) {
    Writer out;
    out.text("holdfast/parent-of-epoch/v1");
    out.fixed(genesis);
    out.u64(epoch);
    return crypto::sha256(out.take());
}

void encode(Writer& out, const Place& place) {
    out.u64(place.epoch);
    out.u64(place.view);
}

Place decode_place(Reader& in) {
    const uint64_t epoch = decode_ordinal(in);
    const View view = decode_ordinal(in);
    return {.epoch = epoch, .view = view};
}

void encode(Writer& out, const Proposal& proposal) {
    encode(out, proposal.place);
    out.u64(proposal.parent_view);
    out.fixed(proposal.parent);
    out.ordinal(proposal.height);
    out.fixed(proposal.payload_hash);
}

Proposal decode_proposal(Reader& in) {
    Proposal proposal;
    proposal.place = decode_place(in);
    proposal.parent_view = decode_ordinal(in);
    proposal.parent = in.fixed<Hash32>();
    proposal.height = Height(decode_ordinal(in));
    proposal.payload_hash = in.fixed<Hash32>();
    if (proposal.parent_view >= proposal.place.view) in.fail_with(codec_errc::bad_value);
    return proposal;
}

void encode(Writer& out, const Candidate& candidate) {
    encode(out, candidate.proposal);
    out.fixed(candidate.signature);
    out.bytes(*candidate.payload);
}

Candidate decode_candidate(Reader& in) {
    Candidate candidate;
    candidate.proposal = decode_proposal(in);
    candidate.signature = in.fixed<crypto::NodeSignature>();
    candidate.payload = make_buffer(in.bytes_copy(payload_bytes_max));
    candidate.digest = candidate.proposal.digest();
    const bool fits = candidate.proposal.is_filler()
                          ? candidate.payload->empty()
                          : candidate.proposal.payload_hash == crypto::sha256(*candidate.payload);
    if (!fits) in.fail_with(codec_errc::bad_value);
    return candidate;
}

void encode(Writer& out, const Certificate& certificate) {
    chain::encode(out, certificate.statement);
    out.count(certificate.signatures.size());
    for (const auto& [signer, signature] : certificate.signatures) {
        out.ordinal(signer);
        out.fixed(signature);
    }
}

Certificate decode_certificate(Reader& in) {
    Certificate certificate{.statement = chain::decode_statement(in), .signatures = {}};
    if (!is_vote(certificate.statement)) in.fail_with(codec_errc::bad_value);
    const size_t count = in.count(voters_max);
    NodeId last;
    for (size_t i = 0; i < count && !in.failed(); ++i) {
        const auto signer = in.ordinal<NodeId>();
        const auto signature = in.fixed<crypto::NodeSignature>();
        if (signer <= last) in.fail_with(codec_errc::bad_value);
        last = signer;
        certificate.signatures.emplace_back(signer, signature);
    }
    return certificate;
}

Bytes encode_mark(const Mark& mark) {
    Writer out;
    encode(out, mark.proposal);
    encode(out, mark.certificate);
    return out.take();
}

Result<Mark> decode_mark(ByteView bytes) {
    Reader in(bytes);
    Mark mark;
    mark.proposal = decode_proposal(in);
    mark.certificate = decode_certificate(in);
    const Statement& statement = mark.certificate.statement;
    if (place_of(statement) != mark.proposal.place || statement.digest != mark.proposal.digest())
        in.fail_with(codec_errc::bad_value);
    if (const Status status = in.finish(); !status) return std::unexpected(status.error());
    return mark;
}

}  // namespace holdfast::bft
