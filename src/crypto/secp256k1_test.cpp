// secp256k1: known keys, recovery, and every way in which a signature can be refused.
#include "crypto/secp256k1.h"

#include <gtest/gtest.h>

#include "base/random.h"
#include "crypto/hash.h"

namespace holdfast::crypto {
namespace {

constexpr auto order_hex = "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141";
constexpr auto half_order_hex = "7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0";
constexpr auto half_order_next_hex =
    "7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a1";

template <class Fixed>
Fixed of_hex(std::string_view text) {
    return fixed_from_hex<Fixed>(text).value();
}

SecretKey random_key(Random& random) {
    SecretKey key;
    for (auto& byte : key.bytes) byte = static_cast<uint8_t>(random.next());
    return key;
}

TEST(Secp256k1, KnownAddresses) {
    // The first two accounts of the well-known development mnemonic.
    const auto first = public_key(
        of_hex<SecretKey>("ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80"));
    ASSERT_TRUE(first);
    EXPECT_EQ(to_hex0x(address_of(*first).view()), "0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266");
    const auto second = public_key(
        of_hex<SecretKey>("59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d"));
    ASSERT_TRUE(second);
    EXPECT_EQ(to_hex0x(address_of(*second).view()), "0x70997970c51812dc3a010c7d01b50e0d17dc79c8");
}

TEST(Secp256k1, RecoversWhoSigned) {
    Random random(1);
    for (int i = 0; i < 50; ++i) {
        const SecretKey key = random_key(random);
        const Hash32 digest = keccak256(key.view());
        const auto signature = sign(digest, key);
        ASSERT_TRUE(signature);
        EXPECT_TRUE(has_low_s(*signature));
        EXPECT_TRUE(is_in_range(*signature));
        EXPECT_EQ(recover(digest, *signature), public_key(key));
        // Another digest, or the other parity, is another signer.
        EXPECT_NE(recover(keccak256(digest.view()), *signature), public_key(key));
        auto flipped = *signature;
        flipped.y_parity ^= 1;
        EXPECT_NE(recover(digest, flipped), public_key(key));
    }
}

TEST(Secp256k1, SignsDeterministically) {
    // RFC 6979 over secp256k1 and SHA-256: key 1, message "Satoshi Nakamoto".
    const auto key = of_hex<SecretKey>(std::string(63, '0') + "1");
    const auto signature = sign(sha256(view_of("Satoshi Nakamoto")), key);
    ASSERT_TRUE(signature);
    EXPECT_EQ(to_hex(signature->r.view()),
              "934b1ea10a4b3c1757e2b0c017d0b6143ce3c9a7e6a4a49860d7a6ab210ee3d8");
    EXPECT_EQ(to_hex(signature->s.view()),
              "2442ce9d2b916064108014783e923ec36b49743e2ffa1c4496f01a512aafd9e5");
}

TEST(Secp256k1, RecoveryTakesHighS) {
    const auto key = of_hex<SecretKey>(std::string(64, '7'));
    const Hash32 digest = keccak256({});
    auto signature = sign(digest, key).value();
    // s -> n - s with the parity flipped is the same signer's other signature.
    const auto order = of_hex<Hash32>(order_hex);
    int borrow = 0;
    for (size_t i = 32; i-- > 0;) {
        const int difference = order.bytes[i] - signature.s.bytes[i] - borrow;
        signature.s.bytes[i] = static_cast<uint8_t>(difference);
        borrow = difference < 0 ? 1 : 0;
    }
    signature.y_parity ^= 1;
    EXPECT_FALSE(has_low_s(signature));
    EXPECT_EQ(recover(digest, signature), public_key(key));
}

TEST(Secp256k1, LowSIsHalfTheOrderAtMost) {
    RecoverableSignature signature{.r = of_hex<Hash32>(half_order_hex),
                                   .s = of_hex<Hash32>(half_order_hex)};
    EXPECT_TRUE(has_low_s(signature));
    signature.s = of_hex<Hash32>(half_order_next_hex);
    EXPECT_FALSE(has_low_s(signature));
}

TEST(Secp256k1, RefusesWhatIsOutOfRange) {
    const Hash32 digest = keccak256({});
    const auto good = sign(digest, of_hex<SecretKey>(std::string(64, '7'))).value();
    const auto refused = [&](const RecoverableSignature& signature) {
        const auto result = recover(digest, signature);
        return !result && result.error().code == errc::bad_signature && !is_in_range(signature);
    };
    auto bad = good;
    bad.r = {};
    EXPECT_TRUE(refused(bad));
    bad = good;
    bad.s = {};
    EXPECT_TRUE(refused(bad));
    bad = good;
    bad.r = of_hex<Hash32>(order_hex);
    EXPECT_TRUE(refused(bad));
    bad = good;
    bad.s = of_hex<Hash32>(order_hex);
    EXPECT_TRUE(refused(bad));
    bad = good;
    bad.y_parity = 2;
    EXPECT_TRUE(refused(bad));
}

TEST(Secp256k1, RefusesAnRThatIsOnNoPoint) {
    // x = 5 is on no point of y^2 = x^3 + 7: 132 is no square modulo p.
    RecoverableSignature signature;
    signature.r.bytes[31] = 5;
    signature.s.bytes[31] = 1;
    EXPECT_TRUE(is_in_range(signature));
    EXPECT_EQ(recover(keccak256({}), signature).error().code, errc::bad_signature);
}

TEST(Secp256k1, RefusesKeysOutsideTheGroup) {
    for (const auto& key :
         {SecretKey{}, of_hex<SecretKey>(order_hex), of_hex<SecretKey>(std::string(64, 'f'))}) {
        EXPECT_EQ(public_key(key).error().code, errc::bad_secret_key);
        EXPECT_EQ(sign(Hash32{}, key).error().code, errc::bad_secret_key);
    }
}

}  // namespace
}  // namespace holdfast::crypto
