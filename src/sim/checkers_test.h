// A stage without a world: hand-made histories, told to all checkers as the world would tell them.
#pragma once

#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "consensus/raft/messages.h"
#include "env/memory_store.h"
#include "node/messages.h"
#include "sim/cast.h"
#include "sim/checkers.h"

namespace holdfast::sim::testing {

/// An engine that only says what it was told to say.
class Mouthpiece final : public consensus::Engine {
  public:
    void step(Instant /*now*/, consensus::Input /*input*/, consensus::Effects& /*out*/) override {}
    [[nodiscard]] consensus::EngineStatus status() const override { return {}; }
    [[nodiscard]] consensus::Probe probe() const override {
        consensus::Probe probe{
            {"role", leads ? 3 : 0},  {"term", term},     {"vote", vote},  {"last", last},
            {"last_term", last_term}, {"commit", commit}, {"reads", reads}};
        for (const auto& [voice, match] : matches) {
            probe.emplace_back("peer", voice.node.value);
            probe.emplace_back("peer_incarnation", voice.incarnation);
            probe.emplace_back("peer_rejoined", voice.rejoined ? 1 : 0);
            probe.emplace_back("peer_match", match);
        }
        return probe;
    }
    bool leads = false;
    uint64_t term = 0, vote = 0, last = 0, last_term = 0, commit = 0, reads = 0;
    std::vector<std::pair<Voice, uint64_t>> matches;
};

class History final : public Stage {
  public:
    History();

    [[nodiscard]] const Plan& plan() const override { return plan_; }
    [[nodiscard]] const chain::Genesis& genesis() const override { return genesis_; }
    [[nodiscard]] Duration now() const override { return {}; }
    [[nodiscard]] std::vector<NodeId> nodes() const override {
        return {NodeId(1), NodeId(2), NodeId(3)};
    }
    [[nodiscard]] NodeView view(NodeId node) const override {
        return {.id = node, .up = true, .store = stores.at(node).get()};
    }
    [[nodiscard]] std::vector<NodeId> core() const override { return healed; }

    template <class F>
    void tell(F what) {
        for (const auto& checker : checkers) what(*checker);
    }
    void start(NodeId node, std::vector<consensus::JournalRecord> records = {});
    void effects(NodeId node, const std::vector<consensus::Effect>& effects);
    /// What the node promises and writes, all at once on its platter unless `torn`.
    void write(NodeId node, uint64_t first, std::vector<raft::Entry> entries, bool torn = false);
    void promise(NodeId node, uint64_t term, uint64_t vote);
    /// The engine says it and the node sends it.
    void send(NodeId from, NodeId to, const raft::Body& body);
    void on_send(NodeId from, NodeId to, const raft::Body& body, uint64_t term);
    consensus::Deliver deliver(uint64_t position, uint64_t index, uint64_t term) const;
    void block(NodeId node, const ledger::Executed& executed);
    ledger::Executed execute(NodeId node, std::vector<ledger::TransactionPtr> transactions);
    void made(const ledger::TransactionPtr& transaction);
    /// Node 1 leads in term 1 by the vote of 2; a no-op and the block with `transfer(0, 0, 0)` are
    /// written on 1 and 2, committed, delivered and executed there.
    void first_block();

    /// Names of the checkers that have found something since the last call.
    std::set<std::string> findings();

    static raft::Entry entry(uint64_t term, raft::EntryKind kind, uint64_t position,
                             std::string_view data);
    static raft::Entry configuration(uint64_t term, uint64_t position, uint64_t epoch,
                                     std::vector<raft::Seat> voters);

    std::map<NodeId, std::unique_ptr<env::MemoryStore>> stores;
    std::map<NodeId, std::unique_ptr<ledger::Ledger>> ledgers;
    std::map<NodeId, Mouthpiece> engines;
    std::map<NodeId, uint64_t> tokens;
    std::map<NodeId, std::vector<consensus::JournalRecord>> journals;
    std::vector<CheckerPtr> checkers;
    std::vector<NodeId> healed;
    std::vector<std::string> words;  ///< of the last findings

  private:
    void persist(NodeId node, const raft::Record& record, bool torn);
    Plan plan_;
    chain::Genesis genesis_;
};

inline const NodeId one(1), two(2), three(3);

/// After its first block, a history is told a little more, and the checkers speak or do not.
class CheckerTest : public ::testing::Test {
  protected:
    CheckerTest() { h.first_block(); }
    void holds() { EXPECT_THAT(h.findings(), ::testing::IsEmpty()) << words(); }
    void flags(std::string_view name) {
        EXPECT_THAT(h.findings(), ::testing::Contains(std::string(name))) << words();
    }
    [[nodiscard]] std::string words() const { return ::testing::PrintToString(h.words); }
    History h;
};

}  // namespace holdfast::sim::testing
