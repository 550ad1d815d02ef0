// Snapshots across changes of members: who took one can prove them and pass it on, and believes
// nobody about who the members are.
#include "ledger/prove.h"
#include "node/cluster_test.h"

namespace holdfast::node {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace)

/// Six nodes, of which the sixth is cut off while first the fifth and then the fourth are voted
/// out, and until the others have pruned all that.
class SnapshotTest : public NodeTest, public ::testing::WithParamInterface<chain::EngineKind> {
  protected:
    void SetUp() override {
        make(6, [](chain::Genesis& genesis) {
            genesis.engine = GetParam();
            for (uint8_t voter = 1; voter <= 6; ++voter)
                genesis.alloc[account(voter)] = genesis.alloc.at(account(1));
            if (GetParam() == chain::EngineKind::bft) genesis.bft.epoch_blocks = 8;
        });
        for (uint64_t id = 1; id <= 6; ++id) machine(id).start(id < 6 ? 16 : 0);
        cut_.insert(6);
        vote_out(5, 0, {2, 3, 4, 5});
        execute_each(0, 10);
        vote_out(4, 1, {2, 3, 4});
        execute_each(10, 130);
        ASSERT_EQ(machine(1).node->members().members.size(), 4U);
        ASSERT_EQ(machine(1).status().certified, machine(1).status().head);
        ASSERT_GT(reader(1).lowest_block(), Height(16));
        ASSERT_EQ(changes(1).size(), 2U);
    }
    void vote_out(uint64_t id, uint64_t nonce, std::initializer_list<uint8_t> voters) {
        for (const uint8_t voter : voters)
            EXPECT_TRUE(machine(1).node->submit(
                make_transaction(voter, nonce, ledger::validators_address(), 0,
                                 ledger::encode_remove_member(NodeId(id)))));
        settle();
    }
    ledger::Reader reader(uint64_t id) { return ledger::Reader(machine(id).store.snapshot()); }
    std::vector<chain::MemberChange> changes(uint64_t id) {
        const auto found = ledger::member_changes(reader(id), reader(id).head());
        EXPECT_TRUE(found) << describe(found.error());
        return found.value_or(std::vector<chain::MemberChange>{});
    }
    /// What `liar` sends of one kind is changed; counts how often.
    template <class Kind>
    void lies(const std::set<uint64_t>& liars, const std::function<void(Kind&)>& change) {
        tamper_ = [this, liars, change, before = tamper_](Wire::Item& item) {
            if (before) before(item);
            if (!liars.contains(item.from.value)) return;
            auto message = decode_message(*item.bytes);
            auto* it = message ? std::get_if<Kind>(&*message) : nullptr;
            if (it == nullptr) return;
            ++lies_;
            change(*it);
            item.bytes = encode_message(*message);
        };
    }
    void sign(chain::CertifiedHeader& block, uint64_t epoch, uint64_t signer) {
        block.signatures = {
            {NodeId(signer), chain::attest(crypto::NodeKey(node_seed(signer, 1)), NodeId(signer),
                                           chain::genesis_hash(genesis_), epoch,
                                           block.header.number, chain::header_hash(block.header))
                                 .signature}};
    }
    void expect_caught_up() {
        EXPECT_EQ(machine(6).status().state, NodeState::running);
        EXPECT_EQ(machine(6).status().counters.snapshots_synced, 1U);
        EXPECT_EQ(machine(6).status().head, machine(1).status().head);
        EXPECT_EQ(machine(6).status().head_hash, machine(1).status().head_hash);
        EXPECT_EQ(changes(6), changes(1));
        EXPECT_TRUE(ledger::verify(reader(6), genesis_, {}).problems.empty());
    }

    size_t lies_ = 0;
};

TEST_P(SnapshotTest, BringsTheHistoryAndIsPassedOn) {
    cut_.clear();
    pass(10s);
    expect_caught_up();
    // Node 3 comes back without anything, and only the newcomer is there.
    for (uint64_t id = 1; id <= 5; ++id) machine(id).crash();
    machines_[2] = std::make_unique<Machine>(genesis_, 3, wire_, clock_);
    machine(3).start(0, {.epoch = 1, .members = {NodeId(6)}});
    pass(10s);
    EXPECT_EQ(machine(3).status().counters.snapshots_synced, 1U);
    EXPECT_EQ(machine(3).status().head, machine(6).status().head);
    EXPECT_EQ(changes(3), changes(6));
    EXPECT_EQ(machine(3).status().members, machine(6).status().members);
}

TEST_P(SnapshotTest, WhoHandsTheLedgerToHimselfIsNotBelieved) {
    // A block that nobody has, attested by the liar alone, after a change that makes him the only
    // member. The state is the true one, so nothing else is wrong with it.
    const chain::MemberSet own{.epoch = 99, .members = {member(2)}};
    chain::Header offered;
    lies<SnapshotOffer>({1, 2, 3, 4, 5}, [&](SnapshotOffer& offer) {
        if (!offer.block) return;
        offer.block->header.beneficiary = account(3);
        sign(*offer.block, 99, 2);
        offered = offer.block->header;
    });
    lies<HistoryReply>({1, 2, 3, 4, 5}, [&](HistoryReply& reply) {
        chain::MemberChange change{.block = {.header = offered, .signatures = {}}, .members = own};
        change.block.header.number = offered.number.previous();
        auto extra = chain::decode_extra(offered.extra_data).value();
        extra.next_members_hash = own.hash();
        change.block.header.extra_data = chain::encode_extra(extra);
        sign(change.block, machine(1).node->members().epoch, 2);
        reply.changes.push_back(change);
    });
    cut_.clear();
    pass(10s);
    EXPECT_GT(lies_, 1U);
    EXPECT_EQ(machine(6).status().head, Height(0));
    EXPECT_EQ(machine(6).status().counters.snapshots_synced, 0U);
    // Some are honest.
    lies_ = 0;
    tamper_ = {};
    pass(10s);
    expect_caught_up();
}

TEST_P(SnapshotTest, AGapInTheHistoryIsNotJumped) {
    lies<HistoryReply>({1, 2, 4, 5}, [](HistoryReply& reply) {
        if (!reply.changes.empty()) reply.changes.erase(reply.changes.begin());
    });
    cut_.clear();
    pass(20s);
    expect_caught_up();
    EXPECT_GT(lies_, 0U);
}

TEST_P(SnapshotTest, WhoTellsNothingOfTheHistoryIsLeft) {
    lies<HistoryReply>({1, 2, 4, 5}, [](HistoryReply& reply) { reply.changes.clear(); });
    lies<SnapshotOffer>({4}, [](SnapshotOffer& offer) { offer.members = {}; });
    cut_.clear();
    pass(20s);
    expect_caught_up();
    EXPECT_GT(lies_, 0U);
}

TEST_P(SnapshotTest, TheHistoryComesInPiecesIfNeedBe) {
    lies<HistoryReply>({1, 2, 3, 4, 5}, [](HistoryReply& reply) {
        if (!reply.changes.empty()) reply.changes.resize(1);
    });
    cut_.clear();
    pass(10s);
    expect_caught_up();
    EXPECT_EQ(lies_, 2U);
}

TEST_P(SnapshotTest, AHistoryIsRefusedBeyondItsBounds) {
    const auto some = changes(1);
    HistoryReply reply{.after = Height(7), .changes = {}};
    for (size_t i = 0; i < history_changes_max; ++i) reply.changes.push_back(some[0]);
    const auto read = decode_message(*encode_message(reply));
    ASSERT_TRUE(read);
    EXPECT_EQ(std::get<HistoryReply>(*read).changes, reply.changes);
    reply.changes.push_back(some[0]);
    EXPECT_FALSE(decode_message(*encode_message(reply)));
    reply.changes.pop_back();
    chain::MemberSet& large = reply.changes[0].members;
    for (uint64_t id = 1; id <= chain::members_max; ++id) {
        large.members.resize(id, member(1));
        large.members.back().id = NodeId(id);
        large.members.back().endpoint.assign(chain::endpoint_bytes_max, 'x');
    }
    EXPECT_TRUE(decode_message(*encode_message(reply)));
    for (chain::MemberChange& change : reply.changes) change.members = large;
    EXPECT_FALSE(decode_message(*encode_message(reply)));
}

INSTANTIATE_TEST_SUITE_P(Engines, SnapshotTest,
                         ::testing::Values(chain::EngineKind::raft, chain::EngineKind::bft),
                         [](const auto& one) { return std::string(to_string(one.param)); });

}  // namespace
}  // namespace holdfast::node
