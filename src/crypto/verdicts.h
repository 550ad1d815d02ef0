// Verdicts on signatures, remembered: for a process that holds many nodes, as the simulator does,
// where each checks what another has checked already. A real node keeps this off.
#pragma once

#include <optional>

#include "crypto/ed25519.h"
#include "crypto/secp256k1.h"

namespace holdfast::crypto {

/// From now on, for the whole process, which must then check signatures on one thread only. The
/// answers are the same as without it.
void remember_verdicts();

namespace verdicts {

/// Null: not known, or nothing is remembered.
std::optional<bool> find(const NodePublicKey& key, ByteView message,
                         const NodeSignature& signature);
void keep(const NodePublicKey& key, ByteView message, const NodeSignature& signature, bool valid);
std::optional<PublicKey> find(const Hash32& digest, const RecoverableSignature& signature);
void keep(const Hash32& digest, const RecoverableSignature& signature, const PublicKey& key);

}  // namespace verdicts
}  // namespace holdfast::crypto
