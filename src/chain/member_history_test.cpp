// From set to set: what is followed, what is refused, and that a refusal changes nothing.
#include "chain/member_history.h"

#include <gtest/gtest.h>

#include "chain/errors.h"
#include "chain/test_proof.h"

namespace holdfast::chain {
namespace {

using testing::ProofWorld;

class MemberHistoryTest : public ::testing::Test {
  protected:
    ProofWorld world{EngineKind::bft};
    Proof proof = world.proof(world.account_claim(world.rich));
    MemberHistory history{world.genesis.members, Height(0), genesis_hash(world.genesis),
                          QuorumRule::two_thirds};
    std::vector<MemberChange>& changes = proof.history;

    void expect_refused(const MemberChange& change, Errc why) {
        const MemberSet before = history.members();
        const Height at = history.at();
        const Status followed = history.follow(change);
        ASSERT_FALSE(followed);
        EXPECT_EQ(followed.error().code, why);
        EXPECT_EQ(history.members(), before);
        EXPECT_EQ(history.at(), at);
    }
};

TEST_F(MemberHistoryTest, GoesFromSetToSet) {
    EXPECT_EQ(history.check(proof.block).error().code, errc::certificate_unknown_signer);
    for (const MemberChange& change : changes) ASSERT_TRUE(history.follow(change));
    EXPECT_EQ(history.members(), world.sets[2]);
    EXPECT_EQ(history.at(), Height(9));
    EXPECT_TRUE(history.check(proof.block));
}

TEST_F(MemberHistoryTest, GoesOnFromAnySet) {
    MemberHistory later(world.sets[1], Height(7), genesis_hash(world.genesis),
                        QuorumRule::two_thirds);
    ASSERT_TRUE(later.follow(changes[1]));
    EXPECT_TRUE(later.check(proof.block));
}

TEST_F(MemberHistoryTest, RefusesWhatTheSetBeforeHasNotAttested) {
    expect_refused(changes[1], errc::certificate_unknown_signer);
    MemberChange other = changes[0];
    other.block.header.beneficiary.bytes[0] ^= 1;
    expect_refused(other, errc::certificate_bad_signature);
    other = changes[0];
    other.block.signatures.pop_back();
    expect_refused(other, errc::certificate_no_quorum);
    other = changes[0];
    other.members.members.pop_back();
    expect_refused(other, errc::proof_other_members);
    ASSERT_TRUE(history.follow(changes[0]));
    expect_refused(changes[0], errc::proof_order);
    EXPECT_EQ(history.check(changes[0].block).error().code, errc::proof_order);
    ASSERT_TRUE(history.follow(changes[1]));
}

TEST_F(MemberHistoryTest, ABlockWithoutAChangeIsNone) {
    MemberChange same{.block = {.header = world.header_at(3, 0), .signatures = {}},
                      .members = world.sets[0]};
    same.block.signatures = world.sign(same.block.header, 0, {1, 2, 3});
    EXPECT_TRUE(history.check(same.block));
    expect_refused(same, errc::proof_order);
}

TEST_F(MemberHistoryTest, ReadsBack) {
    Writer out;
    encode(out, changes[0]);
    const Bytes bytes = out.take();
    Reader in(bytes);
    EXPECT_EQ(decode_member_change(in), changes[0]);
    EXPECT_TRUE(in.finish());
    for (size_t size = 0; size < bytes.size(); ++size) {
        Reader shorter(ByteView(bytes).first(size));
        std::ignore = decode_member_change(shorter);
        EXPECT_FALSE(shorter.finish());
    }
}

}  // namespace
}  // namespace holdfast::chain
