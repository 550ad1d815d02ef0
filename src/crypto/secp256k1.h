// ECDSA over secp256k1 with public key recovery: who signed a transaction. A thin face of
// libsecp256k1.
#pragma once

#include "base/bytes.h"
#include "base/result.h"

namespace holdfast::crypto {

namespace errc {
inline constexpr Errc bad_secret_key{
    "crypto.bad_secret_key"};  ///< zero, or not below the group order
inline constexpr Errc bad_signature{
    "crypto.bad_signature"};  ///< r or s out of range, no such point
}  // namespace errc

using SecretKey = FixedBytes<32, struct SecretKeyTag>;
/// Uncompressed, without the leading 0x04.
using PublicKey = FixedBytes<64, struct PublicKeyTag>;

struct RecoverableSignature {
    Hash32 r;              ///< big-endian
    Hash32 s;              ///< big-endian
    uint8_t y_parity = 0;  ///< 0 or 1
    bool operator==(const RecoverableSignature&) const = default;
};

Result<PublicKey> public_key(const SecretKey& key);
/// Deterministic (RFC 6979), always with s in the lower half.
Result<RecoverableSignature> sign(const Hash32& digest, const SecretKey& key);
/// Accepts high s: whether that is allowed is the caller's rule. About 50 microseconds.
Result<PublicKey> recover(const Hash32& digest, const RecoverableSignature& signature);
/// r and s are in [1, group order), the parity is 0 or 1: what can be said without curve
/// arithmetic.
bool is_in_range(const RecoverableSignature& signature);
/// s is at most half the group order. [EIP-2]
bool has_low_s(const RecoverableSignature& signature);
/// The account that a public key controls. [YP §4.1]
Address address_of(const PublicKey& key);

}  // namespace holdfast::crypto
