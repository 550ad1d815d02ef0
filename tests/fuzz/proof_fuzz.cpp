// Trie proofs from anyone: 32 bytes of key, then nodes with a 16-bit length each. A proof holds
// only under the root that its own first node hashes to, and never crashes the reader.
#include <cstdint>

#include "base/check.h"
#include "base/codec.h"
#include "chain/trie.h"
#include "crypto/hash.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using holdfast::Bytes;
    holdfast::Reader in({data, size});
    const auto key = in.fixed<holdfast::Hash32>();
    std::vector<Bytes> proof;
    while (!in.failed() && in.left() > 0) proof.push_back(holdfast::to_bytes(in.raw(in.u16())));
    if (in.failed() || proof.empty()) return 0;
    const auto root = holdfast::crypto::keccak256(proof[0]);
    const auto value = holdfast::chain::verify_proof(root, key.view(), proof);
    if (value) {
        holdfast::Hash32 other = root;
        other.bytes[0] ^= 1;
        CHECK(!holdfast::chain::verify_proof(other, key.view(), proof).has_value(),
              "a proof is of one root");
    }
    return 0;
}
