// Hash functions against published digests, at every length around a block.
#include "crypto/hash.h"

#include <gtest/gtest.h>

namespace holdfast::crypto {
namespace {

std::string keccak_hex(std::string_view text) {
    return to_hex(keccak256(view_of(text)).view());
}

TEST(Keccak256, PublishedDigests) {
    EXPECT_EQ(keccak_hex(""), "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470");
    EXPECT_EQ(keccak_hex("abc"),
              "4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45");
    EXPECT_EQ(keccak_hex("The quick brown fox jumps over the lazy dog"),
              "4d741b6f1eb29cb2a9b9911c82f56fa8d73b04959d3d9d222895df6c0b28aa15");
    EXPECT_EQ(keccak_hex("Transfer(address,address,uint256)"),
              "ddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef");
}

TEST(Keccak256, EveryLengthAroundABlock) {
    // A digest of digests, so that one constant covers each length from 0 to 299: padding in a
    // block of its own, in the last byte alone, and across several blocks. The constant was made by
    // another implementation (noble-hashes).
    Bytes digests;
    Bytes data;
    for (size_t size = 0; size < 300; ++size) {
        append(digests, keccak256(data).view());
        data.push_back(static_cast<uint8_t>(size));
    }
    EXPECT_EQ(to_hex(keccak256(digests).view()),
              "a7556b99d532c6a2658e83e7bf12038ea9de15dc01506e586fd97bfd3c910e1f");
}

TEST(Sha256, PublishedDigests) {
    EXPECT_EQ(to_hex(sha256({}).view()),
              "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    EXPECT_EQ(to_hex(sha256(view_of("abc")).view()),
              "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

}  // namespace
}  // namespace holdfast::crypto
