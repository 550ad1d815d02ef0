// Following the members, link by link.
#include "chain/member_history.h"

#include "chain/errors.h"

namespace holdfast::chain {

Certificate certificate_of(const CertifiedHeader& block) {
    return {.height = block.header.number,
            .block_hash = header_hash(block.header),
            .signatures = block.signatures};
}

Status MemberHistory::check(const CertifiedHeader& block) const {
    if (block.header.number <= at_)
        return fail(errc::proof_order, fmt::format("not above block {}", at_));
    return verify_certificate(certificate_of(block), members_, genesis_, rule_);
}

Status MemberHistory::follow(const MemberChange& change) {
    if (auto good = check(change.block); !good) return good;
    const auto extra = decode_extra(change.block.header.extra_data);
    if (!extra) return std::unexpected(extra.error());
    if (extra->next_members_hash != change.members.hash())
        return fail(errc::proof_other_members,
                    "the header names another set than the one that follows");
    if (change.members.epoch <= members_.epoch)
        return fail(errc::proof_order, "the members do not change there");
    members_ = change.members;
    at_ = change.block.header.number;
    return {};
}

void encode(Writer& out, const CertifiedHeader& block) {
    out.bytes(encode_header(block.header));
    out.count(block.signatures.size());
    for (const auto& [signer, signature] : block.signatures) {
        out.ordinal(signer);
        out.fixed(signature);
    }
}

CertifiedHeader decode_certified_header(Reader& in) {
    CertifiedHeader block;
    auto header = decode_header(in.bytes(header_bytes_max));
    if (!header) in.fail_with(header.error().code);
    const size_t count = in.count(members_max);
    for (size_t i = 0; i < count && !in.failed(); ++i) {
        const auto signer = in.ordinal<NodeId>();
        block.signatures.emplace_back(signer, in.fixed<crypto::NodeSignature>());
    }
    if (in.failed()) return {};
    block.header = std::move(*header);
    return block;
}

void encode(Writer& out, const MemberChange& change) {
    encode(out, change.block);
    encode(out, change.members);
}

MemberChange decode_member_change(Reader& in) {
    MemberChange change{.block = decode_certified_header(in), .members = {}};
    change.members = decode_member_set(in);
    return change;
}

}  // namespace holdfast::chain
