// Taking blocks back: the store is what it was, byte for byte, and goes another way as if it had
// never gone the first one.
#include <gtest/gtest.h>

#include "base/random.h"
#include "ledger/keys.h"
#include "ledger/live_state.h"
#include "ledger/random_calls.h"
#include "ledger/test_store.h"
#include "ledger/undo.h"

namespace holdfast::ledger {
namespace {

using namespace testing;
using env::Column;

OrderedPayload payload_of(const chain::Block& block) {
    const auto extra = chain::decode_extra(block.header.extra_data);
    return {.height = block.header.number,
            .time_ms = extra->time_ms,
            .fee_recipient = block.header.beneficiary,
            .payload_hash = extra->payload_hash,
            .origin = extra->origin,
            .mark = {1, 2, 3},
            .transactions = block.transactions};
}

/// What attests blocks comes from outside and at its own time.
Contents uncertified(Contents all) {
    std::erase_if(all, [](const auto& item) {
        const auto& [column, key] = item.first;
        return column == Column::certificates ||
               (column == Column::meta && equal(key, view_of(keys::certified)));
    });
    return all;
}

/// Takes blocks back at random, and goes on with some of their transactions and some new ones.
class Wanderer {
  public:
    Wanderer(chain::Policy policy, uint64_t seed)
        : random_(seed), chain_(random_genesis(policy)), calls_(policy, chain_, random_) {}

    void run(uint64_t steps) {
        for (uint64_t i = 0; i < steps && !::testing::Test::HasFailure(); ++i) {
            if (random_.chance(1, 5) && ledger().head() > Height(0))
                turn_back();
            else
                go_on();
            if (random_.chance(1, 20)) chain_.chain.reopen();
            if (random_.chance(1, 60)) expect_what_a_replay_gives();
        }
        expect_what_a_replay_gives();
        chain_.chain.expect_sound();
        EXPECT_GT(turns_, steps / 10);
        EXPECT_GT(changes_undone_, 0u);
        EXPECT_GT(came_again_, turns_);
    }

  private:
    Ledger& ledger() { return chain_.chain.ledger(); }
    void go_on() {
        if (ledger().head() > Height(0) && random_.chance(3, 4)) chain_.chain.certify_head();
        then_.push_back(chain_.chain.store->snapshot());
        // Some come again in another order, or wait for one that does not: those are left out.
        std::vector<TransactionPtr> transactions;
        for (TransactionPtr& waiting : waiting_)
            if (random_.chance(7, 8)) transactions.push_back(std::move(waiting));
        waiting_.clear();
        const std::vector<TransactionPtr> again = transactions;
        for (uint64_t n = random_.below(8); n > 0; --n) transactions.push_back(calls_.next());
        std::set<uint64_t> silent;
        const auto ids = chain_.ids();
        if (ids.size() > 1 && random_.chance(1, 2)) silent.insert(ids[random_.below(ids.size())]);
        given_.push_back(transactions);
        blocks_.push_back(chain_.next(std::move(transactions), silent));
        for (const TransactionPtr& one : again)
            if (std::ranges::count(chain_.last.block.transactions, one) > 0) ++came_again_;
        calls_.reread_nonces();
    }
    void turn_back() {
        const uint64_t head = ledger().head().value;
        const uint64_t deep = random_.chance(1, 10) ? head : std::min<uint64_t>(head, 7);
        const Height above(head - 1 - random_.below(deep));
        const auto taken = ledger().take_back(above);
        ASSERT_TRUE(taken) << describe(taken.error());
        ASSERT_EQ(ledger().head(), above);
        ASSERT_EQ(taken->blocks.size(), head - above.value);
        ASSERT_EQ(taken->receipts.size(), head - above.value);
        for (size_t i = 0; i < taken->blocks.size(); ++i) {
            const Executed& was = blocks_[above.value + i];
            ASSERT_EQ(taken->blocks[i].hash, was.block.hash);
            ASSERT_EQ(taken->receipts[i], was.receipts);
            changes_undone_ += was.members_changed ? 1 : 0;
            for (const auto& transaction : taken->blocks[i].transactions)
                waiting_.push_back(transaction);
        }
        ASSERT_EQ(difference(contents(*chain_.chain.store), contents(*then_[above.value])), "")
            << above.value;
        then_.resize(above.value);
        blocks_.resize(above.value);
        given_.resize(above.value);
        calls_.reread_nonces();
        ++turns_;
        const VerifyReport report = verify(chain_.chain.reader(), chain_.chain.genesis(), {});
        ASSERT_TRUE(report.problems.empty()) << report.problems[0];
    }
    // The twin knows nothing of ways not taken.
    void expect_what_a_replay_gives() {
        TestChain twin(chain_.chain.genesis());
        for (size_t i = 0; i < blocks_.size(); ++i) {
            OrderedPayload payload = payload_of(blocks_[i].block);
            payload.transactions = given_[i];
            ASSERT_EQ(twin.ledger().execute(payload).block.hash, blocks_[i].block.hash);
        }
        ASSERT_EQ(ledger().head_block().hash, twin.ledger().head_block().hash);
        ASSERT_EQ(ledger().members(), twin.ledger().members());
        ASSERT_EQ(difference(uncertified(contents(*chain_.chain.store)),
                             uncertified(contents(*twin.store))),
                  "");
    }

    Random random_;
    EpochChain chain_;
    RandomCalls calls_;
    std::vector<Executed> blocks_;                             ///< from height 1 on
    std::vector<std::vector<TransactionPtr>> given_;           ///< those left out as well
    std::vector<std::shared_ptr<const env::StateView>> then_;  ///< below the head, from 0 on
    std::vector<TransactionPtr> waiting_;
    uint64_t turns_ = 0, changes_undone_ = 0, came_again_ = 0;
};

class TakeBackUnder : public ::testing::TestWithParam<chain::Policy> {};

TEST_P(TakeBackUnder, LeavesNoTrace) {
    for (const uint64_t seed : Ids{1, 2}) {
        SCOPED_TRACE(seed);
        Wanderer(GetParam(), seed).run(200);
        if (HasFailure()) return;
    }
}

INSTANTIATE_TEST_SUITE_P(Each, TakeBackUnder,
                         ::testing::Values(chain::Policy::poa, chain::Policy::pos,
                                           chain::Policy::dpos),
                         [](const auto& each) { return std::string(to_string(each.param)); });

/// Blocks of one transfer each, of `gwei` to address 1.
void grow(TestChain& chain, uint64_t blocks, uint64_t to = 1) {
    for (uint64_t i = 0; i < blocks; ++i)
        chain.execute({make_transaction({.from = 1,
                                         .nonce = chain.account(account_address(1)).nonce,
                                         .to = plain_address(to),
                                         .value = gwei})});
}

Errc refused(TestChain& chain, uint64_t above) {
    const Contents before = contents(*chain.store);
    const Height head = chain.ledger().head();
    const auto taken = chain.ledger().take_back(Height(above));
    if (taken) return Errc{"taken back"};
    EXPECT_EQ(difference(contents(*chain.store), before), "");
    EXPECT_EQ(chain.ledger().head(), head);
    return taken.error().code;
}

TEST(TakeBack, NothingAboveTheHead) {
    TestChain chain;
    grow(chain, 3);
    for (const uint64_t above : {uint64_t{3}, uint64_t{4}}) {
        const auto taken = chain.ledger().take_back(Height(above));
        ASSERT_TRUE(taken);
        EXPECT_TRUE(taken->blocks.empty());
        EXPECT_EQ(chain.ledger().head(), Height(3));
    }
}

TEST(TakeBack, BlocksThatOverwroteNothing) {
    TestChain chain;
    for (int i = 0; i < 3; ++i) chain.execute({});
    chain.reopen();
    grow(chain, 1);
    chain.execute({});
    chain.reopen();
    ASSERT_TRUE(chain.ledger().take_back(Height(1)));
    EXPECT_EQ(chain.ledger().head(), Height(1));
    ASSERT_TRUE(chain.ledger().take_back(Height(0)));
    EXPECT_EQ(difference(contents(*chain.store), contents(*TestChain().store)), "");
}

TEST(TakeBack, WhatWasForgottenStaysForgotten) {
    TestChain chain;
    const uint64_t kept = history_blocks + 34, head = history_blocks + 64;
    while (chain.ledger().head() < Height(kept)) {
        grow(chain, 1);
        chain.certify_head();
    }
    Contents then = contents(*chain.store);
    while (chain.ledger().head() < Height(head)) {
        grow(chain, 1, 2);
        chain.certify_head();
    }
    ASSERT_TRUE(chain.ledger().take_back(Height(kept)));
    Contents now = contents(*chain.store);
    // Of what was there then, undo records are missing and nothing else; and what there is tells.
    size_t missing = 0;
    for (const auto& [place, value] : then) {
        if (now.contains(place)) continue;
        EXPECT_EQ(place.first, Column::undo);
        ++missing;
    }
    EXPECT_GT(missing, 30u);
    const auto steers = [](const auto& item) {
        return item.first.first == Column::undo ||
               (item.first.first == Column::meta &&
                equal(item.first.second, view_of(keys::undo_from)));
    };
    std::erase_if(then, steers);
    std::erase_if(now, steers);
    EXPECT_EQ(difference(now, then), "");

    for (const bool again : {false, true}) {
        const Reader reader = chain.reader();
        EXPECT_EQ(reader.oldest_state(), Height(head - history_blocks));
        for (Height at = reader.oldest_state(); at <= reader.head(); ++at)
            EXPECT_EQ(reader.account(plain_address(1), at)->balance, gwei * U256(at.value));
        EXPECT_EQ(reader.account(plain_address(1), reader.oldest_state().previous()).error().code,
                  errc::unknown_height);
        if (!again) chain.reopen();
    }
    EXPECT_EQ(refused(chain, head - history_blocks - 1), errc::out_of_reach);
    // Once it is longer than it was, it forgets on as ever.
    grow(chain, head - kept + 5);
    EXPECT_EQ(chain.reader().oldest_state(), chain.ledger().head() - history_blocks);
    ASSERT_TRUE(chain.ledger().take_back(chain.ledger().head() - history_blocks));
    chain.expect_sound();
}

TEST(TakeBack, ReachesToWhatIsFinal) {
    TestChain chain;
    grow(chain, 3);
    put_final(*chain.store, Height(5));  // it may be known before it is executed here
    EXPECT_EQ(chain.reader().final(), Height(3));
    grow(chain, 5);
    put_final(*chain.store, Height(4));  // never less than it was
    EXPECT_EQ(chain.reader().final(), Height(5));
    EXPECT_EQ(refused(chain, 4), errc::already_final);
    // However long nothing is final, everything above stays within reach.
    grow(chain, 2 * history_blocks);
    chain.reopen();
    EXPECT_EQ(chain.reader().oldest_state(), Height(5));
    ASSERT_TRUE(chain.ledger().take_back(Height(5)));
    EXPECT_EQ(chain.account(plain_address(1)).balance, gwei * U256(5));
    chain.expect_sound();
    // What is final without a certificate is forgotten in time as well.
    grow(chain, history_blocks + 10);
    put_final(*chain.store, chain.ledger().head());
    grow(chain, 10);
    EXPECT_EQ(chain.reader().oldest_state(), chain.ledger().head() - history_blocks);
}

TEST(TakeBack, PrunedBlocksAreOutOfReach) {
    TestChain chain;
    grow(chain, 10);
    chain.ledger().prune(Height(6));
    EXPECT_EQ(refused(chain, 5), errc::out_of_reach);
    EXPECT_EQ(refused(chain, 2), errc::out_of_reach);
    ASSERT_TRUE(chain.ledger().take_back(Height(6)));
    grow(chain, 2, 3);
    chain.expect_sound();
}

TEST(TakeBack, PruningKeepsWhatMayBeTakenBack) {
    chain::Genesis genesis = make_genesis();
    genesis.engine = chain::EngineKind::pow;
    TestChain chain(genesis);
    grow(chain, 10);
    chain.ledger().prune(Height(8));
    EXPECT_EQ(chain.reader().lowest_block(), Height(0));
    put_final(*chain.store, Height(5));
    chain.ledger().prune(Height(8));
    EXPECT_EQ(chain.reader().lowest_block(), Height(5));
    ASSERT_TRUE(chain.ledger().take_back(Height(5)));
    EXPECT_TRUE(chain.reader().block(Height(5)));
    EXPECT_EQ(chain.reader().mark(Height(5)), (Bytes{1, 2, 3}));
    grow(chain, 1);
    chain.expect_sound();
}

TEST(TakeBack, ASnapshotIsTheGround) {
    TestChain source, chain;
    grow(source, 6);
    ASSERT_TRUE(take_snapshot(chain.ledger(), source));
    const Contents then = contents(*chain.store);
    grow(chain, 1);
    chain.certify_head();
    grow(chain, 2);
    chain.reopen();
    EXPECT_EQ(chain.reader().certified(), Height(7));
    EXPECT_EQ(first_undo(*chain.store, chain.ledger().head()), Height(7));
    EXPECT_EQ(refused(chain, 5), errc::out_of_reach);
    ASSERT_TRUE(chain.ledger().take_back(Height(6)));
    EXPECT_EQ(difference(contents(*chain.store), then), "");
    EXPECT_EQ(chain.reader().certified(), Height(6));
    grow(chain, 2);
    grow(source, 2);
    EXPECT_EQ(chain.ledger().head_block().hash, source.ledger().head_block().hash);
    chain.expect_sound();
}

TEST(TakeBack, EndsAnImportUnderWay) {
    TestChain source, chain;
    grow(source, 6);
    grow(chain, 3);
    chain.ledger().begin_import();
    Bytes cursor;
    ASSERT_TRUE(chain.ledger().import_chunk(export_chunk(source.reader(), cursor, 1)));
    ASSERT_TRUE(chain.ledger().take_back(Height(2)));
    const auto next = chain.ledger().import_chunk(export_chunk(source.reader(), cursor, 1));
    ASSERT_FALSE(next);
    EXPECT_EQ(next.error().code, errc::bad_snapshot);
    ASSERT_TRUE(take_snapshot(chain.ledger(), source));
    chain.expect_sound();
}

TEST(TakeBack, CertificatesOfBlocksThatAreGoneGo) {
    TestChain chain;
    grow(chain, 8);
    for (const uint64_t height : Ids{1, 2, 3, 4, 5, 7})
        put_certificate(*chain.store, chain::certificate_of(chain.attested(Height(height))));
    EXPECT_EQ(chain.reader().certified(), Height(5));
    ASSERT_TRUE(chain.ledger().take_back(Height(3)));
    grow(chain, 5, 2);
    const Reader reader = chain.reader();
    EXPECT_EQ(reader.certified(), Height(3));
    EXPECT_TRUE(reader.certificate(Height(3)));
    for (uint64_t height = 4; height <= 8; ++height)
        EXPECT_FALSE(reader.certificate(Height(height))) << height;
    chain.expect_sound();
    chain.certify_all();
    EXPECT_EQ(chain.reader().certified(), Height(8));
    chain.expect_sound();
}

TEST(TakeBack, ReadersSeeOneOrTheOther) {
    TestChain chain;
    grow(chain, 4);
    const Reader before = chain.reader();
    ASSERT_TRUE(chain.ledger().take_back(Height(2)));
    grow(chain, 3, 2);
    EXPECT_EQ(before.head(), Height(4));
    EXPECT_EQ(before.account(plain_address(1), Height(4))->balance, gwei * U256(4));
    EXPECT_EQ(before.account(plain_address(1), Height(1))->balance, gwei);
    EXPECT_EQ(chain.reader().account(plain_address(1), Height(5))->balance, gwei * U256(2));
}

TEST(TakeBack, ACrashLeavesItAtABlockBetween) {
    TestChain chain;
    std::vector<Contents> then;
    for (int i = 0; i < 9; ++i) {
        then.push_back(contents(*chain.store));
        grow(chain, 1);
        if (i % 2 == 0) chain.certify_head();
    }
    then.push_back(contents(*chain.store));
    for (uint64_t writes = 0; writes <= 5; ++writes) {
        const auto store = copy_of(*chain.store);
        CrashingStore crashing(*store, writes);
        auto ledger = std::move(*Ledger::open(crashing, chain.genesis()));
        // What the dead machine thinks no longer matters.
        std::ignore = ledger->take_back(Height(5));
        const Height stands(writes < 4 ? 9 - writes : 5);
        EXPECT_EQ(crashing.crashed(), writes < 4);
        auto again = std::move(*Ledger::open(*store, chain.genesis()));
        EXPECT_EQ(again->head(), stands);
        Contents expected = then[stands.value];
        if (stands == Height(9)) expected = contents(*chain.store);
        EXPECT_EQ(difference(contents(*store), expected), "") << stands.value;
        ASSERT_TRUE(again->take_back(Height(5)));
        EXPECT_EQ(difference(contents(*store), then[5]), "");
    }
}

TEST(TakeBack, SurvivesLossOfPower) {
    TestChain chain;
    Random random(7);
    chain.store->flush();
    for (int round = 0; round < 60; ++round) {
        grow(chain, 1 + random.below(4), random.below(3));
        const uint64_t head = chain.ledger().head().value;
        const uint64_t deep = std::min<uint64_t>(head, 6);
        ASSERT_TRUE(chain.ledger().take_back(Height(head - random.below(deep))));
        grow(chain, random.below(3), 4);
        if (random.chance(1, 3)) chain.store->flush();
        chain.store->lose_power(random);
        chain.reopen();
        chain.expect_sound();
        TestChain twin;
        for (Height height(1); height <= chain.ledger().head(); ++height)
            twin.ledger().execute(payload_of(*chain.reader().block(height)));
        ASSERT_EQ(difference(contents(*twin.store), contents(*chain.store)), "");
    }
}

// Only genesis makes code today; what a block made would go with it, unless it was there before.
TEST(TakeBack, CodeGoesWithItsBlock) {
    env::MemoryStore store;
    LiveState live(store, 0);
    const auto deploy = [&](uint64_t at, Height height) {
        JournaledState state(live, BlockContext{});
        chain::Account account = chain::new_account();
        account.code_hash = crypto::keccak256(Bytes{1, 2, 3});
        state.put_account(plain_address(at), account, Bytes{1, 2, 3});
        UndoRecorder undo;
        env::Batch batch;
        live.commit(state, &undo, batch);
        undo.finish(height, batch);
        store.write(batch);
        return contents(store);
    };
    const auto restore = [&](Height height) {
        env::Batch batch;
        restore_before(store, height, batch);
        store.write(batch);
        return contents(store);
    };
    const Contents one = deploy(1, Height(1));
    deploy(2, Height(2));
    EXPECT_EQ(difference(restore(Height(2)), one), "");
    EXPECT_TRUE(store.get(Column::code, crypto::keccak256(Bytes{1, 2, 3}).view()));
    EXPECT_TRUE(restore(Height(1)).empty());
}

TEST(Verify, FindsWhatSpeaksOfBlocksThatAreGone) {
    TestChain chain;
    grow(chain, 4);
    chain.ledger().take_back(Height(0)).value();
    const auto add = encode_add_member(make_member(4));
    for (const uint64_t from : Ids{1, 2})
        chain.execute({make_transaction(
            {.from = from, .to = validators_address(), .data = add, .gas_limit = 2'000'000})});
    grow(chain, 1, 5);
    const Contents longer = contents(*chain.store);
    ASSERT_TRUE(chain.ledger().members().find(NodeId(4)));
    ASSERT_TRUE(chain.ledger().take_back(Height(1)));
    chain.expect_sound();
    const Contents shorter = contents(*chain.store);
    std::set<Column> tried;
    for (const auto& [place, value] : longer) {
        const auto& [column, key] = place;
        if (shorter.contains(place) || column == Column::code) continue;
        chain.store->write({{column, key, value}});
        EXPECT_FALSE(verify(chain.reader(), chain.genesis(), {}).problems.empty())
            << static_cast<int>(column) << " " << to_hex(key);
        chain.store->write({{column, key, std::nullopt}});
        tried.insert(column);
    }
    EXPECT_EQ(tried,
              (std::set{Column::meta, Column::blocks, Column::hashes, Column::accounts,
                        Column::slots, Column::account_trie, Column::slot_trie, Column::undo}));
}

}  // namespace
}  // namespace holdfast::ledger
