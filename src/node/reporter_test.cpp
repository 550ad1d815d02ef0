// Reports of guilt, as a node sends them.
#include "node/reporter.h"

#include "node/cluster_test.h"

namespace holdfast::node {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace)

class ReporterTest : public ::testing::Test {
  protected:
    ReporterTest() {
        context_.config.self = NodeId(1);
        context_.config.report_key = account_key(1);
        context_.members = genesis_.members;
    }
    void accuse(uint64_t view) {
        chain::Evidence evidence;
        evidence.guilty = NodeId(3);
        for (chain::SignedStatement* one : {&evidence.first, &evidence.second})
            one->statement = {
                .kind = chain::StatementKind::skip, .epoch = 0, .view = view, .digest = {}};
        evidence.second.statement.kind = chain::StatementKind::finalize;
        reporter_.on_accuse(chain::encode(evidence));
    }
    [[nodiscard]] std::vector<uint64_t> nonces() const {
        std::vector<uint64_t> all;
        for (const auto& one : submitted_) all.push_back(one->transaction.nonce);
        return all;
    }

    chain::Genesis genesis_ = make_genesis(4);
    FakeClock clock_;
    Wire wire_;
    Machine machine_{genesis_, 1, wire_, clock_};
    std::optional<journal::Journal> journal_{machine_.device};
    Context context_{
        .config = {},
        .ports =
            {machine_.transport, machine_.lanes, clock_, machine_.store, *journal_, machine_, {}},
        .genesis = genesis_,
        .genesis_hash = chain::genesis_hash(genesis_),
        .voting_key = crypto::NodeKey(node_seed(1, 1)),
        .members = {},
        .former_members = {},
        .followers = {},
        .head = {},
        .head_hash = {},
        .next_base_fee = {},
        .counters = {},
        .trouble = {}};
    std::vector<TransactionPtr> submitted_;
    Reporter reporter_{context_, [this](const TransactionPtr& transaction) {
                           submitted_.push_back(transaction);
                           return Status{};
                       }};
};

TEST_F(ReporterTest, ReportsThatAreDueTogetherFollowEachOther) {
    for (uint64_t view = 1; view <= 3; ++view) accuse(view);
    clock_.advance(1s);
    reporter_.on_tick();
    EXPECT_EQ(nonces(), (std::vector<uint64_t>{0, 1, 2}));
}

TEST_F(ReporterTest, WhatWasNotExecutedIsBroughtAgainFromTheBeginning) {
    accuse(1);
    accuse(2);
    reporter_.on_tick();
    clock_.advance(11s);
    reporter_.on_tick();
    EXPECT_EQ(nonces(), (std::vector<uint64_t>{0, 1, 0, 1}));
}

}  // namespace
}  // namespace holdfast::node
