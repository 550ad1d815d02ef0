// Pruning, snapshots, and crashes between any two writes of either.
#include "ledger/snapshot.h"

#include <gtest/gtest.h>

#include "base/random.h"
#include "ledger/keys.h"
#include "ledger/test_chain.h"
#include "ledger/test_store.h"

namespace holdfast::ledger {
namespace {

using namespace testing;
using env::Column;

void expect_sound(const env::StateStore& store, const chain::Genesis& genesis) {
    const auto report = verify(Reader(store.snapshot()), genesis, {});
    for (const std::string& problem : report.problems) ADD_FAILURE() << problem;
}

/// A chain with `blocks` blocks that touch balances and the contract's storage.
void grow(TestChain& chain, uint64_t blocks) {
    for (uint64_t i = 0; i < blocks; ++i) {
        const uint64_t nonce = chain.account(account_address(1)).nonce;
        chain.execute(
            {make_transaction({.from = 1, .nonce = nonce, .to = plain_address(i), .value = ether}),
             make_transaction({.from = 1,
                               .nonce = nonce + 1,
                               .to = validators_address(),
                               .data = encode_add_member(make_member(20 + i % 5)),
                               .gas_limit = 2'000'000})});
    }
}

std::vector<Bytes> pieces_of(const Reader& reader, size_t bytes_max) {
    std::vector<Bytes> pieces;
    Bytes cursor;
    do {
        pieces.push_back(export_chunk(reader, cursor, bytes_max));
    } while (!cursor.empty());
    return pieces;
}

/// What a snapshot of a chain's head consists of.
struct Offer {
    explicit Offer(TestChain& chain, size_t bytes_max = 400)
        : pieces(pieces_of(chain.reader(), bytes_max)),
          block(chain.attested(chain.ledger().head())),
          members(chain.ledger().members()) {}
    std::vector<Bytes> pieces;
    chain::CertifiedHeader block;
    chain::MemberSet members;
    std::vector<chain::MemberChange> history;
};

Status import_into(Ledger& ledger, const Offer& offer) {
    ledger.begin_import();
    if (auto followed = ledger.import_history(offer.history); !followed) return followed;
    for (const Bytes& piece : offer.pieces) {
        if (auto added = ledger.import_chunk(piece); !added) return added;
    }
    return ledger.finish_import(offer.block, offer.members, Bytes{9, 9});
}

TEST(Prune, KeepsHeadersAndState) {
    TestChain chain;
    grow(chain, 10);
    const Hash32 old_transaction = chain.reader().block(Height(3))->transactions[0]->hash;
    const size_t before = chain.store->size();
    chain.ledger().prune(Height(6));
    const Reader reader = chain.reader();
    EXPECT_EQ(reader.lowest_block(), Height(6));
    EXPECT_LT(chain.store->size(), before);
    EXPECT_FALSE(reader.block(Height(5)));
    EXPECT_FALSE(reader.receipts(Height(5)));
    EXPECT_FALSE(reader.place_of(old_transaction));
    EXPECT_TRUE(reader.header(Height(5)));
    EXPECT_TRUE(reader.block(Height(6)));
    EXPECT_EQ(reader.account(plain_address(2), Height(3))->balance, ether);
    chain.expect_sound();
    chain.ledger().prune(Height(4));  // nothing left to do
    chain.ledger().prune(Height(1000));
    EXPECT_EQ(chain.reader().lowest_block(), Height(10));
    EXPECT_TRUE(chain.reader().block(Height(10)));
    chain.reopen();
    grow(chain, 2);
    chain.expect_sound();
}

TEST(Prune, SurvivesACrashBetweenAnyTwoWrites) {
    TestChain chain;
    grow(chain, 8);
    for (uint64_t writes = 0;; ++writes) {
        const auto store = copy_of(*chain.store);
        CrashingStore crashing(*store, writes);
        auto ledger = std::move(*Ledger::open(crashing, chain.genesis()));
        ledger->prune(Height(5));
        expect_sound(*store, chain.genesis());
        auto again = std::move(*Ledger::open(*store, chain.genesis()));
        again->prune(Height(5));
        expect_sound(*store, chain.genesis());
        const Reader reader(store->snapshot());
        EXPECT_FALSE(reader.block(Height(4)));
        size_t bodies = 0;
        reader.view().scan(Column::blocks, Bytes{2}, [&](ByteView key, ByteView) {
            if (key[0] == 2) ++bodies;
            return key[0] == 2;
        });
        EXPECT_EQ(bodies, 4u);
        if (!crashing.crashed()) break;
    }
}

TEST(Snapshot, BringsAnEmptyLedgerToTheHead) {
    TestChain source, target;
    grow(source, 12);
    for (const size_t bytes_max : {size_t{1}, size_t{400}, size_t{1} << 20}) {
        TestChain fresh;
        const Offer offer(source, bytes_max);
        const auto imported = import_into(fresh.ledger(), offer);
        ASSERT_TRUE(imported) << describe(imported.error());
        EXPECT_EQ(fresh.ledger().head(), Height(12));
        EXPECT_EQ(fresh.ledger().head_block().hash, source.ledger().head_block().hash);
        for (const Column column : {Column::accounts, Column::slots, Column::code,
                                    Column::account_trie, Column::slot_trie}) {
            std::vector<Bytes> theirs, ours;
            const auto collect = [&](const env::StateView& view, std::vector<Bytes>& into) {
                view.scan(column, {}, [&](ByteView key, ByteView value) {
                    into.push_back(keys::joined(key, value));
                    return true;
                });
            };
            collect(*source.store, theirs);
            collect(*fresh.store, ours);
            EXPECT_EQ(theirs, ours);
        }
        const Reader reader = fresh.reader();
        EXPECT_EQ(reader.lowest_block(), Height(13));
        EXPECT_EQ(reader.certified(), Height(12));
        EXPECT_EQ(reader.mark(Height(12)), (Bytes{9, 9}));
        EXPECT_EQ(reader.account(plain_address(0), Height(11)).error().code, errc::unknown_height);
        fresh.expect_sound();
    }
    // Both go on the same way, also after a restart, and if a late certificate comes in between.
    ASSERT_TRUE(import_into(target.ledger(), Offer(source)));
    put_certificate(*target.store, {.height = Height(1), .block_hash = {}, .signatures = {}});
    EXPECT_EQ(target.reader().certified(), Height(12));
    target.store->write({{Column::certificates, keys::of_height(Height(1)), std::nullopt}});
    target.reopen();
    grow(source, 3);
    grow(target, 3);
    EXPECT_EQ(target.ledger().head_block().hash, source.ledger().head_block().hash);
    EXPECT_EQ(target.reader().account(plain_address(0), Height(13))->balance,
              source.reader().account(plain_address(0), Height(13))->balance);
    target.expect_sound();
}

TEST(Snapshot, OfAnEarlierBlockIsTheStateOfThen) {
    TestChain chain;
    std::vector<std::vector<Bytes>> then;
    std::vector<chain::CertifiedHeader> blocks;
    for (int i = 0; i < 12; ++i) {
        grow(chain, 1);
        then.push_back(pieces_of(chain.reader(), 400));
        blocks.push_back(chain.attested(chain.ledger().head()));
    }
    const Reader reader = chain.reader();
    for (uint64_t height = 1; height <= 12; ++height) {
        const auto back = reader.back_at(Height(height));
        ASSERT_TRUE(back);
        EXPECT_EQ(pieces_of(*back, 400), then[height - 1]) << height;
    }
    EXPECT_FALSE(reader.back_at(Height(13)));

    TestChain target;
    Offer offer(chain);
    offer.pieces = pieces_of(*reader.back_at(Height(7)), 400);
    offer.block = blocks[6];
    offer.members = *reader.members(Height(7));
    const auto imported = import_into(target.ledger(), offer);
    ASSERT_TRUE(imported) << describe(imported.error());
    target.expect_sound();
    // It can be passed on, with what attested it.
    EXPECT_EQ(target.reader().certificate(Height(7)), chain::certificate_of(blocks[6]));
    EXPECT_EQ(target.reader().members(Height(6)), reader.members(Height(6)));
}

TEST(Snapshot, ReplacesAnOlderState) {
    TestChain source, target;
    grow(source, 3);
    grow(target, 3);
    target.execute(
        {make_transaction({.from = 2, .nonce = 0, .to = plain_address(77), .value = ether})});
    grow(source, 6);
    ASSERT_TRUE(import_into(target.ledger(), Offer(source)));
    EXPECT_TRUE(target.account(plain_address(77)).is_empty());
    EXPECT_FALSE(target.reader().block(Height(2)));
    target.expect_sound();
}

TEST(Snapshot, LiesAreRefusedAndTheOldStateStays) {
    TestChain source, target;
    grow(source, 8);
    grow(target, 2);
    const Offer good(source);
    const auto before = contents(*target.store);
    Random random(5);
    for (int i = 0; i < 200; ++i) {
        Offer bad = good;
        Bytes& piece = bad.pieces[random.below(bad.pieces.size())];
        switch (random.below(5)) {
            case 0:
                piece[random.below(piece.size())] ^= static_cast<uint8_t>(1 << random.below(8));
                break;
            case 1:
                piece.resize(random.below(piece.size()));
                break;
            case 2:
                bad.pieces.erase(bad.pieces.begin() +
                                 static_cast<ptrdiff_t>(random.below(bad.pieces.size())));
                break;
            case 3:
                std::swap(piece, bad.pieces[random.below(bad.pieces.size())]);
                break;
            default:
                bad.pieces.push_back(piece);
                break;
        }
        if (bad.pieces == good.pieces) continue;
        const auto imported = import_into(target.ledger(), bad);
        ASSERT_FALSE(imported);
        EXPECT_EQ(imported.error().code, errc::bad_snapshot);
    }
    Offer bad = good;
    bad.members.epoch += 1;
    EXPECT_EQ(import_into(target.ledger(), bad).error().code, errc::bad_snapshot);
    bad = Offer(target);
    EXPECT_EQ(import_into(target.ledger(), bad).error().code, errc::bad_snapshot);  // not above
    target.ledger().begin_import();  // drops what the last one staged
    EXPECT_EQ(contents(*target.store), before);
    grow(target, 1);
    target.expect_sound();
}

TEST(Snapshot, SurvivesACrashBetweenAnyTwoWrites) {
    TestChain source, target;
    grow(source, 5);
    grow(target, 2);
    const Bytes call = encode_remove_member(NodeId(3));
    for (const uint64_t from : {uint64_t{1}, uint64_t{2}})
        source.execute({make_transaction({.from = from,
                                          .nonce = source.account(account_address(from)).nonce,
                                          .to = validators_address(),
                                          .data = call,
                                          .gas_limit = 2'000'000})});
    source.execute({});
    source.certify_all();
    Offer offer(source);
    offer.history = *member_changes_after(source.reader(), Height(0), Height(7));
    ASSERT_EQ(offer.history.size(), 1U);
    bool old_state_seen = false, new_state_seen = false;
    for (uint64_t writes = 0;; ++writes) {
        const auto store = copy_of(*target.store);
        CrashingStore crashing(*store, writes);
        auto ledger = std::move(*Ledger::open(crashing, target.genesis()));
        // What the dead machine thinks no longer matters; only do not let it go on.
        ledger->begin_import();
        EXPECT_TRUE(ledger->import_history(offer.history));
        for (const Bytes& piece : offer.pieces) {
            if (crashing.crashed()) break;
            EXPECT_TRUE(ledger->import_chunk(piece));
        }
        if (!crashing.crashed()) {
            // A crash inside shows only in the store, since reads go on.
            std::ignore = ledger->finish_import(offer.block, offer.members, {});
        }
        auto again = std::move(*Ledger::open(*store, target.genesis()));
        const Height head = again->head();
        EXPECT_TRUE(head == Height(2) || head == Height(8));
        (head == Height(2) ? old_state_seen : new_state_seen) = true;
        expect_sound(*store, target.genesis());
        const auto known = member_changes(Reader(store->snapshot()), head);
        ASSERT_TRUE(known);
        EXPECT_EQ(known->size(), head == Height(8) ? 1U : 0U);
        if (!crashing.crashed()) {
            EXPECT_EQ(head, Height(8));
            break;
        }
    }
    EXPECT_TRUE(old_state_seen && new_state_seen);
}

TEST(Crash, ABlockIsThereWhollyOrNotAtAll) {
    TestChain chain;
    chain.store->flush();
    Random random(11);
    for (int round = 0; round < 30; ++round) {
        const uint64_t before = chain.ledger().head().value;
        grow(chain, 3);
        if (random.chance(1, 3)) chain.store->flush();
        chain.store->lose_power(random);
        chain.reopen();
        EXPECT_GE(chain.ledger().head().value + 3, before);
        chain.expect_sound();
    }
}

TEST(Verify, FindsDamage) {
    TestChain chain;
    grow(chain, 6);
    ASSERT_TRUE(verify(chain.reader(), chain.genesis(), {}).problems.empty());
    Random random(3);
    const auto all = contents(*chain.store);
    std::map<Column, size_t> tried;
    for (const auto& [place, value] : all) {
        const auto& [column, key] = place;
        // Undo records and engine marks are under no hash; some of meta only steers housekeeping.
        if (column == Column::undo || column == Column::meta || value.empty()) continue;
        if (column == Column::blocks && key[0] == static_cast<uint8_t>(keys::BlockPart::mark))
            continue;
        Bytes damaged = value;
        damaged[random.below(damaged.size())] ^= 0x10;
        chain.store->write({{column, key, damaged}});
        EXPECT_FALSE(verify(chain.reader(), chain.genesis(), {}).problems.empty())
            << static_cast<int>(column) << " " << to_hex(key);
        chain.store->write({{column, key, std::nullopt}});
        EXPECT_FALSE(verify(chain.reader(), chain.genesis(), {}).problems.empty())
            << static_cast<int>(column) << " " << to_hex(key) << " deleted";
        chain.store->write({{column, key, value}});
        ++tried[column];
    }
    EXPECT_GE(tried.size(), 6u);
    chain.store->write({{Column::meta, to_bytes(keys::burnt), Bytes(32, 1)}});
    EXPECT_FALSE(verify(chain.reader(), chain.genesis(), {}).problems.empty());
}

}  // namespace
}  // namespace holdfast::ledger
