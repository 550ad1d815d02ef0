// Hashing headers, and the search for nonces as a plain loop: enough for tests and simulations.
#include "consensus/seal.h"

#include "base/check.h"
#include "crypto/hash.h"

namespace holdfast::consensus {

Hash32 seal_hash(ByteView header) {
    return crypto::sha256(crypto::sha256(header).view());
}

void set_nonce(Bytes& header, uint64_t nonce) {
    CHECK(header.size() >= nonce_bytes, "a header ends with its nonce");
    const size_t begin = header.size() - nonce_bytes;
    for (size_t i = 0; i < nonce_bytes; ++i)
        header[begin + i] = static_cast<uint8_t>(nonce >> (8 * i));
}

std::optional<uint64_t> find_nonce(Bytes header, const Target& target, uint64_t first,
                                   uint64_t tries) {
    for (uint64_t i = 0; i < tries; ++i) {
        set_nonce(header, first + i);
        if (meets(seal_hash(header), target)) return first + i;
    }
    return std::nullopt;
}

}  // namespace holdfast::consensus
