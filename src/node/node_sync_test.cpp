// Whole nodes that are behind, alone, new or on their way out: how they find blocks, certificates
// and each other.
#include "node/cluster_test.h"

namespace holdfast::node {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace)

TEST_F(NodeTest, ANodeThatMissedBlocksFetchesThem) {
    make(3);
    start_all();
    cut_.insert(3);
    execute_each(0, 20);
    EXPECT_EQ(machine(3).status().head, Height(0));
    cut_.clear();
    pass(5s);
    expect_same_heads();
    EXPECT_EQ(machine(3).balance(account(9)), U256(20));
    EXPECT_GE(machine(3).status().counters.blocks_synced, 20U);
    EXPECT_EQ(machine(3).status().certified, machine(1).status().certified);
}

TEST_F(NodeTest, ANodeFarBehindIsNeverIdleWhileItFetches) {
    make(3);
    start_all();
    cut_.insert(3);
    execute_each(0, 1500);
    // It executes more slowly than blocks come in: what it asks for next must not wait for a timer.
    cut_.clear();
    slow_.insert(3);
    EXPECT_TRUE(machine(1).node->submit(make_transaction(1, 1500, account(9), 1)));
    settle();
    pass(500ms);
    EXPECT_EQ(machine(3).balance(account(9)), U256(1501));
    expect_same_heads();
}

TEST_F(NodeTest, ANodeThatHearsNoLeaderAsksItsPeers) {
    make(3);
    start_all();
    cut_.insert(3);
    execute_each(0, 5);
    machine(1).crash();
    cut_.clear();
    pass(15s);
    EXPECT_EQ(machine(3).status().head, machine(2).status().head);
    EXPECT_EQ(machine(3).balance(account(9)), U256(5));
    EXPECT_EQ(machine(3).status().state, NodeState::running);
}

TEST_F(NodeTest, ANodeThatSeesALeaderButNoBlocksAsksItsPeers) {
    make(3);
    start_all();
    machine(3).engine->leader_known = true;
    deaf_to_engine_ = 3;
    EXPECT_TRUE(machine(1).node->submit(make_transaction(1, 0, account(9), 77)));
    pass(8s);
    EXPECT_EQ(machine(3).balance(account(9)), U256(77));
}

TEST_F(NodeTest, AJoinerThatKnowsNobodyAliveAsksThoseOfItsConfiguration) {
    // Node 3 has never heard of anybody but node 1, which is gone.
    make(2);
    machines_.push_back(std::make_unique<Machine>(genesis_, 3, wire_, clock_));
    machine(1).start();
    machine(2).start();
    execute_each(0, 5);
    machine(1).crash();
    machine(3).start(0, {.epoch = 1, .members = {NodeId(2)}});
    pass(3s);
    EXPECT_EQ(machine(3).status().head, machine(2).status().head);
    EXPECT_EQ(machine(3).balance(account(9)), U256(5));
}

TEST_F(NodeTest, ManyMissingCertificatesComeTogether) {
    make(3);
    start_all();
    // Node 3 executes everything, but what is said of certificates does not reach it.
    deaf_to_certificates_ = 3;
    execute_each(0, 300);
    EXPECT_EQ(machine(3).status().head, Height(300));
    EXPECT_EQ(machine(3).status().certified, Height(0));
    deaf_to_certificates_ = 0;
    pass(2s);
    EXPECT_GE(machine(3).status().certified, Height(300));
}

TEST_F(NodeTest, ANodeBehindThePrunedBlocksTakesASnapshot) {
    leave_behind_the_pruned();
    // Admitted here before it was executed elsewhere: it must not stay in the pool for good.
    EXPECT_TRUE(machine(3).node->submit(make_transaction(1, 0, account(9), 1)));
    EXPECT_TRUE(machine(3).node->submit(make_transaction(1, 130, account(9), 1)));
    cut_.clear();
    pass(10s);
    expect_same_heads();
    EXPECT_EQ(machine(3).status().counters.snapshots_synced, 1U);
    EXPECT_EQ(machine(3).balance(account(9)), U256(131)) << "what still fits goes on to the others";
    EXPECT_EQ(machine(3).status().pending_transactions, 0U);
}

TEST_F(NodeTest, ASnapshotIsToBeHadThoughTheHeadWaitsForWhoNeedsIt) {
    leave_behind_the_pruned();
    // What node 1 executes now is certified when node 3 has executed it too, and not before.
    machine(2).crash();
    execute_each(130, 135);
    ASSERT_LT(machine(1).status().certified, machine(1).status().head);
    cut_.clear();
    pass(10s);
    EXPECT_EQ(machine(3).status().counters.snapshots_synced, 1U);
    EXPECT_EQ(machine(3).status().head, machine(1).status().head);
    EXPECT_EQ(machine(3).balance(account(9)), U256(135));
    EXPECT_EQ(machine(1).status().certified, machine(1).status().head);
    EXPECT_EQ(machine(3).status().certified, machine(1).status().head);
}

TEST_F(NodeTest, ASnapshotIsToBeHadFromWhoHasNothingElse) {
    // No empty blocks: whoever took the snapshot executes nothing after it.
    make(3, [](chain::Genesis& genesis) { genesis.parameters.empty_interval_ms = 60'000; });
    machine(1).start(16);
    machine(2).start();
    machine(3).start(16);
    cut_.insert(2);
    execute_each(0, 130);
    cut_.clear();
    pass(10s);
    ASSERT_EQ(machine(2).status().counters.snapshots_synced, 1U);
    ASSERT_EQ(ledger::Reader(machine(2).store.snapshot()).lowest_block(),
              machine(2).status().head.next());
    // Node 3 comes back without anything.
    machine(1).crash();
    machine(3).crash();
    machines_[2] = std::make_unique<Machine>(genesis_, 3, wire_, clock_);
    machine(3).start();
    pass(10s);
    EXPECT_EQ(machine(3).status().counters.snapshots_synced, 1U);
    EXPECT_EQ(machine(3).status().head, machine(2).status().head);
    EXPECT_EQ(machine(3).balance(account(9)), U256(130));
}

TEST_F(NodeTest, BlocksThatNobodyCertifiedAreKept) {
    make(3);
    machine(1).start(16);
    cut_.insert(3);
    execute_each(0, 130);
    EXPECT_EQ(machine(1).status().certified, Height(0));
    EXPECT_EQ(ledger::Reader(machine(1).store.snapshot()).lowest_block(), Height(0));
    machine(3).start();
    cut_.clear();
    pass(10s);
    EXPECT_EQ(machine(3).status().counters.snapshots_synced, 0U);
    EXPECT_EQ(machine(3).status().head, machine(1).status().head);
    EXPECT_EQ(machine(3).status().certified, machine(1).status().head);
}

TEST_F(NodeTest, ABlockWithoutACertificateIsPassedOverUnlessItChangedTheMembers) {
    make(4);
    start_all();
    // Node 2 hears nothing of who attests `kept_back`.
    Height kept_back(2);
    tamper_ = [&](Wire::Item& item) {
        if (item.to != NodeId(2)) return;
        auto message = decode_message(*item.bytes);
        if (!message) return;
        const auto about = [&](const auto& it) { return it.height == kept_back; };
        if (auto* many = std::get_if<Attestations>(&*message))
            std::erase_if(many->attestations, about);
        else if (auto* certificates = std::get_if<Certificates>(&*message))
            std::erase_if(certificates->certificates, about);
        else if (auto* again = std::get_if<AttestationAgain>(&*message);
                 again != nullptr && about(again->attestation))
            message = Attestations{};
        else if (auto* one = std::get_if<chain::Certificate>(&*message);
                 one != nullptr && about(*one))
            message = Attestations{};
        else
            return;
        item.bytes = encode_message(*message);
    };
    execute_each(0, 5);
    pass(10s);
    EXPECT_EQ(machine(2).status().certified, machine(2).status().head);

    for (const uint8_t voter : {uint8_t{2}, uint8_t{3}, uint8_t{4}}) {
        kept_back = machine(1).status().head.next();
        EXPECT_TRUE(machine(1).node->submit(make_transaction(
            voter, 0, ledger::validators_address(), 0, ledger::encode_remove_member(NodeId(4)))));
        settle();
    }
    ASSERT_EQ(machine(2).node->members().members.size(), 3U);
    ASSERT_EQ(machine(2).status().head, kept_back);
    execute_each(5, 10);
    pass(20s);
    EXPECT_EQ(machine(2).status().certified, kept_back.previous());
    EXPECT_EQ(machine(1).status().certified, machine(1).status().head);
    tamper_ = {};
    pass(2s);
    EXPECT_EQ(machine(2).status().certified, machine(2).status().head);
}

/// Node 3 is removed, and node 2 hears nobody attest the block that did it: its engine is not told.
class HasLeft : public NodeTest {
  protected:
    void SetUp() override {
        make(3);
        start_all();
        const Bytes call = ledger::encode_remove_member(NodeId(3));
        for (const uint8_t voter : {uint8_t{1}, uint8_t{2}})
            EXPECT_TRUE(machine(1).node->submit(
                make_transaction(voter, 0, ledger::validators_address(), 0, call)));
        deaf_to_certificates_ = 2;
        settle();
        ASSERT_EQ(machine(2).node->members().members.size(), 2U);
        ASSERT_FALSE(machine(2).engine->heard());
    }
};

TEST_F(HasLeft, StaysAPeerUntilTheEngineHasFollowed) {
    EXPECT_EQ(machine(2).membership->members.size(), 3U);
    EXPECT_EQ(machine(2).membership->epoch, 1U);

    pass(5s);
    ASSERT_TRUE(machine(1).engine->heard());
    EXPECT_EQ(machine(1).membership->members.size(), 2U);
}

TEST_F(HasLeft, GivesTheCertificateOfItsLastBlock) {
    ASSERT_EQ(machine(3).status().certified, machine(3).status().head);
    cut_.insert(1);
    deaf_to_certificates_ = 0;
    pass(5s);
    EXPECT_EQ(machine(2).status().certified, machine(2).status().head);
}

}  // namespace
}  // namespace holdfast::node
