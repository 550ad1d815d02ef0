// Every checker is silent about a history that keeps its rule, and speaks of one that breaks it: a
// checker that cannot fail checks nothing.
#include "sim/checkers_test.h"

#include "consensus/raft/invariants.h"

namespace holdfast::sim {
namespace {

using testing::History;
using testing::one;
using testing::three;
using testing::two;

class Checkers : public testing::CheckerTest {
  protected:
    void end() {
        h.tell([](Checker& it) { it.at_end(); });
    }
};

TEST_F(Checkers, SayNothingOfAGoodHistory) {
    holds();
    // Node 2 restarts with its journal; node 3 catches up; a client is answered and reads.
    h.tell([](Checker& it) { it.on_end(two, Death::killed); });
    h.start(two, h.journals[two]);
    h.effects(two, {});
    h.write(three, 1,
            {History::entry(1, raft::EntryKind::no_op, 0, ""),
             History::entry(1, raft::EntryKind::payload, 1, "block 1")});
    h.promise(three, 1, 0);
    h.engines[three].commit = 2;
    h.effects(three, {h.deliver(1, 2, 1), consensus::Final{Height(1)}});
    h.block(three, h.execute(three, {transfer(0, 0, 0)}));
    const Call write{.id = 1, .account = 0, .transaction = transfer(0, 0, 0)->hash};
    const Call read{.id = 2, .kind = OperationKind::read, .account = 7, .transaction = {}};
    h.tell([&](Checker& it) {
        it.on_call(write);
        it.on_answer(write, {.height = Height(1), .balance = {}});
        it.on_input(one, consensus::Read{consensus::ReadId(1)});
        it.on_call(read);
    });
    h.effects(one, {consensus::ReadAt{consensus::ReadId(1), Height(1)}});
    const U256 tip = *U256::parse("1000000000000000000000") + U256(21'000);
    h.tell([&](Checker& it) { it.on_answer(read, {.height = Height(1), .balance = tip}); });
    end();
    holds();
}

TEST_F(Checkers, AgreementSeesAnotherBlock) {
    auto other = h.execute(three, {});
    h.block(three, other);
    flags("agreement");
}

TEST_F(Checkers, AgreementSeesAGapAndAnotherPayload) {
    h.effects(three, {h.deliver(2, 3, 1)});
    flags("agreement");
    auto other = h.deliver(1, 2, 1);
    other.payload = make_buffer({1});
    h.start(three);
    h.effects(three, {other});
    flags("agreement");
}

TEST_F(Checkers, AgreementSeesABrokenChain) {
    auto next = h.execute(one, {});
    next.block.header.parent_hash = {};
    h.block(one, next);
    flags("agreement");
}

TEST_F(Checkers, IntegritySeesASecondExecution) {
    auto next = h.execute(one, {});
    next.block.transactions = {transfer(0, 0, 0)};
    next.receipts.resize(1);
    h.block(one, next);
    flags("integrity");
}

TEST_F(Checkers, ValiditySeesWhatNobodyMade) {
    h.block(one, h.execute(one, {transfer(0, 1, 0)}));
    flags("validity");
}

TEST_F(Checkers, ValiditySeesMoreTakenInThanThereIs) {
    h.tell([](Checker& it) { it.on_admitted(one, *transfer(0, 1, 0, bids_max)); });
    holds();
    // The last shape is within what all have together; its sender cannot pay it, but who knows?
    for (uint64_t shape = 0; shape + 1 < excess_shapes; ++shape) {
        h.tell([&](Checker& it) { it.on_admitted(one, *excess(0, 1, shape)); });
        flags("validity");
    }
}

TEST_F(Checkers, StabilitySeesAForgetfulNode) {
    h.tell([](Checker& it) { it.on_end(two, Death::power_lost); });
    auto records = h.journals[two];
    records.pop_back();
    h.start(two, records);
    flags("stability");
}

TEST_F(Checkers, StabilityExcusesALostJournal) {
    h.tell([](Checker& it) {
        it.on_end(two, Death::power_lost);
        it.on_journal_lost(two);
    });
    h.engines[two] = {};
    h.start(two);
    h.effects(two, {});
    holds();
}

TEST_F(Checkers, StabilitySeesATermFall) {
    h.engines[two].term = 0;
    h.effects(two, {});
    flags("stability");
}

TEST_F(Checkers, DurabilitySeesADeliveryWithoutAQuorum) {
    h.write(one, 3, {History::entry(1, raft::EntryKind::payload, 2, "block 2")});
    h.write(two, 3, {History::entry(1, raft::EntryKind::payload, 2, "block 2")}, true);
    holds();
    h.effects(one, {h.deliver(2, 3, 1)});
    flags("durability");
}

TEST_F(Checkers, StateEqualitySeesAByte) {
    h.stores[two]->write({{env::Column::slots, to_bytes("key"), to_bytes("value")}});
    end();
    flags("state-equality");
}

TEST_F(Checkers, StateEqualitySeesAnotherMark) {
    h.stores[two]->write(
        {{env::Column::blocks, Bytes{1, 0, 0, 0, 0, 0, 0, 0, 1}, to_bytes("value")}});
    end();
    flags("state-equality");
}

TEST_F(Checkers, AckedSeesAWriteThatIsNowhere) {
    const Call call{.id = 1, .transaction = transfer(3, 0, 0)->hash};
    h.tell([&](Checker& it) { it.on_answer(call, {.height = Height(1), .balance = {}}); });
    flags("acked");
}

TEST_F(Checkers, AckedSeesANodeWithoutIt) {
    const Call call{.id = 1, .transaction = transfer(0, 0, 0)->hash};
    h.tell([&](Checker& it) { it.on_answer(call, {.height = Height(1), .balance = {}}); });
    h.stores[two]->write({{env::Column::hashes, to_bytes(call.transaction.view()), std::nullopt}});
    end();
    flags("acked");
}

TEST_F(Checkers, ReleaseOrderSeesRecordsThatAKillLeftInMemory) {
    h.tell([](Checker& it) { it.on_end(two, Death::killed); });
    h.start(two, h.journals[two]);
    h.effects(two, {});
    holds();
    h.tell([](Checker& it) { it.on_unsynced_start(two); });
    flags("release-order");
}

TEST_F(Checkers, ReleaseOrderSeesAHastyMessage) {
    const raft::VoteReply reply{.ballot = raft::Ballot::poll, .granted = true};
    const Buffer inner = raft::encode({.term = raft::Term(0), .speaker = {103, false}}, reply);
    raft::Record record;
    record.promise = raft::Promise{.speaker = {103, false}};
    const consensus::Token token(++h.tokens[three]);
    h.effects(three, {consensus::Persist{token, raft::encode(record)}, consensus::Send{one, inner},
                      consensus::Send{one, inner}});
    h.tell([&](Checker& it) { it.on_platter(two, token); });
    h.on_send(three, one, reply, 0);
    flags("release-order");
    h.tell([&](Checker& it) { it.on_platter(three, token); });
    h.on_send(three, one, reply, 0);
    holds();
    h.on_send(three, one, reply, 0);
    flags("release-order");
}

TEST_F(Checkers, ConservationSeesMoneyMade) {
    h.stores[one]->write({{env::Column::accounts, Bytes(32, 1),
                           chain::encode_account({.nonce = 0,
                                                  .balance = U256(1),
                                                  .storage_root = chain::empty_trie_root(),
                                                  .code_hash = {}})}});
    end();
    flags("conservation");
}

TEST_F(Checkers, ConservationSeesAWrongFee) {
    auto next = h.execute(one, {});
    next.block.header.base_fee_per_gas += U256(1);
    h.block(one, next);
    flags("conservation");
}

TEST_F(Checkers, LinearizabilitySeesAStaleRead) {
    const Call first{.id = 1, .kind = OperationKind::read, .account = 3, .transaction = {}};
    const Call second{.id = 2, .kind = OperationKind::read, .account = 3, .transaction = {}};
    const U256 rich = *U256::parse("1000000000000000000000");
    h.tell([&](Checker& it) {
        it.on_call(first);
        it.on_answer(first, {.height = Height(1), .balance = rich});
        it.on_call(second);
    });
    holds();
    h.tell([&](Checker& it) { it.on_answer(second, {.height = Height(0), .balance = rich}); });
    flags("linearizability");
}

TEST_F(Checkers, LinearizabilitySeesAWrongBalance) {
    const Call call{.id = 1, .kind = OperationKind::read, .account = 3, .transaction = {}};
    h.tell([&](Checker& it) {
        it.on_call(call);
        it.on_answer(call, {.height = Height(1), .balance = U256(5)});
    });
    flags("linearizability");
}

TEST_F(Checkers, BoundsSeesAnOverfullEngine) {
    h.engines[one].reads = 1'000'000;
    h.effects(one, {});
    flags("bounds");
}

}  // namespace
}  // namespace holdfast::sim
