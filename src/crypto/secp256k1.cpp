// libsecp256k1 behind our own types.
#include "crypto/secp256k1.h"

#include <secp256k1.h>
#include <secp256k1_recovery.h>

#include "base/check.h"
#include "crypto/ed25519.h"
#include "crypto/hash.h"
#include "crypto/verdicts.h"

namespace holdfast::crypto {
namespace {

/// The order of the group, and half of it rounded down, big-endian. [SEC 2 §2.4.1]
constexpr std::array<uint8_t, 32> group_order = {
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe,
    0xba, 0xae, 0xdc, 0xe6, 0xaf, 0x48, 0xa0, 0x3b, 0xbf, 0xd2, 0x5e, 0x8c, 0xd0, 0x36, 0x41, 0x41};
constexpr std::array<uint8_t, 32> half_group_order = {
    0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0x5d, 0x57, 0x6e, 0x73, 0x57, 0xa4, 0x50, 0x1d, 0xdf, 0xe9, 0x2f, 0x46, 0x68, 0x1b, 0x20, 0xa0};

bool is_scalar(const Hash32& value) {
    return !value.is_zero() && value.bytes < group_order;
}

secp256k1_context* make_context() {
    secp256k1_context* context =
        secp256k1_context_create(SECP256K1_CONTEXT_SIGN | SECP256K1_CONTEXT_VERIFY);
    CHECK(context != nullptr, "secp256k1 context");
    // Blinds signing against side channels; it changes no result.
    std::array<uint8_t, 32> blind{};
    random_bytes(blind);
    CHECK(secp256k1_context_randomize(context, blind.data()) == 1, "secp256k1 blinding");
    return context;
}

/// Made once and never destroyed; every use after that is const, so threads may share it.
const secp256k1_context* context() {
    static const secp256k1_context* const made = make_context();
    return made;
}

PublicKey serialize(const secp256k1_pubkey& key) {
    std::array<uint8_t, 65> bytes{};
    size_t size = bytes.size();
    secp256k1_ec_pubkey_serialize(context(), bytes.data(), &size, &key, SECP256K1_EC_UNCOMPRESSED);
    PublicKey result;
    std::copy(bytes.begin() + 1, bytes.end(), result.bytes.begin());
    return result;
}

}  // namespace

Result<PublicKey> public_key(const SecretKey& key) {
    secp256k1_pubkey parsed;
    if (secp256k1_ec_pubkey_create(context(), &parsed, key.bytes.data()) != 1)
        return fail(errc::bad_secret_key);
    return serialize(parsed);
}

Result<RecoverableSignature> sign(const Hash32& digest, const SecretKey& key) {
    secp256k1_ecdsa_recoverable_signature signature;
    if (secp256k1_ecdsa_sign_recoverable(context(), &signature, digest.bytes.data(),
                                         key.bytes.data(), nullptr, nullptr) != 1)
        return fail(errc::bad_secret_key);
    std::array<uint8_t, 64> compact{};
    int recovery_id = 0;
    secp256k1_ecdsa_recoverable_signature_serialize_compact(context(), compact.data(), &recovery_id,
                                                            &signature);
    RecoverableSignature result;
    std::copy_n(compact.begin(), 32, result.r.bytes.begin());
    std::copy_n(compact.begin() + 32, 32, result.s.bytes.begin());
    // Bit 1 would say that r was reduced by the order, which no one can bring about.
    result.y_parity = static_cast<uint8_t>(recovery_id & 1);
    return result;
}

Result<PublicKey> recover(const Hash32& digest, const RecoverableSignature& signature) {
    if (!is_in_range(signature)) return fail(errc::bad_signature, "r, s or parity out of range");
    if (const auto known = verdicts::find(digest, signature)) return *known;
    std::array<uint8_t, 64> compact{};
    std::ranges::copy(signature.r.bytes, compact.begin());
    std::ranges::copy(signature.s.bytes, compact.begin() + 32);
    secp256k1_ecdsa_recoverable_signature parsed;
    if (secp256k1_ecdsa_recoverable_signature_parse_compact(context(), &parsed, compact.data(),
                                                            signature.y_parity) != 1)
        return fail(errc::bad_signature, "r or s not below the group order");
    secp256k1_pubkey key;
    if (secp256k1_ecdsa_recover(context(), &key, &parsed, digest.bytes.data()) != 1)
        return fail(errc::bad_signature, "no public key fits");
    const PublicKey recovered = serialize(key);
    verdicts::keep(digest, signature, recovered);
    return recovered;
}

bool is_in_range(const RecoverableSignature& signature) {
    return is_scalar(signature.r) && is_scalar(signature.s) && signature.y_parity <= 1;
}

bool has_low_s(const RecoverableSignature& signature) {
    return signature.s.bytes <= half_group_order;
}

Address address_of(const PublicKey& key) {
    const Hash32 hash = keccak256(key.view());
    Address address;
    std::copy(hash.bytes.begin() + 12, hash.bytes.end(), address.bytes.begin());
    return address;
}

}  // namespace holdfast::crypto
