// The part of a genesis that Byzantine agreement has: read, written, held to its rules.
#include <set>

#include <gtest/gtest.h>

#include "chain/epochs.h"
#include "chain/errors.h"
#include "chain/genesis.h"

namespace holdfast::chain {
namespace {

constexpr std::string_view text = R"({
  "config": {"chainId": 7},
  "alloc": {"f39fd6e51aad88f6f4ce6ab8827279cfffb92266": {"balance": "1000000000000000000000"}},
  "holdfast": {
    "engine": "bft",
    "bft": {"policy": "pos", "epochBlocks": 100, "evidenceEpochsMax": 3, "committeeMax": 5,
            "stakeMin": "2000000000000000000", "stakePerWeight": "0xde0b6b3a7640000",
            "unbondingEpochs": 9, "blockReward": 12, "slashPerMille": 20, "accuserPerMille": 10,
            "missedPerMille": 300, "jailEpochs": 2, "guiltsMax": 4},
    "members": [
      {"id": 1, "weight": 3, "endpoint": "a:1",
       "votingKey": "0x2100000000000000000000000000000000000000000000000000000000000000",
       "transportKey": "0x2200000000000000000000000000000000000000000000000000000000000000",
       "account": "0x2300000000000000000000000000000000000000"}
    ]
  }
})";

std::string with(std::string_view old_text, std::string_view new_text) {
    std::string result(text);
    const size_t at = result.find(old_text);
    EXPECT_NE(at, std::string::npos) << old_text;
    return result.replace(at, old_text.size(), new_text);
}

void expect_refused(const std::string& json, Errc code, std::string_view word) {
    const auto genesis = parse_genesis(json);
    ASSERT_FALSE(genesis) << word;
    EXPECT_EQ(genesis.error().code, code) << describe(genesis.error());
    EXPECT_NE(genesis.error().detail.find(word), std::string::npos) << describe(genesis.error());
}

TEST(GenesisBft, IsRead) {
    const auto genesis = parse_genesis(text);
    ASSERT_TRUE(genesis) << describe(genesis.error());
    const BftParameters& bft = genesis->bft;
    EXPECT_EQ(bft.policy, Policy::pos);
    EXPECT_EQ(bft.epoch_blocks, 100U);
    EXPECT_EQ(bft.evidence_epochs_max, 3U);
    EXPECT_EQ(bft.committee_max, 5U);
    EXPECT_EQ(bft.stake_min, U256(2'000'000'000'000'000'000));
    EXPECT_EQ(bft.stake_per_weight, U256(1'000'000'000'000'000'000));
    EXPECT_EQ(bft.unbonding_epochs, 9U);
    EXPECT_EQ(bft.block_reward, U256(12));
    EXPECT_EQ(bft.slash_per_mille, 20U);
    EXPECT_EQ(bft.accuser_per_mille, 10U);
    EXPECT_EQ(bft.missed_per_mille, 300U);
    EXPECT_EQ(bft.jail_epochs, 2U);
    EXPECT_EQ(bft.guilts_max, 4U);
    EXPECT_TRUE(genesis->has_stakes());
    EXPECT_EQ(genesis->founding_stake(), U256(3'000'000'000'000'000'000));
    EXPECT_EQ(genesis->quorum_rule(), QuorumRule::two_thirds);
}

TEST(GenesisBft, HasDefaults) {
    const size_t from = text.find("\"bft\":"), to = text.find("\"members\"");
    const auto genesis =
        parse_genesis(std::string(text.substr(0, from)) + std::string(text.substr(to)));
    ASSERT_TRUE(genesis) << describe(genesis.error());
    EXPECT_EQ(genesis->bft, BftParameters{});
    EXPECT_EQ(genesis->bft.policy, Policy::poa);
    EXPECT_EQ(genesis->bft.epoch_blocks, 256U);
    EXPECT_FALSE(genesis->has_stakes());
    EXPECT_EQ(genesis->founding_stake(), U256(0));
}

TEST(GenesisBft, WritesWhatItReadsBack) {
    for (const auto policy : {Policy::poa, Policy::pos, Policy::dpos}) {
        Genesis genesis = parse_genesis(text).value();
        genesis.bft.policy = policy;
        if (policy == Policy::poa) genesis.bft = {.epoch_blocks = 9};
        if (policy == Policy::dpos) {
            genesis.members.members[0].weight = 1;
            genesis.bft.stake_min = U256(1);
        }
        const auto again = parse_genesis(genesis_to_json(genesis));
        ASSERT_TRUE(again) << describe(again.error());
        EXPECT_EQ(*again, genesis);
        EXPECT_EQ(policy_from(to_string(policy)), policy);
    }
    EXPECT_FALSE(policy_from("PoA"));
}

TEST(GenesisBft, TheHashCoversEverythingThatCounts) {
    const Genesis base = parse_genesis(text).value();
    std::vector<Genesis> others(13, base);
    others[0].bft.policy = Policy::dpos;
    ++others[1].bft.epoch_blocks;
    ++others[2].bft.evidence_epochs_max;
    ++others[3].bft.committee_max;
    others[4].bft.stake_min += U256(1);
    others[5].bft.stake_per_weight += U256(1);
    ++others[6].bft.unbonding_epochs;
    others[7].bft.block_reward += U256(1);
    ++others[8].bft.slash_per_mille;
    ++others[9].bft.accuser_per_mille;
    ++others[10].bft.missed_per_mille;
    ++others[11].bft.jail_epochs;
    ++others[12].bft.guilts_max;
    std::set<Hash32> hashes{genesis_hash(base)};
    for (const Genesis& other : others) hashes.insert(genesis_hash(other));
    EXPECT_EQ(hashes.size(), others.size() + 1);
    // Of another engine nothing counts, so nothing hangs on it.
    Genesis raft = base;
    raft.engine = EngineKind::raft;
    const Hash32 before = genesis_hash(raft);
    raft.bft = {};
    EXPECT_EQ(genesis_hash(raft), before);
}

TEST(GenesisBft, RefusesWhatDoesNotCount) {
    expect_refused(with("\"bft\",", "\"raft\","), errc::genesis_unknown_field, "holdfast.bft");
    expect_refused(with("\"pos\"", "\"poa\""), errc::genesis_unknown_field,
                   "holdfast.bft.committeeMax");
    expect_refused(with("\"jailEpochs\"", "\"jail\""), errc::genesis_unknown_field,
                   "holdfast.bft.jail");
    expect_refused(with("\"pos\"", "\"pow\""), errc::genesis_malformed, "none of poa, pos, dpos");
    Genesis raft = parse_genesis(text).value();
    raft.engine = EngineKind::raft;
    EXPECT_FALSE(validate_genesis(raft));
}

TEST(GenesisBft, RefusesImpossibleNumbers) {
    const auto bad = [](std::string_view old_text, std::string_view new_text,
                        std::string_view word) {
        expect_refused(with(old_text, new_text), errc::genesis_invalid, word);
    };
    bad("\"epochBlocks\": 100", "\"epochBlocks\": 0", "epochBlocks");
    bad("\"evidenceEpochsMax\": 3", "\"evidenceEpochsMax\": 65", "evidenceEpochsMax");
    bad("\"committeeMax\": 5", "\"committeeMax\": 0", "committeeMax");
    bad("\"committeeMax\": 5", "\"committeeMax\": 257", "committeeMax");
    bad("\"stakeMin\": \"2", "\"stakeMin\": \"4", "below stakeMin");
    bad("\"stakeMin\": \"2000000000000000000\"", "\"stakeMin\": 0", "stakeMin");
    bad("\"0xde0b6b3a7640000\"", "0", "stakePerWeight");
    bad("\"0xde0b6b3a7640000\"", "\"0x1" + std::string(28, '0') + "\"", "too large");
    bad("\"unbondingEpochs\": 9", "\"unbondingEpochs\": 3", "unbondingEpochs");
    bad("\"blockReward\": 12", "\"blockReward\": \"0x1" + std::string(28, '0') + "\"",
        "blockReward");
    bad("\"slashPerMille\": 20", "\"slashPerMille\": 1001", "slashPerMille");
    bad("\"accuserPerMille\": 10", "\"accuserPerMille\": 501", "accuserPerMille");
    bad("\"missedPerMille\": 300", "\"missedPerMille\": 0", "missedPerMille");
    bad("\"jailEpochs\": 2", "\"jailEpochs\": 0", "jailEpochs");
    bad("\"guiltsMax\": 4", "\"guiltsMax\": 0", "guiltsMax");
    bad("\"pos\"", "\"dpos\"", "every weight is 1");
    bad("\"1000000000000000000000\"", "\"0x1" + std::string(28, '0') + "\"", "too large");
}

TEST(Epochs, HeightsFallIntoThem) {
    EXPECT_EQ(epoch_of(Height(0), 4), 0U);
    EXPECT_EQ(epoch_of(Height(1), 4), 0U);
    EXPECT_EQ(epoch_of(Height(4), 4), 0U);
    EXPECT_EQ(epoch_of(Height(5), 4), 1U);
    EXPECT_EQ(epoch_of(Height(3), 1), 2U);
    EXPECT_FALSE(is_boundary(Height(0), 4));
    EXPECT_FALSE(is_boundary(Height(3), 4));
    EXPECT_TRUE(is_boundary(Height(4), 4));
    EXPECT_FALSE(is_boundary(Height(5), 4));
}

}  // namespace
}  // namespace holdfast::chain
