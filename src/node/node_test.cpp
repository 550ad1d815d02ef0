// Whole nodes over doubles: from a client's transaction to a certified block everywhere, and what
// happens when a node misses blocks, loses its state, or computes another one than the rest.
#include "node/cluster_test.h"

namespace holdfast::node {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace)

TEST_F(NodeTest, ATransferAtAnyNodeIsExecutedAndCertifiedAtAll) {
    make(3);
    start_all();
    const Address to = account(9);
    EXPECT_TRUE(machine(2).node->submit(make_transaction(1, 0, to, 77)));
    settle();
    for (auto& one : machines_) {
        EXPECT_EQ(one->balance(to), U256(77));
        EXPECT_EQ(one->status().head, Height(1));
        EXPECT_EQ(one->status().certified, Height(1));
        EXPECT_EQ(one->status().pending_transactions, 0U);
    }
    expect_same_heads();
}

TEST_F(NodeTest, WhatAClientBringsAgainIsOfferedOnThoughGossipBroughtItFirst) {
    make(3);
    start_all();
    const Address to = account(9);
    const TransactionPtr transaction = make_transaction(1, 0, to, 77);
    cut_ = {1};  // which proposes, and does not hear what node 3 admits
    EXPECT_TRUE(machine(3).node->submit(transaction));
    settle();
    ASSERT_EQ(machine(2).status().pending_transactions, 1U);
    cut_ = {3};
    EXPECT_FALSE(machine(2).node->submit(transaction)) << "it is known already";
    pass(4s);
    EXPECT_EQ(machine(1).balance(to), U256(77));
}

TEST_F(NodeTest, ARefusedTransactionSaysWhy) {
    make(1);
    start_all();
    EXPECT_TRUE(machine(1).node->submit(make_transaction(1, 0, account(9), 1)));
    settle();
    const auto again = machine(1).node->submit(make_transaction(1, 0, account(9), 2));
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().code, mempool::errc::nonce_too_low);
}

TEST_F(NodeTest, AnIdleChainStillTicks) {
    make(3);
    start_all();
    pass(3500ms);
    EXPECT_GE(machine(1).status().head, Height(2));
    EXPECT_LE(machine(1).status().head, Height(4));
    expect_same_heads();
}

TEST_F(NodeTest, AnAttestationLostOnTheWayIsRepeatedUntilThereIsACertificate) {
    make(3);
    start_all();
    EXPECT_TRUE(machine(1).node->submit(make_transaction(1, 0, account(9), 1)));
    // Everybody executes, but nobody hears another's attestation.
    for (bool busy = true; busy;) {
        busy = false;
        for (auto& one : machines_)
            while (one->lanes.run_any()) busy = true;
        while (!wire_.items.empty()) {
            const Wire::Item item = wire_.items.front();
            wire_.items.pop_front();
            const auto message = decode_message(*item.bytes);
            ASSERT_TRUE(message);
            if (std::holds_alternative<Attestations>(*message)) continue;
            busy = true;
            machine(item.to.value).node->on_message(item.from, item.bytes);
        }
    }
    EXPECT_EQ(machine(1).status().head, Height(1));
    EXPECT_EQ(machine(1).status().certified, Height(0));
    pass(3s);
    for (auto& one : machines_) EXPECT_GE(one->status().certified, Height(1));
}

TEST_F(NodeTest, ANodeWhoseStateDiffersStopsAndNamesTheRepair) {
    make(3);
    start_all();
    // Somebody gave account 2 money on the disk of node 3.
    chain::Account rich = chain::new_account();
    rich.balance = U256(42);
    const Hash32 key = crypto::keccak256(account(9).view());
    machine(3).crash();
    machine(3).store.write(
        {{env::Column::accounts, to_bytes(key.view()), chain::encode_account(rich)}});
    machine(3).start();
    EXPECT_TRUE(machine(1).node->submit(make_transaction(1, 0, account(9), 1)));
    settle();
    ASSERT_TRUE(machine(3).stopped);
    EXPECT_EQ(machine(3).stopped->code, errc::diverged);
    EXPECT_NE(machine(3).stopped->detail.find("init --rejoin"), std::string::npos);
    EXPECT_EQ(machine(3).status().state, NodeState::stopped);
    EXPECT_EQ(machine(1).status().certified, Height(1));
    EXPECT_FALSE(machine(3).node->submit(make_transaction(1, 1, account(9), 1)));
}

TEST_F(NodeTest, ALinearizableReadWaitsForExecution) {
    make(1);
    start_all();
    EXPECT_TRUE(machine(1).node->submit(make_transaction(1, 0, account(9), 1)));
    machine(1).lanes.run_one(env::Lane::journal);  // agreed upon, not executed
    std::optional<Result<Height>> answer;
    machine(1).node->read([&](Result<Height> result) { answer = std::move(result); });
    EXPECT_FALSE(answer);
    settle();
    ASSERT_TRUE(answer);
    ASSERT_TRUE(answer->has_value());
    EXPECT_GE(**answer, Height(1));
}

TEST_F(NodeTest, ACrashedNodeTakesUpWhereItsDiskStands) {
    make(3);
    start_all();
    EXPECT_TRUE(machine(1).node->submit(make_transaction(1, 0, account(9), 5)));
    settle();
    machine(2).crash();
    EXPECT_TRUE(machine(1).node->submit(make_transaction(1, 1, account(9), 5)));
    settle();
    machine(2).start();
    pass(5s);
    expect_same_heads();
    EXPECT_EQ(machine(2).balance(account(9)), U256(10));
}

TEST_F(NodeTest, ProposingStopsWhenNobodyCertifies) {
    make(3, [](chain::Genesis& genesis) { genesis.parameters.certificate_lag_max = 4; });
    machine(1).start();
    machine(2).start();
    mute_.insert(2);
    pass(20s);
    EXPECT_EQ(machine(1).status().certified, Height(0));
    EXPECT_LE(machine(1).status().head, Height(6));
    EXPECT_NE(machine(1).status().trouble.find("start the members"), std::string::npos);
    mute_.clear();
    pass(5s);
    EXPECT_GT(machine(1).status().certified, Height(4));
    EXPECT_EQ(machine(1).status().trouble, "");
}

TEST_F(NodeTest, TheEngineHearsOfAChangeOfMembersOnceItIsCertified) {
    make(3);
    start_all();
    const Bytes call = ledger::encode_add_member(member(4));
    const Address contract = ledger::validators_address();
    EXPECT_TRUE(machine(1).node->submit(make_transaction(1, 0, contract, 0, call)));
    settle();
    EXPECT_FALSE(machine(1).engine->heard());
    EXPECT_TRUE(machine(1).node->submit(make_transaction(2, 0, contract, 0, call)));
    settle();
    ASSERT_TRUE(machine(1).engine->heard());
    EXPECT_EQ(machine(1).engine->heard()->members.voters.size(), 4U);
    EXPECT_EQ(machine(1).node->members().members.size(), 4U);
    ASSERT_TRUE(machine(2).membership);
    EXPECT_EQ(machine(2).membership->members.back().id, NodeId(4));
}

TEST_F(NodeTest, GarbageFromAPeerIsCountedAndForgotten) {
    make(2);
    start_all();
    Random random(7);
    for (int i = 0; i < 2000; ++i) {
        Bytes bytes(random.below(200));
        for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random.next());
        if (!bytes.empty()) bytes[0] = static_cast<uint8_t>(1 + random.below(12));
        machine(1).node->on_message(NodeId(2), make_buffer(std::move(bytes)));
    }
    settle();
    EXPECT_GT(machine(1).status().counters.messages_refused, 0U);
    EXPECT_TRUE(machine(1).node->submit(make_transaction(1, 0, account(9), 1)));
    settle();
    EXPECT_EQ(machine(2).balance(account(9)), U256(1));
}

}  // namespace
}  // namespace holdfast::node
