// Project Wycheproof's signatures: edge cases of the curves, and forgeries that others once took.
#include <gtest/gtest.h>

#include "chain/test_vectors.h"
#include "crypto/ed25519.h"
#include "crypto/hash.h"
#include "crypto/secp256k1.h"

namespace holdfast::chain {
namespace {

TEST(Wycheproof, Ed25519) {
    HOLDFAST_VECTORS_OR_SKIP(folder, "wycheproof", "testvectors_v1");
    const auto json = test::read_json(*folder + "/ed25519_test.json");
    ASSERT_TRUE(json);
    size_t tests = 0;
    for (const Json& group : json->find("testGroups")->items) {
        const auto key =
            fixed_from_hex<crypto::NodePublicKey>(group.find("publicKey")->find("pk")->text);
        ASSERT_TRUE(key);
        for (const Json& vector : group.find("tests")->items) {
            const Bytes message = from_hex(vector.find("msg")->text).value();
            const auto signature = fixed_from_hex<crypto::NodeSignature>(vector.find("sig")->text);
            // A signature of another length cannot even be said in our types.
            const bool verified = signature && crypto::verify(*key, message, *signature);
            EXPECT_EQ(verified, vector.find("result")->text == "valid")
                << vector.find("tcId")->text << " " << vector.find("comment")->text;
            ++tests;
        }
    }
    EXPECT_GE(tests, 150U);
}

/// r and s out of strict DER; null for any other encoding: ours is fixed-size, so those have none.
std::optional<crypto::RecoverableSignature> parse_der(ByteView der) {
    const auto take = [&der](uint8_t tag) -> std::optional<ByteView> {
        if (der.size() < 2 || der[0] != tag || der[1] >= 0x80 || der.size() - 2 < der[1])
            return std::nullopt;
        const ByteView content = der.subspan(2, der[1]);
        der = der.subspan(2 + content.size());
        return content;
    };
    const auto whole = take(0x30);
    if (!whole || !der.empty()) return std::nullopt;
    der = *whole;
    crypto::RecoverableSignature signature;
    for (Hash32* scalar : {&signature.r, &signature.s}) {
        auto digits = take(0x02);
        if (!digits || digits->empty() || (*digits)[0] >= 0x80) return std::nullopt;
        if (digits->size() > 1 && (*digits)[0] == 0) {
            if ((*digits)[1] < 0x80) return std::nullopt;
            digits = digits->subspan(1);
        }
        if (digits->size() > 32) return std::nullopt;
        std::ranges::copy_backward(*digits, scalar->bytes.end());
    }
    if (!der.empty()) return std::nullopt;
    return signature;
}

/// A signature is good if one of the two parities recovers the key.
bool recovers(const Hash32& digest, crypto::RecoverableSignature signature,
              const crypto::PublicKey& key) {
    for (uint8_t parity = 0; parity < 2; ++parity) {
        signature.y_parity = parity;
        const auto found = crypto::recover(digest, signature);
        if (found && *found == key) return true;
    }
    return false;
}

/// r + n may be a point's x too, though no one can bring that about but the maker of a test.
bool has_reduced_r(const Json& vector) {
    const std::string& comment = vector.find("comment")->text;
    return comment.find("with a reduction") != std::string::npos ||
           comment.find("large x-coordinate") != std::string::npos;
}

void check_ecdsa(const std::string& file, bool low_s_only) {
    const auto json = test::read_json(file);
    ASSERT_TRUE(json);
    size_t valid = 0;
    size_t invalid = 0;
    for (const Json& group : json->find("testGroups")->items) {
        const auto point = from_hex(group.find("publicKey")->find("uncompressed")->text);
        ASSERT_TRUE(point && point->size() == 65);
        const auto key = crypto::PublicKey::from(ByteView(*point).subspan(1));
        for (const Json& vector : group.find("tests")->items) {
            const Hash32 digest = crypto::sha256(from_hex(vector.find("msg")->text).value());
            const auto der = from_hex(vector.find("sig")->text);
            const auto signature = der ? parse_der(*der) : std::nullopt;
            const bool good = signature && (!low_s_only || crypto::has_low_s(*signature)) &&
                              recovers(digest, *signature, *key);
            const bool wanted = vector.find("result")->text == "valid";
            if (wanted && has_reduced_r(vector)) continue;
            EXPECT_EQ(good, wanted)
                << file << " " << vector.find("tcId")->text << " " << vector.find("comment")->text;
            ++(wanted ? valid : invalid);
        }
    }
    EXPECT_GE(valid, 100U);
    EXPECT_GE(invalid, 200U);
}

TEST(Wycheproof, Secp256k1) {
    HOLDFAST_VECTORS_OR_SKIP(folder, "wycheproof", "testvectors_v1");
    check_ecdsa(*folder + "/ecdsa_secp256k1_sha256_test.json", false);
    check_ecdsa(*folder + "/ecdsa_secp256k1_sha256_bitcoin_test.json", true);
}

}  // namespace
}  // namespace holdfast::chain
