// Who follows without a seat: is let in, served and heard for its clients, and has no voice.
#include "ledger/staking.h"
#include "node/cluster_test.h"

namespace holdfast::node {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace)

constexpr uint64_t one_ether = 1'000'000'000'000'000'000;

/// Three seats and a fourth machine, which knows the ledger and has no stake.
class FollowerTest : public NodeTest {
  protected:
    FollowerTest() {
        make(3, [](chain::Genesis& genesis) {
            genesis.engine = chain::EngineKind::bft;
            genesis.bft.policy = chain::Policy::pos;
            genesis.bft.epoch_blocks = epoch_blocks;
            genesis.bft.committee_max = 3;
            genesis.bft.missed_per_mille = 1000;
            // The first two are a quorum.
            for (size_t i = 0; i < 2; ++i) genesis.members.members[i].weight = 2;
        });
        machines_.push_back(std::make_unique<Machine>(genesis_, 4, wire_, clock_));
        start_all();
        deaf_to_engine_ = 4;  // nobody who has no seat is told
    }
    /// The operator of node 4 bonds so much, by way of node 1.
    void bond(uint64_t ethers) {
        const chain::Member four = member(4);
        const Bytes call =
            ledger::encode_bond(four.id, four.voting_key, four.transport_key, four.endpoint);
        EXPECT_TRUE(machine(1).node->submit(
            make_transaction(4, 0, ledger::staking_address(), ethers * one_ether, call)));
        settle();
    }
    /// Blocks until the newest ends an epoch.
    void end_epoch() {
        do {
            execute_each(nonce_, nonce_ + 1);
            ++nonce_;
        } while (machine(1).node->head().value % epoch_blocks != 0);
    }
    static std::vector<uint64_t> ids(const std::vector<chain::Member>& members) {
        std::vector<uint64_t> result;
        for (const chain::Member& one : members) result.push_back(one.id.value);
        return result;
    }
    using Ids = std::vector<uint64_t>;
    static constexpr uint64_t epoch_blocks = 8;
    uint64_t nonce_ = 0;
};

TEST_F(FollowerTest, WhoBondsIsLetInAndFollows) {
    EXPECT_EQ(machine(1).followers, std::vector<chain::Member>{});
    bond(1);
    for (const uint64_t id : Ids{1, 2, 3}) {
        EXPECT_EQ(ids(machine(id).followers), Ids{4});
        EXPECT_EQ(ids(machine(id).membership->members), (Ids{1, 2, 3}));
    }
    pass(3s);
    EXPECT_GE(machine(4).status().head.next(), machine(1).status().head);
    EXPECT_GE(machine(4).status().certified.next().next(), machine(1).status().certified);
    EXPECT_FALSE(machine(4).status().is_member);
    EXPECT_EQ(ids(machine(4).followers), Ids{}) << "nobody is a peer of its own";
    // Nobody tells it, and it stays as near as a second.
    const Height before = machine(1).status().head;
    pass(10s);
    EXPECT_GT(machine(1).status().head, before);
    EXPECT_GE(machine(4).status().head + 3, machine(1).status().head);
}

TEST_F(FollowerTest, IsNearerWhileBlocksCome) {
    bond(1);
    pass(3s);
    uint64_t behind = 0;
    for (; nonce_ < 30; ++nonce_) {
        execute_each(nonce_, nonce_ + 1);
        behind = std::max(behind, machine(1).status().head - machine(4).status().head);
        pass(100ms);
        if (nonce_ < 10) behind = 0;
    }
    EXPECT_LE(behind, 4U) << "a block comes each tenth of a second";
    const auto uncertified = machine(4).status().head - machine(4).status().certified;
    EXPECT_EQ(uncertified, 0U) << "the newest are left for the next time";
}

TEST_F(FollowerTest, StopsAtNoEpochsEndOnItsWay) {
    bond(1);
    pass(3s);
    cut_.insert(4);
    while (nonce_ < 5 * epoch_blocks) end_epoch();
    cut_.clear();
    const Height before = machine(4).status().head;
    for (int tenths = 0; machine(4).status().head == before && tenths < 50; ++tenths) pass(100ms);
    EXPECT_GE(machine(4).status().head + 1, machine(1).status().head) << "it asked once";
}

TEST_F(FollowerTest, BringsTransactionsOfItsClients) {
    bond(1);
    pass(3s);
    EXPECT_TRUE(machine(4).node->submit(make_transaction(2, 0, account(9), 5)));
    pass(3s);
    EXPECT_EQ(machine(1).balance(account(9)), U256(5));
    EXPECT_EQ(machine(4).balance(account(9)), U256(5));
    // It cannot know what the members have agreed on by now.
    std::optional<Result<Height>> read;
    machine(4).node->read([&](Result<Height> result) { read = std::move(result); });
    ASSERT_TRUE(read.has_value());
    ASSERT_FALSE(read->has_value());
    EXPECT_EQ(read->error().code, errc::no_leader);
}

TEST_F(FollowerTest, HasNoVoice) {
    bond(1);
    Writer words;
    words.ordinal(machine(2).engine->next() + 100);
    const Buffer message = encode_message(EngineMessage{words.take()});
    const uint64_t refused = machine(2).status().counters.messages_refused;
    machine(2).node->on_message(NodeId(4), message);
    EXPECT_EQ(machine(2).status().counters.messages_refused, refused + 1);
    EXPECT_EQ(machine(2).status().state, NodeState::running);
    machine(2).node->on_message(NodeId(3), message);
    EXPECT_EQ(machine(2).status().state, NodeState::syncing) << "a member is believed";

    // Nor does it say what a block was: only what it asks for is answered.
    for (const Message& said :
         {Message(Attestations{}), Message(chain::Certificate{}), Message(Certificates{}),
          Message(SnapshotOffer{}), Message(ChunkReply{})}) {
        const uint64_t before = machine(3).status().counters.messages_refused;
        machine(3).node->on_message(NodeId(4), encode_message(said));
        EXPECT_EQ(machine(3).status().counters.messages_refused, before + 1) << said.index();
    }
}

TEST_F(FollowerTest, GetsTheCertificateThatItAsksForByAnAttestation) {
    bond(1);
    const auto ask = [&](Height height) {
        const crypto::NodeKey key(node_seed(4, 1));
        const Hash32 genesis = chain::genesis_hash(genesis_);
        machine(1).node->on_message(NodeId(4), encode_message(AttestationAgain{chain::attest(
                                                   key, NodeId(4), genesis, 0, height, Hash32{})}));
    };
    const auto uncertified = [&] {
        for (const auto& [name, depth] : machine(1).status().queues)
            if (name == "uncertified") return depth;
        return uint64_t{0};
    };
    ASSERT_GE(machine(1).status().certified, Height(1));
    wire_.items.clear();
    ask(Height(1));
    ASSERT_EQ(wire_.items.size(), 1U);
    EXPECT_EQ(wire_.items.front().to, NodeId(4));
    EXPECT_TRUE(is_about_certificates(wire_.items.front().bytes));
    // Its own word is not kept.
    const uint64_t before = uncertified();
    ask(machine(1).status().head + 100);
    EXPECT_EQ(uncertified(), before);
    EXPECT_EQ(wire_.items.size(), 1U);
}

TEST_F(FollowerTest, ServedAfterMembers) {
    bond(1);
    // Half of the room is as much as followers get, whoever of them asks.
    const Buffer ask = encode_message(BlocksRequest{Height(1)});
    const auto refused = [&] { return machine(1).status().counters.messages_refused; };
    const uint64_t before = refused();
    for (int i = 0; i < 40; ++i) machine(1).node->on_message(NodeId(4), ask);
    EXPECT_EQ(refused(), before + 8);
    machine(1).node->on_message(NodeId(3), ask);
    EXPECT_EQ(refused(), before + 8);
}

TEST_F(FollowerTest, TakesPartAsSoonAsTheLastBlockBeforeItsSeatIsCertified) {
    bond(2);
    pass(3s);
    const Height boundary(epoch_blocks);
    // Those before it are fetched while their certificates are being made.
    tamper_ = [&](Wire::Item& item) {
        auto message = decode_message(*item.bytes);
        auto* reply = message ? std::get_if<BlocksReply>(&*message) : nullptr;
        if (reply == nullptr || item.to != NodeId(4)) return;
        for (SyncBlock& block : reply->blocks) block.certificate.reset();
        item.bytes = encode_message(*message);
    };
    end_epoch();
    ASSERT_EQ(machine(1).status().head, boundary);
    ASSERT_LT(machine(4).status().head, boundary.previous());
    Writer words;
    words.ordinal(boundary);
    machine(4).node->on_message(NodeId(1), encode_message(EngineMessage{words.take()}));
    run_and_deliver();
    ASSERT_EQ(machine(4).status().head, boundary);
    ASSERT_TRUE(machine(4).status().is_member);
    EXPECT_LT(machine(4).status().certified, boundary);
    EXPECT_EQ(machine(4).engine->next(), boundary.next());
}

TEST_F(FollowerTest, WhoLosesItsSeatFollows) {
    bond(2);
    pass(3s);
    end_epoch();
    ASSERT_EQ(ids(machine(1).node->members().members), (Ids{1, 2, 4}));
    deaf_to_engine_ = 3;
    pass(5s);
    ASSERT_TRUE(machine(1).engine->heard());
    for (const uint64_t id : Ids{1, 2}) {
        EXPECT_EQ(ids(machine(id).membership->members), (Ids{1, 2, 4}));
        EXPECT_EQ(ids(machine(id).followers), Ids{3});
    }
    EXPECT_GE(machine(3).status().head + 3, machine(1).status().head);
    EXPECT_FALSE(machine(3).status().is_member);
}

TEST_F(FollowerTest, TakesASnapshotAndWhoTheMembersWere) {
    for (const uint64_t id : Ids{1, 2}) {
        machine(id).crash();
        machine(id).start(16);
    }
    cut_.insert(3);
    bond(2);
    pass(3s);
    end_epoch();
    ASSERT_EQ(ids(machine(1).node->members().members), (Ids{1, 2, 4}));
    const Height known = machine(3).status().head;
    execute_each(nonce_, nonce_ + 150);
    ASSERT_GT(ledger::Reader(machine(1).store.snapshot()).lowest_block(), known.next());
    deaf_to_engine_ = 3;
    cut_.clear();
    pass(20s);
    EXPECT_EQ(machine(3).status().counters.snapshots_synced, 1U);
    EXPECT_GE(machine(3).status().head + 4, machine(1).status().head);
}

TEST_F(FollowerTest, IsAskedWhenNoMemberThatIsKnownHasAnything) {
    bond(1);
    pass(3s);
    const Height known = machine(3).status().head;
    cut_.insert(3);
    end_epoch();
    pass(3s);
    machine(1).crash();
    machine(2).crash();
    cut_.clear();
    ASSERT_GT(machine(4).status().certified, known);
    pass(20s);
    EXPECT_GE(machine(3).status().head, machine(4).status().certified)
        << "as far as it is certified";
}

TEST_F(FollowerTest, AreKnownAgainAfterARestart) {
    bond(1);
    machine(1).crash();
    machine(1).followers.clear();
    machine(1).start();
    EXPECT_EQ(ids(machine(1).followers), Ids{4});
}

}  // namespace
}  // namespace holdfast::node
