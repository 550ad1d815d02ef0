// A small cluster of whole nodes over doubles, for tests: machines whose disks outlive crashes, and
// a wire between them that can be cut, muted or made deaf to one kind of message.
#pragma once

#include <set>

#include "ledger/validators.h"
#include "node/actors_test.h"
#include "node/doubles_test.h"

namespace holdfast::node::testing {

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
    void on_peers(const PeerSet& peers) override {
        membership = peers.members;
        followers = peers.followers;
    }
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
    std::vector<chain::Member> followers;
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
                Wire::Item item = wire_.items.front();
                wire_.items.pop_front();
                if (tamper_) tamper_(item);
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
    /// Transfers of 1 from node 1's account to account 9, each in a block of its own.
    void execute_each(uint64_t from_nonce, uint64_t to_nonce) {
        for (uint64_t nonce = from_nonce; nonce < to_nonce; ++nonce) {
            EXPECT_TRUE(machine(1).node->submit(make_transaction(1, nonce, account(9), 1)));
            settle();
        }
    }
    /// Three nodes; the third is cut off for 130 blocks, of which the others keep the newest few.
    void leave_behind_the_pruned() {
        make(3);
        machine(1).start(16);
        machine(2).start(16);
        machine(3).start();
        cut_.insert(3);
        execute_each(0, 130);
        ASSERT_GT(ledger::Reader(machine(1).store.snapshot()).lowest_block(), Height(1));
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
    std::function<void(Wire::Item&)> tamper_;
    std::vector<std::unique_ptr<Machine>> machines_;
};

}  // namespace holdfast::node::testing
