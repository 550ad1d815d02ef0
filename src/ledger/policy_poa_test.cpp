// By authority: what the operators have decided waits for the end of the epoch, and composes.
#include "ledger/policy_poa.h"

#include <gtest/gtest.h>

#include "ledger/epoch_chain.h"

namespace holdfast::ledger {
namespace {

using namespace testing;

class AuthorityTest : public ::testing::Test {
  protected:
    /// Approved by more than half of four.
    void decide(const Bytes& data) {
        for (const uint64_t from : Ids{1, 2, 4})
            ASSERT_TRUE(chain.call(from, validators_address(), data));
    }
    uint64_t pending_count() {
        return chain.view(validators_address(), encode_pending_call()).at(2).low64();
    }
    static chain::Genesis genesis() {
        chain::Genesis result = epoch_genesis(chain::Policy::poa);
        result.bft.epoch_blocks = 16;
        return result;
    }
    EpochChain chain{genesis()};
};

TEST_F(AuthorityTest, ADecisionWaitsForTheEndOfTheEpoch) {
    decide(encode_add_member(make_member(5)));
    const auto& logs = chain.last.receipts[0].logs;
    ASSERT_EQ(logs.size(), 2u);
    EXPECT_EQ(logs[1].topics[0], abi::topic("ChangeDecided(uint64,address,uint64,uint64)"));
    EXPECT_FALSE(chain.last.members_changed);
    EXPECT_EQ(chain.ids(), (Ids{1, 2, 3, 4}));
    EXPECT_EQ(pending_count(), 1u);
    // What comes next is told before: epoch 1, five members.
    const auto next = chain.view(validators_address(), encode_next_members_call());
    EXPECT_EQ(next.at(0), U256(1));
    EXPECT_EQ(next.at(2), U256(5));

    chain.chain.reopen();
    while (chain.chain.ledger().head() < Height(15)) {
        chain.next();
        EXPECT_FALSE(chain.last.members_changed);
    }
    chain.next();
    EXPECT_TRUE(chain.last.members_changed);
    EXPECT_EQ(chain.ids(), (Ids{1, 2, 3, 4, 5}));
    EXPECT_EQ(chain.changes(), 1u);
    EXPECT_EQ(pending_count(), 0u);
    EXPECT_EQ(chain.chain.reader().members(Height(15))->members.size(), 4u);
    EXPECT_EQ(chain.chain.reader().members(Height(16)), chain.last.members);
    chain.chain.expect_sound();
}

TEST_F(AuthorityTest, AnEpochWithoutChangesKeepsTheCount) {
    chain.end_epoch();
    EXPECT_FALSE(chain.last.members_changed);
    EXPECT_EQ(chain.changes(), 0u);
    // On and off again in one epoch is no change, but the id is spent.
    decide(encode_add_member(make_member(5)));
    decide(encode_remove_member(NodeId(5)));
    chain.end_epoch();
    EXPECT_FALSE(chain.last.members_changed);
    EXPECT_EQ(chain.changes(), 0u);
    EXPECT_EQ(pending_count(), 0u);
    EXPECT_EQ(chain.reason(1, validators_address(), encode_add_member(make_member(5))),
              "id was used before");
}

TEST_F(AuthorityTest, AnAddAndARemoveAreOneChange) {
    decide(encode_add_member(make_member(5)));
    decide(encode_remove_member(NodeId(3)));
    EXPECT_EQ(chain.reason(1, validators_address(), encode_remove_member(NodeId(3))),
              "no such member");
    // Neither who comes nor who goes may be doubled meanwhile.
    chain::Member other = make_member(6);
    other.voting_key = make_member(5).voting_key;
    EXPECT_EQ(chain.reason(1, validators_address(), encode_add_member(other)),
              "key already in use");
    other = make_member(6);
    other.transport_key = make_member(3).transport_key;
    EXPECT_EQ(chain.reason(1, validators_address(), encode_add_member(other)),
              "key already in use");
    chain.end_epoch();
    EXPECT_EQ(chain.ids(), (Ids{1, 2, 4, 5}));
    EXPECT_EQ(chain.changes(), 1u);
    chain.chain.expect_sound();
}

TEST_F(AuthorityTest, SomebodyStays) {
    chain.end_epoch();
    decide(encode_remove_member(NodeId(2)));
    decide(encode_remove_member(NodeId(3)));
    decide(encode_remove_member(NodeId(4)));
    EXPECT_EQ(chain.reason(1, validators_address(), encode_remove_member(NodeId(1))),
              "the last member cannot be removed");
    chain.end_epoch();
    EXPECT_EQ(chain.ids(), (Ids{1}));
    // Approvals of those who left are gone; the one who is left decides alone.
    ASSERT_TRUE(chain.call(1, validators_address(), encode_add_member(make_member(7))));
    chain.end_epoch();
    EXPECT_EQ(chain.ids(), (Ids{1, 7}));
}

TEST_F(AuthorityTest, GasRunsOutWithoutATrace) {
    const Bytes add = encode_add_member(make_member(5));
    ASSERT_TRUE(chain.call(1, validators_address(), add));
    ASSERT_TRUE(chain.call(2, validators_address(), add));
    const auto root = chain.chain.account(validators_address()).storage_root;
    std::vector<TransactionPtr> poor;
    for (uint64_t gas = 30'000, nonce = 0; gas <= 90'000; gas += 1'777)
        poor.push_back(make_transaction({.from = 4,
                                         .nonce = nonce++,
                                         .to = validators_address(),
                                         .data = add,
                                         .gas_limit = gas}));
    chain.next(poor);
    for (const auto& receipt : chain.last.receipts) EXPECT_FALSE(receipt.success);
    EXPECT_EQ(chain.chain.account(validators_address()).storage_root, root);
    chain.chain.expect_sound();
}

TEST(Authority, ChangesFoldInTheirOrder) {
    const auto set = [](const Ids& ids) {
        chain::MemberSet result{.epoch = 7, .members = {}};
        for (const uint64_t id : ids) result.members.push_back(make_member(id));
        return result;
    };
    const auto add = [](uint64_t id) { return PendingChange{Action::add, make_member(id)}; };
    const auto remove = [](uint64_t id) { return PendingChange{Action::remove, make_member(id)}; };

    EXPECT_EQ(next_by_authority(set({1, 3}), {}).members, set({1, 3}));
    EXPECT_EQ(next_by_authority(set({1, 3}), {add(2), remove(1)}).members, set({2, 3}));
    EXPECT_EQ(next_by_authority(set({1, 3}), {remove(1), remove(1)}).members, set({3}));
    // A removal that would leave nobody waits until there is somebody else.
    const auto both = next_by_authority(set({1, 3}), {remove(1), remove(3), add(4)});
    EXPECT_EQ(both.members, set({3, 4}));
    ASSERT_EQ(both.stays.size(), 1u);
    EXPECT_EQ(next_by_authority(both.members, both.stays).members, set({4}));
}

TEST(Authority, OtherEnginesChangeAtOnce) {
    TestChain raft;
    const Bytes add = encode_add_member(make_member(4));
    for (const uint64_t from : Ids{1, 2})
        raft.execute({make_transaction({.from = from,
                                        .nonce = 0,
                                        .to = validators_address(),
                                        .data = add,
                                        .gas_limit = 2'000'000})});
    EXPECT_EQ(raft.ledger().members().members.size(), 4u);
    for (const Bytes& data : {encode_pending_call(), encode_next_members_call()}) {
        const auto result = simulate(raft.reader(), raft.genesis(), raft.ledger().head(),
                                     {.to = validators_address(), .data = data});
        EXPECT_EQ(abi::decode_revert(result->output), "unknown function");
    }
    // The other contracts are not there: their addresses are like any others.
    raft.execute(
        {make_transaction({.from = 3, .nonce = 0, .to = staking_address(), .value = gwei})});
    EXPECT_EQ(raft.account(staking_address()).balance, gwei);
}

}  // namespace
}  // namespace holdfast::ledger
