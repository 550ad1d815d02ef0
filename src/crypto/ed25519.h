// Ed25519 for node keys: votes, attestations, transport identity. A thin face of libsodium, whose
// acceptance rule (canonical S, no small-order points) is the one rule of every node.
#pragma once

#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace holdfast::crypto {

using NodePublicKey = FixedBytes<32, struct NodePublicKeyTag>;
using NodeSignature = FixedBytes<64, struct NodeSignatureTag>;

/// The 32-byte seed of an Ed25519 key pair. [RFC 8032]
using NodeSeed = FixedBytes<32, struct NodeSeedTag>;

class NodeKey {
  public:
    explicit NodeKey(const NodeSeed& seed);
    [[nodiscard]] const NodePublicKey& public_key() const { return public_key_; }
    [[nodiscard]] const NodeSeed& seed() const { return seed_; }
    [[nodiscard]] NodeSignature sign(ByteView message) const;

  private:
    NodeSeed seed_;
    NodePublicKey public_key_;
    std::array<uint8_t, 64> expanded_{};
};

/// About 55 microseconds.
bool verify(const NodePublicKey& key, ByteView message, const NodeSignature& signature);

/// What every signature of a node covers: "holdfast/<kind>/v1" (behind its length), the hash of the
/// genesis, the epoch, the body. So a signature for one purpose, ledger or epoch never serves
/// another.
Bytes signing_bytes(std::string_view kind, const Hash32& genesis, uint64_t epoch, ByteView body);

/// Fills with random bytes from the operating system: for keys only.
void random_bytes(std::span<uint8_t> out);

}  // namespace holdfast::crypto
