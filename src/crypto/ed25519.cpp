// libsodium's Ed25519 behind our own types.
#include "crypto/ed25519.h"

#include <sodium.h>

#include "base/check.h"
#include "base/codec.h"
#include "crypto/verdicts.h"

namespace holdfast::crypto {
namespace {

/// libsodium picks its implementations once; after that it is safe from any thread.
void ready() {
    static const bool initialized = sodium_init() >= 0;
    CHECK(initialized, "libsodium starts");
}

}  // namespace

NodeKey::NodeKey(const NodeSeed& seed) : seed_(seed) {
    static_assert(sizeof expanded_ == crypto_sign_SECRETKEYBYTES);
    static_assert(NodeSeed::size_bytes == crypto_sign_SEEDBYTES);
    ready();
    crypto_sign_seed_keypair(public_key_.bytes.data(), expanded_.data(), seed_.bytes.data());
}

NodeSignature NodeKey::sign(ByteView message) const {
    NodeSignature signature;
    crypto_sign_detached(signature.bytes.data(), nullptr, message.data(), message.size(),
                         expanded_.data());
    verdicts::keep(public_key_, message, signature, true);
    return signature;
}

bool verify(const NodePublicKey& key, ByteView message, const NodeSignature& signature) {
    if (const auto known = verdicts::find(key, message, signature)) return *known;
    ready();
    const bool valid = crypto_sign_verify_detached(signature.bytes.data(), message.data(),
                                                   message.size(), key.bytes.data()) == 0;
    verdicts::keep(key, message, signature, valid);
    return valid;
}

Bytes signing_bytes(std::string_view kind, const Hash32& genesis, uint64_t epoch, ByteView body) {
    Writer out(64 + kind.size() + body.size());
    // The label carries its length: no kind is a prefix of another's bytes.
    out.text(std::string("holdfast/").append(kind).append("/v1"));
    out.fixed(genesis);
    out.u64(epoch);
    out.raw(body);
    return out.take();
}

void random_bytes(std::span<uint8_t> out) {
    ready();
    randombytes_buf(out.data(), out.size());
}

}  // namespace holdfast::crypto
