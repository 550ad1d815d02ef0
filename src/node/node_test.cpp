// Whole nodes over doubles: from a client's transaction to a certified block everywhere, and what
// happens when a node misses blocks, loses its state, or computes another one than the rest.
#include "node/node.h"

#include <gtest/gtest.h>

#include "crypto/hash.h"
#include "ledger/validators.h"
#include "node/doubles_test.h"

namespace holdfast::node {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace)

crypto::SecretKey account_key(uint8_t number) {
    crypto::SecretKey key;
    key.bytes[31] = number;
    return key;
}
Address account(uint8_t number) {
    return crypto::address_of(*crypto::public_key(account_key(number)));
}
crypto::NodeSeed node_seed(uint64_t node, uint8_t use) {
    crypto::NodeSeed seed;
    seed.bytes[0] = static_cast<uint8_t>(node);
    seed.bytes[1] = use;
    return seed;
}
chain::Member member(uint64_t id) {
    return {.id = NodeId(id),
            .voting_key = crypto::NodeKey(node_seed(id, 1)).public_key(),
            .transport_key = crypto::NodeKey(node_seed(id, 2)).public_key(),
            .operator_account = account(static_cast<uint8_t>(id)),
            .endpoint = fmt::format("127.0.0.1:{}", 9000 + id),
            .weight = 1};
}

chain::Genesis make_genesis(uint64_t nodes) {
    chain::Genesis genesis;
    genesis.chain_id = 1337;
    genesis.dev = true;
    for (uint64_t id = 1; id <= nodes; ++id) genesis.members.members.push_back(member(id));
    for (uint8_t number = 1; number <= 4; ++number)
        genesis.alloc[account(number)].balance = *U256::parse("1000000000000000000000");
    return genesis;
}

TransactionPtr make_transaction(uint8_t from, uint64_t nonce, const Address& to, uint64_t value,
                                Bytes data = {}) {
    chain::Transaction transaction;
    transaction.chain_id = 1337;
    transaction.nonce = nonce;
    transaction.max_fee_per_gas = U256(10'000'000'000);
    transaction.max_priority_fee_per_gas = U256(1);
    transaction.gas_limit = data.empty() ? 21'000 : 1'000'000;
    transaction.to = to;
    transaction.value = U256(value);
    transaction.data = std::move(data);
    EXPECT_TRUE(chain::sign_transaction(transaction, account_key(from)));
    auto recovered =
        chain::recover_transaction(chain::encode_transaction(transaction), {.chain_id = 1337});
    EXPECT_TRUE(recovered) << describe(recovered.error());
    return std::make_shared<const chain::RecoveredTransaction>(std::move(*recovered));
}

/// One node with its own disk; `crash` keeps the disk.
struct Machine final : Events {
    Machine(const chain::Genesis& genesis_, uint64_t id_, Wire& wire_, FakeClock& clock_)
        : genesis(genesis_), id(id_), clock(clock_), transport(wire_, NodeId(id_)) {
        EXPECT_TRUE(ledger::Ledger::create(store, genesis));
        EXPECT_TRUE(journal::Journal::create(
            device, {.genesis = chain::genesis_hash(genesis), .node = NodeId(id)},
            journal::Birth::newborn, id));
    }
    void start(uint64_t blocks_kept = 0, Bootstrap bootstrap = {}) {
        lanes.clear();
        journal.emplace(device);
        Config config;
        config.self = NodeId(id);
        config.voting_seed = node_seed(id, 1);
        config.fresh_incarnation = 1000 + id;
        config.bootstrap = std::move(bootstrap);
        config.blocks_kept = blocks_kept;
        config.engine = [this](const RestoreArguments& arguments) {
            std::vector<NodeId> others;
            for (const auto& voter : arguments.base.members.voters)
                if (voter.id.value != id) others.push_back(voter.id);
            auto made =
                std::make_unique<DictatorEngine>(NodeId(id), others, arguments.base.applied);
            made->start(arguments.effects);
            engine = made.get();
            return made;
        };
        auto opened =
            Node::open(config, {transport, lanes, clock, store, *journal, *this, {}}, genesis);
        ASSERT_TRUE(opened) << describe(opened.error());
        node = std::move(*opened);
    }
    void crash() {
        node.reset();
        lanes.clear();
    }
    void on_block(const std::shared_ptr<const ledger::Executed>& executed) override {
        blocks.push_back(executed);
    }
    void on_peers(const chain::MemberSet& peers) override { membership = peers; }
    void on_stopped(const Error& reason) override { stopped = reason; }

    [[nodiscard]] NodeStatus status() const { return node->status(); }
    [[nodiscard]] U256 balance(const Address& address) const {
        const ledger::Reader reader(store.snapshot());
        return reader.account(address, reader.head())->balance;
    }

    chain::Genesis genesis;
    uint64_t id;
    FakeClock& clock;
    env::MemoryStore store;
    env::MemoryDevice device;
    ManualLanes lanes;
    WireTransport transport;
    std::optional<journal::Journal> journal;
    std::unique_ptr<Node> node;
    DictatorEngine* engine = nullptr;
    std::vector<std::shared_ptr<const ledger::Executed>> blocks;
    std::optional<chain::MemberSet> membership;
    std::optional<Error> stopped;
};

class NodeTest : public ::testing::Test {
  protected:
    void make(uint64_t nodes, const std::function<void(chain::Genesis&)>& change = {}) {
        genesis_ = make_genesis(nodes);
        if (change) change(genesis_);
        for (uint64_t id = 1; id <= nodes; ++id)
            machines_.push_back(std::make_unique<Machine>(genesis_, id, wire_, clock_));
    }
    void start_all() {
        for (auto& machine : machines_) machine->start();
    }
    Machine& machine(uint64_t id) { return *machines_[id - 1]; }

    /// Everything that happens without time passing, and then what waits a little for company.
    void settle() {
        run_and_deliver();
        clock_.advance(20ms);
        tick_all();
        run_and_deliver();
    }
    void tick_all() {
        for (auto& one : machines_)
            if (one->node) one->node->on_tick();
    }
    /// Runs lanes and delivers messages until nothing is left to do at this instant.
    void run_and_deliver() {
        for (bool busy = true; busy;) {
            busy = false;
            for (auto& one : machines_) {
                if (!one->node) continue;
                // A slow machine does one thing where the others do all that they have to.
                while (one->lanes.run_any()) {
                    busy = true;
                    if (slow_.contains(one->id)) break;
                }
                one->node->on_idle();
            }
            while (!wire_.items.empty()) {
                const Wire::Item item = wire_.items.front();
                wire_.items.pop_front();
                busy = true;
                if (item.to.value > machines_.size() || cut_.contains(item.to.value) ||
                    cut_.contains(item.from.value) || mute_.contains(item.from.value) ||
                    !machine(item.to.value).node)
                    continue;
                if (item.to.value == deaf_to_engine_ && is_from_engine(item.bytes)) continue;
                if (item.to.value == deaf_to_certificates_ && is_about_certificates(item.bytes))
                    continue;
                machine(item.to.value).node->on_message(item.from, item.bytes);
            }
        }
    }
    static bool is_from_engine(const Buffer& bytes) {
        const auto message = decode_message(*bytes);
        return message && std::holds_alternative<EngineMessage>(*message);
    }
    static bool is_about_certificates(const Buffer& bytes) {
        const auto message = decode_message(*bytes);
        return message && (std::holds_alternative<Attestations>(*message) ||
                           std::holds_alternative<AttestationAgain>(*message) ||
                           std::holds_alternative<chain::Certificate>(*message) ||
                           std::holds_alternative<Certificates>(*message));
    }
    /// Lets time pass in small steps.
    void pass(Duration total) {
        for (Duration gone{0}; gone < total; gone += 100ms) {
            clock_.advance(100ms);
            tick_all();
            settle();
        }
    }
    void expect_same_heads() {
        for (auto& one : machines_) {
            EXPECT_EQ(one->status().head, machine(1).status().head);
            EXPECT_EQ(to_hex(one->status().head_hash.view()),
                      to_hex(machine(1).status().head_hash.view()));
        }
    }

    chain::Genesis genesis_;
    FakeClock clock_;
    Wire wire_;
    std::set<uint64_t> cut_;  ///< neither heard nor hearing
    uint64_t deaf_to_certificates_ = 0;
    uint64_t deaf_to_engine_ = 0;
    std::set<uint64_t> slow_;
    std::set<uint64_t> mute_;  ///< hearing, but not heard
    std::vector<std::unique_ptr<Machine>> machines_;
};

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

TEST_F(NodeTest, ANodeThatMissedBlocksFetchesThem) {
    make(3);
    start_all();
    cut_.insert(3);
    for (uint64_t nonce = 0; nonce < 20; ++nonce) {
        EXPECT_TRUE(machine(1).node->submit(make_transaction(1, nonce, account(9), 1)));
        settle();
    }
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
    for (uint64_t nonce = 0; nonce < 1500; ++nonce) {
        EXPECT_TRUE(machine(1).node->submit(make_transaction(1, nonce, account(9), 1)));
        settle();
    }
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
    for (uint64_t nonce = 0; nonce < 5; ++nonce) {
        EXPECT_TRUE(machine(1).node->submit(make_transaction(1, nonce, account(9), 1)));
        settle();
    }
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
    for (uint64_t nonce = 0; nonce < 5; ++nonce) {
        EXPECT_TRUE(machine(1).node->submit(make_transaction(1, nonce, account(9), 1)));
        settle();
    }
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
    for (uint64_t nonce = 0; nonce < 300; ++nonce) {
        EXPECT_TRUE(machine(1).node->submit(make_transaction(1, nonce, account(9), 1)));
        settle();
    }
    EXPECT_EQ(machine(3).status().head, Height(300));
    EXPECT_EQ(machine(3).status().certified, Height(0));
    deaf_to_certificates_ = 0;
    pass(2s);
    EXPECT_GE(machine(3).status().certified, Height(300));
}

TEST_F(NodeTest, ANodeBehindThePrunedBlocksTakesASnapshot) {
    make(3);
    machine(1).start(16);
    machine(2).start(16);
    machine(3).start();
    cut_.insert(3);
    for (uint64_t nonce = 0; nonce < 130; ++nonce) {
        EXPECT_TRUE(machine(1).node->submit(make_transaction(1, nonce, account(9), 1)));
        settle();
    }
    ASSERT_GT(ledger::Reader(machine(1).store.snapshot()).lowest_block(), Height(1));
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

TEST_F(NodeTest, WhoHasLeftStaysAPeerUntilTheEngineHasFollowed) {
    make(3);
    start_all();
    const Bytes call = ledger::encode_remove_member(NodeId(3));
    const Address contract = ledger::validators_address();
    EXPECT_TRUE(machine(1).node->submit(make_transaction(1, 0, contract, 0, call)));
    EXPECT_TRUE(machine(1).node->submit(make_transaction(2, 0, contract, 0, call)));
    deaf_to_certificates_ = 2;  // so its engine is not told
    settle();
    ASSERT_EQ(machine(2).node->members().members.size(), 2U);
    ASSERT_FALSE(machine(2).engine->heard());
    EXPECT_EQ(machine(2).membership->members.size(), 3U);
    EXPECT_EQ(machine(2).membership->epoch, 1U);

    pass(5s);
    ASSERT_TRUE(machine(1).engine->heard());
    EXPECT_EQ(machine(1).membership->members.size(), 2U);
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
