// Telling hand-made histories.
#include <gtest/gtest.h>

#include "sim/checkers_test.h"

namespace holdfast::sim::testing {

namespace {
constexpr uint64_t incarnation_base = 100;

raft::Configuration founders() {
    return {.epoch = 0,
            .voters = {{.id = NodeId(1)}, {.id = NodeId(2)}, {.id = NodeId(3)}},
            .outgoing = {}};
}
}  // namespace

History::History() {
    plan_.nodes = 3;
    genesis_ = make_genesis(plan_);
    for (const NodeId node : nodes()) {
        stores[node] = std::make_unique<env::MemoryStore>();
        EXPECT_TRUE(ledger::Ledger::create(*stores[node], genesis_));
        ledgers[node] = ledger::Ledger::open(*stores[node], genesis_).value();
    }
    checkers = make_checkers(*this);
    // It asks a real engine.
    std::erase_if(checkers, [](const CheckerPtr& it) { return it->name() == "raft-invariants"; });
}

void History::start(NodeId node, std::vector<consensus::JournalRecord> records) {
    consensus::Base base{.applied = {}, .mark = {}, .members = {}};
    for (const NodeId id : nodes()) base.members.voters.push_back({.id = id, .voting_key = {}});
    tell([&](Checker& it) {
        it.on_start(node, base, records, consensus::JournalHealth::intact,
                    incarnation_base + node.value);
    });
}

void History::effects(NodeId node, const std::vector<consensus::Effect>& effects) {
    tell([&](Checker& it) { it.on_effects(node, engines[node], effects); });
}

void History::persist(NodeId node, const raft::Record& record, bool torn) {
    const consensus::Token token(++tokens[node]);
    const Buffer bytes = raft::encode(record);
    if (!torn) journals[node].push_back({token, bytes});
    effects(node, {consensus::Persist{token, bytes}});
    if (!torn) tell([&](Checker& it) { it.on_platter(node, token); });
}

void History::promise(NodeId node, uint64_t term, uint64_t vote) {
    engines[node].term = term;
    engines[node].vote = vote;
    raft::Record record;
    record.promise = raft::Promise{.term = raft::Term(term),
                                   .vote = NodeId(vote),
                                   .boot = 1,
                                   .speaker = {incarnation_base + node.value, false}};
    persist(node, record, false);
}

void History::write(NodeId node, uint64_t first, std::vector<raft::Entry> entries, bool torn) {
    engines[node].last = first + entries.size() - 1;
    engines[node].last_term = entries.back().term.value;
    raft::Record record;
    record.first = raft::Index(first);
    record.entries = std::move(entries);
    persist(node, record, torn);
}

void History::on_send(NodeId from, NodeId to, const raft::Body& body, uint64_t term) {
    const Buffer inner = raft::encode(
        {.term = raft::Term(term), .speaker = {incarnation_base + from.value, false}}, body);
    const Buffer message = node::encode_message(node::EngineMessage{*inner});
    tell([&](Checker& it) { it.on_send(from, to, *message); });
}

void History::send(NodeId from, NodeId to, const raft::Body& body) {
    const uint64_t term = engines[from].term;
    const Buffer inner = raft::encode(
        {.term = raft::Term(term), .speaker = {incarnation_base + from.value, false}}, body);
    effects(from, {consensus::Send{to, inner}});
    on_send(from, to, body, term);
}

consensus::Deliver History::deliver(uint64_t position, uint64_t index, uint64_t term) const {
    const raft::Mark mark{.index = raft::Index(index),
                          .term = raft::Term(term),
                          .position = Height(position),
                          .configuration = founders()};
    return {.position = Height(position),
            .payload = make_buffer(to_bytes("block " + std::to_string(position))),
            .origin = {.proposer = NodeId(1), .epoch = 0, .view = term},
            .mark = raft::encode(mark)};
}

ledger::Executed History::execute(NodeId node, std::vector<ledger::TransactionPtr> transactions) {
    return ledgers[node]->execute({.height = ledgers[node]->head().next(),
                                   .time_ms = 1,
                                   .fee_recipient = account(7),
                                   .payload_hash = {},
                                   .origin = {.proposer = NodeId(1), .epoch = 0, .view = 1},
                                   .mark = {},
                                   .transactions = std::move(transactions)});
}

void History::block(NodeId node, const ledger::Executed& executed) {
    tell([&](Checker& it) { it.on_block(node, executed); });
}

void History::made(const ledger::TransactionPtr& transaction) {
    tell([&](Checker& it) { it.on_made(transaction->hash); });
}

raft::Entry History::entry(uint64_t term, raft::EntryKind kind, uint64_t position,
                           std::string_view data) {
    return {.term = raft::Term(term),
            .kind = kind,
            .position = Height(position),
            .proposer = NodeId(1),
            .epoch = 0,
            .data = make_buffer(to_bytes(data))};
}

raft::Entry History::configuration(uint64_t term, uint64_t position, uint64_t epoch,
                                   std::vector<raft::Seat> voters) {
    raft::Entry made = entry(term, raft::EntryKind::configuration, position, "");
    made.data = make_buffer(raft::encode(
        raft::Change{.configuration = {.epoch = epoch, .voters = std::move(voters), .outgoing = {}},
                     .committed = {}}));
    return made;
}

void History::first_block() {
    for (const NodeId node : nodes()) {
        start(node);
        promise(node, 0, 0);
    }
    promise(one, 1, 1);
    send(one, two, raft::VoteRequest{});
    promise(two, 1, 1);
    send(two, one, raft::VoteReply{.ballot = raft::Ballot::vote, .granted = true});
    engines[one].leads = true;
    const auto no_op = entry(1, raft::EntryKind::no_op, 0, "");
    const auto payload = entry(1, raft::EntryKind::payload, 1, "block 1");
    write(one, 1, {no_op});
    write(one, 2, {payload});
    write(two, 1, {no_op, payload});
    send(two, one, raft::AppendReply{.accepted = true, .index = raft::Index(2), .hint = {}});
    engines[one].matches = {{Voice{two, incarnation_base + 2, false}, 2}};
    for (const NodeId node : {one, two}) {
        engines[node].commit = 2;
        effects(node, {deliver(1, 2, 1), consensus::Final{Height(1)}});
    }
    made(transfer(0, 0, 0));
    for (const NodeId node : {one, two}) block(node, execute(node, {transfer(0, 0, 0)}));
}

std::set<std::string> History::findings() {
    std::set<std::string> names;
    words.clear();
    for (const auto& checker : checkers) {
        for (std::string& word : checker->take_findings()) {
            names.emplace(checker->name());
            words.push_back(std::string(checker->name()) + ": " + std::move(word));
        }
    }
    return names;
}

}  // namespace holdfast::sim::testing
