// Statements and evidence: encoding, and what contradicts what.
#include "chain/statement.h"

namespace holdfast::chain {

Bytes statement_bytes(const Hash32& genesis, const Statement& statement) {
    Writer body(1 + sizeof(uint64_t) + Hash32::size_bytes);
    body.u8(static_cast<uint8_t>(statement.kind));
    body.u64(statement.view);
    body.fixed(statement.digest);
    return crypto::signing_bytes("statement", genesis, statement.epoch, body.take());
}

bool conflict(const Statement& one, const Statement& other) {
    if (one.epoch != other.epoch || one.view != other.view) return false;
    const auto kinds = [&](StatementKind a, StatementKind b) {
        return (one.kind == a && other.kind == b) || (one.kind == b && other.kind == a);
    };
    if (kinds(StatementKind::skip, StatementKind::finalize)) return true;
    const bool comparable =
        one.kind == other.kind || kinds(StatementKind::notarize, StatementKind::finalize);
    return comparable && one.digest != other.digest;
}

void encode(Writer& out, const Statement& statement) {
    out.u8(static_cast<uint8_t>(statement.kind));
    out.u64(statement.epoch);
    out.u64(statement.view);
    out.fixed(statement.digest);
}

Statement decode_statement(Reader& in) {
    const uint8_t kind = in.u8();
    if (kind > static_cast<uint8_t>(StatementKind::finalize)) in.fail_with(codec_errc::bad_value);
    Statement statement{.kind = StatementKind(kind),
                        .epoch = in.u64(),
                        .view = in.u64(),
                        .digest = in.fixed<Hash32>()};
    if (statement.kind == StatementKind::skip && !statement.digest.is_zero())
        in.fail_with(codec_errc::bad_value);
    return statement;
}

void encode(Writer& out, const SignedStatement& said) {
    encode(out, said.statement);
    out.fixed(said.signature);
}

SignedStatement decode_signed_statement(Reader& in) {
    const Statement statement = decode_statement(in);
    return {statement, in.fixed<crypto::NodeSignature>()};
}

Bytes encode(const Evidence& evidence) {
    Writer out(evidence_bytes);
    out.ordinal(evidence.guilty);
    for (const SignedStatement* part : {&evidence.first, &evidence.second}) {
        encode(out, *part);
    }
    return out.take();
}

Result<Evidence> decode_evidence(ByteView bytes) {
    Reader in(bytes);
    Evidence evidence;
    evidence.guilty = in.ordinal<NodeId>();
    for (SignedStatement* part : {&evidence.first, &evidence.second}) {
        *part = decode_signed_statement(in);
    }
    if (const Status status = in.finish(); !status)
        return fail(errc::evidence_malformed, describe(status.error()));
    return evidence;
}

Status verify_evidence(const Evidence& evidence, const crypto::NodePublicKey& key,
                       const Hash32& genesis) {
    if (!conflict(evidence.first.statement, evidence.second.statement))
        return fail(errc::evidence_no_conflict);
    for (const SignedStatement* part : {&evidence.first, &evidence.second})
        if (!crypto::verify(key, statement_bytes(genesis, part->statement), part->signature))
            return fail(errc::evidence_bad_signature);
    return {};
}

}  // namespace holdfast::chain
