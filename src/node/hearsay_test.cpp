// Which blocks of a peer are believed: each way to lie about one, and who vouches for what.
#include "node/hearsay.h"

#include <gtest/gtest.h>

#include "chain/receipt.h"
#include "node/actors_test.h"

namespace holdfast::node {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace)

const Hash32 genesis = crypto::sha256(to_bytes("genesis"));

class HearsayTest : public ::testing::Test {
  protected:
    HearsayTest() {
        for (uint64_t id = 1; id <= 4; ++id) members_.members.push_back(member(id));
        Hash32 parent;
        for (uint64_t number = 11; number <= 14; ++number) {
            SyncBlock block;
            block.header.number = Height(number);
            block.header.parent_hash = parent;
            block.header.extra_data = chain::encode_extra({});
            block.transactions = {to_bytes(std::to_string(number))};
            block.header.transactions_root = chain::ordered_root(block.transactions);
            parent = chain::header_hash(block.header);
            blocks_.push_back(std::move(block));
        }
    }
    void certify(size_t index, std::initializer_list<uint64_t> signers) {
        const chain::Header& header = blocks_[index].header;
        chain::Certificate certificate{header.number, chain::header_hash(header), {}};
        for (const uint64_t id : signers) {
            const auto one = chain::attest(crypto::NodeKey(node_seed(id, 1)), NodeId(id), genesis,
                                           members_.epoch, header.number, certificate.block_hash);
            certificate.signatures.emplace_back(NodeId(id), one.signature);
        }
        blocks_[index].certificate = certificate;
    }
    [[nodiscard]] Examined examined(uint64_t upto = 100) const {
        return examine(blocks_, Height(11), Height(upto), members_, genesis);
    }
    chain::MemberSet members_;
    std::vector<SyncBlock> blocks_;
};

TEST_F(HearsayTest, ACertificateVouchesForWhatIsBelowIt) {
    certify(2, {1, 2, 4});
    const Examined found = examined();
    EXPECT_EQ(found.flaw, "");
    EXPECT_EQ(found.certified, 3U);
    EXPECT_EQ(found.hashes.size(), 4U);
}

TEST_F(HearsayTest, WhatIsBeyondTheKnownMembersIsLeft) {
    certify(1, {1, 2, 3});
    certify(3, {1, 2});
    const Examined found = examined(12);
    EXPECT_EQ(found.flaw, "");
    EXPECT_EQ(found.certified, 2U);
    EXPECT_EQ(found.hashes.size(), 2U);
}

TEST_F(HearsayTest, AFlawIsNamed) {
    certify(3, {1, 2});
    EXPECT_EQ(examined().flaw, "it sent a certificate that does not hold");
    blocks_[3].certificate.reset();
    EXPECT_EQ(examined().flaw, "");
    certify(1, {1, 2, 3});
    blocks_[1].header.gas_used = 1;  // another block than the one certified
    EXPECT_EQ(examined().flaw, "it sent blocks that do not follow each other");
    EXPECT_EQ(examined().certified, 0U);
    blocks_[1].transactions.push_back({});
    EXPECT_EQ(examined().flaw, "it sent a block with other transactions than its header names");
    blocks_[0].header.extra_data = {};
    EXPECT_EQ(examined().flaw, "it sent blocks out of order");
}

TEST_F(HearsayTest, MoreThanAThirdOfTheWeightIsBelieved) {
    const std::vector<Hash32> hashes = examined().hashes;
    const std::vector<Hash32> others(hashes.size(), Hash32{});
    Hearsay hearsay;
    hearsay.note(NodeId(1), Height(11), hashes);
    hearsay.note(NodeId(1), Height(11), hashes);  // a voice counts once
    hearsay.note(NodeId(2), Height(11), others);
    hearsay.note(NodeId(9), Height(11), hashes);  // a stranger
    EXPECT_EQ(hearsay.believed(Height(11), hashes, members_), 0U);
    hearsay.note(NodeId(3), Height(11), std::span(hashes).first(2));
    EXPECT_EQ(hearsay.believed(Height(11), hashes, members_), 2U);
    hearsay.forget(Height(12));
    EXPECT_EQ(hearsay.believed(Height(11), hashes, members_), 0U);
}

TEST_F(HearsayTest, ExactlyAThirdIsNotEnough) {
    members_.members.pop_back();
    const std::vector<Hash32> hashes = examined().hashes;
    Hearsay hearsay;
    hearsay.note(NodeId(1), Height(11), hashes);
    EXPECT_EQ(hearsay.believed(Height(11), hashes, members_), 0U);
    members_.members[0].weight = 2;
    EXPECT_EQ(hearsay.believed(Height(11), hashes, members_), 4U);
}

}  // namespace
}  // namespace holdfast::node
