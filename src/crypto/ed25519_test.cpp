// Ed25519: RFC 8032's own vectors, and what a signature covers.
#include "crypto/ed25519.h"

#include <gtest/gtest.h>

namespace holdfast::crypto {
namespace {

struct Vector {
    std::string_view seed, key, message, signature;
};

// [RFC 8032 §7.1], tests 1 to 3.
constexpr Vector vectors[] = {
    {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
     "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
     "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b"
     "4"
     "6bd25bf5f0595bbe24655141438e7a100b"},
    {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
     "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
     "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11"
     "d"
     "8c387b2eaeb4302aeeb00d291612bb0c00"},
    {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
     "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
     "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc"
     "6"
     "594a7c15e9716ed28dc027beceea1ec40a"},
};

TEST(Ed25519, SignsAsTheRfcDoes) {
    for (const Vector& vector : vectors) {
        const NodeKey key(fixed_from_hex<NodeSeed>(vector.seed).value());
        const Bytes message = from_hex(vector.message).value();
        EXPECT_EQ(to_hex(key.public_key().view()), vector.key);
        EXPECT_EQ(to_hex(key.seed().view()), vector.seed);
        const NodeSignature signature = key.sign(message);
        EXPECT_EQ(to_hex(signature.view()), vector.signature);
        EXPECT_TRUE(verify(key.public_key(), message, signature));
    }
}

TEST(Ed25519, RefusesAnyChangedBit) {
    const NodeKey key(NodeSeed{});
    const Bytes message{1, 2, 3};
    const NodeSignature good = key.sign(message);
    for (size_t bit = 0; bit < 512; bit += 7) {
        NodeSignature bad = good;
        bad.bytes[bit / 8] ^= static_cast<uint8_t>(1U << (bit % 8));
        EXPECT_FALSE(verify(key.public_key(), message, bad)) << bit;
    }
    EXPECT_FALSE(verify(key.public_key(), Bytes{1, 2}, good));
    EXPECT_FALSE(verify(NodePublicKey{}, message, good));
}

TEST(Ed25519, SigningBytesSeparateEverything) {
    const Hash32 genesis{};
    const Bytes body{7};
    const Bytes base = signing_bytes("vote", genesis, 1, body);
    Hash32 other_genesis;
    other_genesis.bytes[0] = 1;
    EXPECT_NE(base, signing_bytes("note", genesis, 1, body));
    EXPECT_NE(base, signing_bytes("vote", other_genesis, 1, body));
    EXPECT_NE(base, signing_bytes("vote", genesis, 2, body));
    EXPECT_NE(base, signing_bytes("vote", genesis, 1, Bytes{8}));
    // The whole of it, so that others can make it too: length, label, genesis, epoch, body.
    EXPECT_EQ(to_hex(base), "10000000" + to_hex(view_of("holdfast/vote/v1")) +
                                std::string(64, '0') + "0100000000000000" + "07");
}

TEST(Ed25519, RandomBytesDiffer) {
    NodeSeed a;
    NodeSeed b;
    random_bytes(a.bytes);
    random_bytes(b.bytes);
    EXPECT_NE(a, b);
}

}  // namespace
}  // namespace holdfast::crypto
