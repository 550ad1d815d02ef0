// Members, attestations and certificates: who counts, how much is enough, what is refused.
#include "chain/certificate.h"

#include <gtest/gtest.h>

namespace holdfast::chain {
namespace {

crypto::NodeKey key_of(uint64_t id) {
    crypto::NodeSeed seed;
    seed.bytes[0] = static_cast<uint8_t>(id);
    return crypto::NodeKey(seed);
}

MemberSet members(size_t count) {
    MemberSet set;
    set.epoch = 3;
    for (uint64_t id = 1; id <= count; ++id) {
        Member member;
        member.id = NodeId(id);
        member.voting_key = key_of(id).public_key();
        member.endpoint = fmt::format("node{}:30303", id);
        set.members.push_back(member);
    }
    return set;
}

const Hash32 genesis{{1}};
const Hash32 block{{2}};

Attestation attestation_of(uint64_t id) {
    return attest(key_of(id), NodeId(id), genesis, 3, Height(7), block);
}

Certificate certificate_of(const std::vector<uint64_t>& ids) {
    Certificate certificate{.height = Height(7), .block_hash = block, .signatures = {}};
    for (const uint64_t id : ids)
        certificate.signatures.emplace_back(NodeId(id), attestation_of(id).signature);
    return certificate;
}

Errc refusal(const Certificate& certificate, const MemberSet& set,
             QuorumRule rule = QuorumRule::majority) {
    const auto status = verify_certificate(certificate, set, genesis, rule);
    return status ? Errc{} : status.error().code;
}

TEST(Quorum, MoreThanHalfOrMoreThanTwoThirds) {
    EXPECT_FALSE(is_quorum(0, 0, QuorumRule::majority));
    EXPECT_FALSE(is_quorum(2, 4, QuorumRule::majority));
    EXPECT_TRUE(is_quorum(3, 4, QuorumRule::majority));
    EXPECT_TRUE(is_quorum(2, 3, QuorumRule::majority));
    EXPECT_FALSE(is_quorum(2, 3, QuorumRule::two_thirds));
    EXPECT_TRUE(is_quorum(3, 4, QuorumRule::two_thirds));
    EXPECT_FALSE(is_quorum(4, 6, QuorumRule::two_thirds));
    EXPECT_TRUE(is_quorum(5, 6, QuorumRule::two_thirds));
    EXPECT_TRUE(is_quorum(UINT64_MAX, UINT64_MAX, QuorumRule::two_thirds));
    EXPECT_FALSE(is_quorum(UINT64_MAX / 2, UINT64_MAX, QuorumRule::majority));
}

TEST(Attestation, IsOneMembersWord) {
    const MemberSet set = members(3);
    EXPECT_TRUE(verify_attestation(attestation_of(2), set, genesis));
    Attestation other = attestation_of(2);
    other.signer = NodeId(3);
    EXPECT_FALSE(verify_attestation(other, set, genesis));
    other = attestation_of(4);  // no member
    EXPECT_FALSE(verify_attestation(other, set, genesis));
    other = attestation_of(2);
    other.height = Height(8);
    EXPECT_FALSE(verify_attestation(other, set, genesis));
    other = attestation_of(2);
    other.block_hash = {};
    EXPECT_FALSE(verify_attestation(other, set, genesis));
    EXPECT_FALSE(verify_attestation(attestation_of(2), set, Hash32{}));
    MemberSet later = set;
    later.epoch = 4;
    EXPECT_FALSE(verify_attestation(attestation_of(2), later, genesis));
}

TEST(Certificate, NeedsAQuorum) {
    const MemberSet set = members(4);
    EXPECT_EQ(refusal(certificate_of({1, 2, 3}), set), Errc{});
    EXPECT_EQ(refusal(certificate_of({1, 2, 3}), set, QuorumRule::two_thirds), Errc{});
    EXPECT_EQ(refusal(certificate_of({1, 2}), set), errc::certificate_no_quorum);
    EXPECT_EQ(refusal(certificate_of({}), set), errc::certificate_no_quorum);
    EXPECT_EQ(refusal(certificate_of({1, 2, 3, 4}), set), Errc{});
}

TEST(Certificate, CountsWeightNotHeads) {
    MemberSet set = members(3);
    set.members[0].weight = 5;
    EXPECT_EQ(refusal(certificate_of({1}), set), Errc{});
    EXPECT_EQ(refusal(certificate_of({2, 3}), set), errc::certificate_no_quorum);
}

TEST(Certificate, RefusesRepeatedUnknownAndForged) {
    const MemberSet set = members(4);
    EXPECT_EQ(refusal(certificate_of({1, 1, 1}), set), errc::certificate_malformed);
    EXPECT_EQ(refusal(certificate_of({3, 2, 1}), set), errc::certificate_malformed);
    EXPECT_EQ(refusal(certificate_of({1, 2, 9}), set), errc::certificate_unknown_signer);
    Certificate forged = certificate_of({1, 2, 3});
    forged.signatures[1].second.bytes[5] ^= 1;
    EXPECT_EQ(refusal(forged, set), errc::certificate_bad_signature);
    // One bad signature spoils it, even beside enough good ones: the maker was to check.
    forged = certificate_of({1, 2, 3, 4});
    forged.signatures[0].second = forged.signatures[1].second;
    EXPECT_EQ(refusal(forged, set), errc::certificate_bad_signature);
}

TEST(Certificate, ReadsBack) {
    Writer out;
    encode(out, certificate_of({1, 3}));
    encode(out, attestation_of(2));
    const Bytes bytes = out.take();
    Reader in(bytes);
    EXPECT_EQ(decode_certificate(in), certificate_of({1, 3}));
    EXPECT_EQ(decode_attestation(in), attestation_of(2));
    EXPECT_TRUE(in.finish());
}

TEST(Certificate, DecodingRefusesUnsortedSigners) {
    Writer out;
    encode(out, certificate_of({3, 1}));
    const Bytes bytes = out.take();
    Reader in(bytes);
    decode_certificate(in);
    EXPECT_EQ(in.finish().error().code, errc::certificate_malformed);
}

TEST(MemberSet, FindsAndSums) {
    const MemberSet set = members(5);
    EXPECT_EQ(set.find(NodeId(4))->endpoint, "node4:30303");
    EXPECT_EQ(set.find(NodeId(0)), nullptr);
    EXPECT_EQ(set.find(NodeId(6)), nullptr);
    EXPECT_EQ(set.total_weight(), 5U);
}

TEST(MemberSet, ReadsBackAndItsHashNamesAllOfIt) {
    const MemberSet set = members(3);
    Writer out;
    encode(out, set);
    const Bytes bytes = out.take();
    Reader in(bytes);
    EXPECT_EQ(decode_member_set(in), set);
    EXPECT_TRUE(in.finish());
    MemberSet other = set;
    other.epoch += 1;
    EXPECT_NE(other.hash(), set.hash());
    other = set;
    other.members[1].endpoint = "elsewhere:1";
    EXPECT_NE(other.hash(), set.hash());
}

TEST(MemberSet, DecodingRefusesWhatNoSetHolds) {
    const auto refused = [](const MemberSet& set) {
        Writer out;
        encode(out, set);
        const Bytes bytes = out.take();
        Reader in(bytes);
        const MemberSet decoded = decode_member_set(in);
        return !in.finish() && decoded == MemberSet{};
    };
    EXPECT_FALSE(refused(members(2)));
    MemberSet set = members(2);
    set.members[1].id = NodeId(1);
    EXPECT_TRUE(refused(set));
    set = members(2);
    std::swap(set.members[0], set.members[1]);
    EXPECT_TRUE(refused(set));
    set = members(2);
    set.members[0].weight = 0;
    EXPECT_TRUE(refused(set));
    set.members[0].weight = member_weight_max + 1;
    EXPECT_TRUE(refused(set));
    set = members(2);
    set.members[0].endpoint = std::string(endpoint_bytes_max + 1, 'x');
    EXPECT_TRUE(refused(set));
}

}  // namespace
}  // namespace holdfast::chain
