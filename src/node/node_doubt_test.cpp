// Nodes that catch up where some of those they ask may lie.
#include "node/cluster_test.h"

namespace holdfast::node {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace)

class Doubt : public NodeTest {
  protected:
    explicit Doubt(uint64_t epoch_blocks = 256) {
        make(4, [epoch_blocks](chain::Genesis& genesis) {
            genesis.engine = chain::EngineKind::bft;
            genesis.bft.epoch_blocks = epoch_blocks;
        });
        start_all();
        cut_.insert(4);
    }
    /// Node `liar` sends other blocks than it has.
    void lies(uint64_t liar, const std::function<void(BlocksReply&)>& change) {
        tamper_ = [liar, change](Wire::Item& item) {
            if (item.from.value != liar) return;
            auto message = decode_message(*item.bytes);
            auto* reply = message ? std::get_if<BlocksReply>(&*message) : nullptr;
            if (reply == nullptr) return;
            change(*reply);
            item.bytes = encode_message(*message);
        };
    }
    void expect_right() {
        EXPECT_EQ(machine(4).status().state, NodeState::running);
        expect_same_heads();
    }
};

TEST_F(Doubt, BlocksWithoutCertificatesAreNotTakenFromOne) {
    lies(2, [](BlocksReply& reply) {
        for (SyncBlock& block : reply.blocks) {
            block.header.beneficiary = account(3);
            block.certificate.reset();
        }
    });
    execute_each(0, 20);
    cut_.clear();
    pass(20s);
    expect_right();
}

TEST_F(Doubt, AForgedCertificateIsSeen) {
    lies(1, [](BlocksReply& reply) {
        for (SyncBlock& block : reply.blocks) {
            block.header.beneficiary = account(3);
            if (block.certificate) block.certificate->block_hash = chain::header_hash(block.header);
        }
    });
    execute_each(0, 20);
    cut_.clear();
    pass(20s);
    expect_right();
}

TEST_F(Doubt, TransactionsAreThoseOfTheHeader) {
    lies(1, [](BlocksReply& reply) {
        for (SyncBlock& block : reply.blocks) block.transactions.clear();
    });
    execute_each(0, 20);
    cut_.clear();
    pass(20s);
    expect_right();
}

TEST_F(Doubt, WhatMoreThanAThirdHasExecutedIsTakenWithoutACertificate) {
    execute_each(0, 5);
    // From here on nothing is certified: two of four are no quorum, and the third is needed.
    machine(3).crash();
    execute_each(5, 10);
    ASSERT_LT(machine(1).status().certified, Height(10));
    cut_.clear();
    pass(20s);
    EXPECT_EQ(machine(4).balance(account(9)), U256(10));
    EXPECT_EQ(machine(4).status().certified, machine(4).status().head);
}

TEST_F(Doubt, WhatOneAloneHasExecutedIsNot) {
    execute_each(0, 5);
    machine(2).crash();
    machine(3).crash();
    execute_each(5, 10);
    cut_.clear();
    pass(20s);
    EXPECT_EQ(machine(1).balance(account(9)), U256(10));
    EXPECT_EQ(machine(4).balance(account(9)), U256(5));
}

TEST_F(Doubt, AnEpochsBlocksAreTakenOnceItsMembersAreKnown) {
    const uint64_t epoch = genesis_.bft.epoch_blocks;
    execute_each(0, epoch + 20);
    cut_.clear();
    pass(20s);
    EXPECT_GT(machine(4).status().head, Height(epoch));
    expect_right();
}

class ShortEpochs : public Doubt {
  protected:
    ShortEpochs() : Doubt(4) {}
};

TEST_F(ShortEpochs, TheirEndCountsForTheEngineOnceItIsCertified) {
    const Height end(4);
    machine(3).crash();
    execute_each(0, end.value);
    ASSERT_EQ(machine(2).status().head, end);
    ASSERT_LT(machine(2).status().certified, end);
    machine(2).crash();
    machine(2).start();
    EXPECT_EQ(machine(2).engine->next(), end) << "the outgoing set may need its voice";
    cut_.clear();
    pass(20s);
    EXPECT_GE(machine(2).status().certified, end);
    EXPECT_GT(machine(2).engine->next(), end);
}

}  // namespace
}  // namespace holdfast::node
