// What conflicts and what does not, evidence, and whose turn it is.
#include "chain/statement.h"

#include <map>

#include <gtest/gtest.h>

#include "chain/schedule.h"

namespace holdfast::chain {
namespace {

using enum StatementKind;

Hash32 digest(uint8_t of) {
    Hash32 hash;
    hash.bytes.fill(of);
    return hash;
}
Statement say(StatementKind kind, uint8_t of = 0, uint64_t view = 7, uint64_t epoch = 3) {
    return {.kind = kind, .epoch = epoch, .view = view, .digest = digest(of)};
}

TEST(Statement, WhatNoHonestNodeSaysTwice) {
    EXPECT_TRUE(conflict(say(propose, 1), say(propose, 2)));
    EXPECT_TRUE(conflict(say(notarize, 1), say(notarize, 2)));
    EXPECT_TRUE(conflict(say(finalize, 1), say(finalize, 2)));
    EXPECT_TRUE(conflict(say(notarize, 1), say(finalize, 2)));
    EXPECT_TRUE(conflict(say(finalize, 2), say(notarize, 1)));
    EXPECT_TRUE(conflict(say(skip), say(finalize, 1)));
    EXPECT_TRUE(conflict(say(finalize, 1), say(skip)));
}

TEST(Statement, WhatAnHonestNodeMaySay) {
    EXPECT_FALSE(conflict(say(notarize, 1), say(notarize, 1)));
    EXPECT_FALSE(conflict(say(notarize, 1), say(finalize, 1)));
    // A vote to notarize stays open after a skip: only finalizing is excluded. [Simplex]
    EXPECT_FALSE(conflict(say(skip), say(notarize, 1)));
    EXPECT_FALSE(conflict(say(skip), say(skip)));
    EXPECT_FALSE(conflict(say(propose, 1), say(notarize, 2)));
    // Honest nodes change their mind from view to view. (linera-protocol #6572)
    EXPECT_FALSE(conflict(say(finalize, 1, 7), say(finalize, 2, 8)));
    EXPECT_FALSE(conflict(say(finalize, 1, 7, 3), say(skip, 0, 7, 4)));
}

class EvidenceTest : public ::testing::Test {
  protected:
    [[nodiscard]] SignedStatement sign(const Statement& statement) const {
        return {statement, key_.sign(statement_bytes(genesis_, statement))};
    }
    const Hash32 genesis_ = digest(9);
    const crypto::NodeKey key_{crypto::NodeSeed{}};
};

TEST_F(EvidenceTest, ProvesGuiltToWhoKnowsTheKey) {
    const Evidence evidence{NodeId(4), sign(say(notarize, 1)), sign(say(notarize, 2))};
    const Bytes bytes = encode(evidence);
    EXPECT_EQ(bytes.size(), evidence_bytes);
    const auto read = decode_evidence(bytes);
    ASSERT_TRUE(read);
    EXPECT_EQ(*read, evidence);
    EXPECT_TRUE(verify_evidence(*read, key_.public_key(), genesis_));
}

TEST_F(EvidenceTest, ProvesNothingElse) {
    const auto error = [&](const Evidence& evidence, const crypto::NodePublicKey& key,
                           const Hash32& genesis) {
        const Status status = verify_evidence(evidence, key, genesis);
        return status ? std::string() : std::string(status.error().code.name);
    };
    const Evidence honest{NodeId(4), sign(say(notarize, 1, 7)), sign(say(notarize, 2, 8))};
    EXPECT_EQ(error(honest, key_.public_key(), genesis_), "evidence.no_conflict");
    Evidence forged{NodeId(4), sign(say(notarize, 1)), sign(say(notarize, 2))};
    EXPECT_EQ(error(forged, key_.public_key(), digest(8)), "evidence.bad_signature");
    forged.second.statement.digest = digest(3);
    EXPECT_EQ(error(forged, key_.public_key(), genesis_), "evidence.bad_signature");
}

TEST_F(EvidenceTest, MalformedBytesAreNamed) {
    Bytes bytes = encode(Evidence{NodeId(4), sign(say(skip)), sign(say(finalize, 2))});
    bytes[8] = 4;  // no such kind
    EXPECT_EQ(decode_evidence(bytes).error().code, errc::evidence_malformed);
    bytes[8] = 2;
    bytes.push_back(0);
    EXPECT_EQ(decode_evidence(bytes).error().code, errc::evidence_malformed);
    bytes.resize(20);
    EXPECT_EQ(decode_evidence(bytes).error().code, errc::evidence_malformed);
}

TEST(Schedule, LeadersComeAsOftenAsTheyWeigh) {
    const std::vector<Turn> turns{{NodeId(1), 1}, {NodeId(2), 2}, {NodeId(5), 5}, {NodeId(9), 0}};
    std::map<NodeId, size_t> count;
    for (uint64_t view = 1; view <= 8'000; ++view) ++count[leader_of(turns, 2, view)];
    EXPECT_NEAR(static_cast<double>(count[NodeId(1)]), 1'000, 3);
    EXPECT_NEAR(static_cast<double>(count[NodeId(2)]), 2'000, 3);
    EXPECT_NEAR(static_cast<double>(count[NodeId(5)]), 5'000, 3);
    EXPECT_EQ(count.count(NodeId(9)), 0U);
}

TEST(Schedule, EqualsFollowEachOther) {
    std::vector<Turn> turns;
    for (uint64_t id = 1; id <= 4; ++id) turns.push_back({NodeId(id), 1});
    for (uint64_t view = 1; view < 1'000; ++view)
        EXPECT_NE(leader_of(turns, 0, view), leader_of(turns, 0, view + 1)) << view;
}

TEST(Schedule, HugeWeightsDoNotOverflow) {
    const uint64_t huge = (uint64_t{1} << 62) - 1;
    const std::vector<Turn> turns{{NodeId(1), huge}, {NodeId(2), huge}};
    std::map<NodeId, size_t> count;
    for (uint64_t view = 0; view < 1'000; ++view) ++count[leader_of(turns, 7, view)];
    EXPECT_NEAR(static_cast<double>(count[NodeId(1)]), 500, 3);
}

}  // namespace
}  // namespace holdfast::chain
