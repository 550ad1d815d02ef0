// What validators of Byzantine agreement sign, and when two signed statements prove a lie: shared
// by the engine that speaks, its detector of others' guilt, and the ledger that punishes.
#pragma once

#include "base/codec.h"
#include "base/number.h"
#include "crypto/ed25519.h"

namespace holdfast::chain {

namespace errc {
inline constexpr Errc evidence_malformed{"evidence.malformed"};
inline constexpr Errc evidence_no_conflict{"evidence.no_conflict"};  ///< an honest node says both
inline constexpr Errc evidence_bad_signature{"evidence.bad_signature"};
}  // namespace errc

enum class StatementKind : uint8_t {
    propose = 0,   ///< by the leader of a view: this is my proposal
    notarize = 1,  ///< the proposal is valid and the first of its view that I saw
    skip = 2,      ///< I will not finalize anything in this view; says no digest
    finalize = 3,  ///< I saw the proposal notarized, and have not skipped the view
};

struct Statement {
    StatementKind kind = StatementKind::skip;
    uint64_t epoch = 0;
    uint64_t view = 0;
    Hash32 digest;  ///< of the proposal; zero in a skip
    auto operator<=>(const Statement&) const = default;
};

/// What a signature on the statement covers; of a kind of its own, so that it never serves another
/// purpose.
Bytes statement_bytes(const Hash32& genesis, const Statement& statement);

/// No honest node says both, in whatever order and over whatever crashes: two proposals or two
/// votes of one kind for different digests of a view, a finalization beside a skip, a finalization
/// of something else than was notarized. Statements of two views or epochs never conflict.
bool conflict(const Statement& one, const Statement& other);

struct SignedStatement {
    Statement statement;
    crypto::NodeSignature signature;
    bool operator==(const SignedStatement&) const = default;
};

/// Two statements of one signer that conflict: proof of guilt that needs no witness.
struct Evidence {
    NodeId guilty;
    SignedStatement first;
    SignedStatement second;
    bool operator==(const Evidence&) const = default;
};

inline constexpr size_t evidence_bytes = 8 + 2 * (1 + 8 + 8 + 32 + 64);

Bytes encode(const Evidence& evidence);
/// Errors: errc::evidence_malformed.
Result<Evidence> decode_evidence(ByteView bytes);
/// `key` is the voting key of the accused. Errors: evidence_no_conflict, evidence_bad_signature.
Status verify_evidence(const Evidence& evidence, const crypto::NodePublicKey& key,
                       const Hash32& genesis);

void encode(Writer& out, const Statement& statement);
/// Refuses unknown kinds, and a digest in a skip.
Statement decode_statement(Reader& in);
void encode(Writer& out, const SignedStatement& said);
SignedStatement decode_signed_statement(Reader& in);

}  // namespace holdfast::chain
