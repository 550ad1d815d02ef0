// The buffer over the store: held against a plain store in memory at every step, whatever has been
// written through in the meantime.
#include "storage/buffered_store.h"

#include <deque>
#include <thread>

#include <gtest/gtest.h>

#include "base/random.h"
#include "env/memory_store.h"
#include "storage/rocks_store.h"
#include "storage/test_support.h"

namespace holdfast::storage {
namespace {

using env::Batch;
using env::Column;
using test::TemporaryFolder;
using Content = std::vector<std::pair<Bytes, Bytes>>;

std::unique_ptr<env::StateStore> open(const TemporaryFolder& folder, size_t bytes_max) {
    auto below =
        open_rocks_store(folder.path() / "state",
                         {.cache_bytes = 4 << 20, .write_buffer_bytes = 1 << 20, .create = true});
    CHECK(below, below ? "" : describe(below.error()));
    return buffer_store(std::move(*below), bytes_max);
}

Bytes key_of(uint64_t number) {
    return {static_cast<uint8_t>(number >> 8), static_cast<uint8_t>(number)};
}

Content content(const env::StateView& view, Column column, ByteView from = {},
                size_t count_max = SIZE_MAX) {
    Content found;
    if (count_max == 0) return found;
    view.scan(column, from, [&](ByteView key, ByteView value) {
        found.emplace_back(to_bytes(key), to_bytes(value));
        return found.size() < count_max;
    });
    return found;
}

TEST(BufferedStore, IsTheStoreBelowToWhoeverReads) {
    const TemporaryFolder folder;
    // So small that every few batches go down, while others are read and written.
    const auto store = open(folder, 4000);
    env::MemoryStore model;
    Random random(7);
    struct Seen {
        std::shared_ptr<const env::StateView> view, expected;
    };
    std::deque<Seen> seen;
    for (int round = 0; round < 1500; ++round) {
        Batch batch;
        for (uint64_t i = 0; i <= random.next() % 6; ++i) {
            const auto column = random.next() % 2 == 0 ? Column::accounts : Column::undo;
            std::optional<Bytes> value;
            if (random.next() % 3 != 0) value = Bytes(random.next() % 40, uint8_t(round));
            batch.push_back({column, key_of(random.next() % 300), std::move(value)});
        }
        store->write(batch);
        model.write(batch);
        if (round % 97 == 0) store->flush();
        if (round % 61 == 0) {
            const Bytes from = key_of(random.next() % 300), to = key_of(random.next() % 300);
            store->erase_range(Column::undo, from, to);
            model.erase_range(Column::undo, from, to);
        }
        if (round % 5 == 0) seen.push_back({store->snapshot(), model.snapshot()});
        if (seen.size() > 20) seen.pop_front();
        const Seen& old = seen[random.next() % seen.size()];
        for (const auto column : {Column::accounts, Column::undo}) {
            const Bytes from = key_of(random.next() % 300);
            const size_t count = random.next() % 20;
            ASSERT_EQ(content(*store, column, from, count), content(model, column, from, count));
            ASSERT_EQ(content(*old.view, column), content(*old.expected, column));
            ASSERT_EQ(store->get(column, from), model.get(column, from));
            ASSERT_EQ(old.view->get(column, from), old.expected->get(column, from));
        }
    }
}

TEST(BufferedStore, HasHandedEverythingDownWhenItIsClosed) {
    const TemporaryFolder folder;
    open(folder, 1 << 20)->write({{Column::meta, key_of(1), key_of(2)}});
    const auto again = open(folder, 1 << 20);
    EXPECT_EQ(again->get(Column::meta, key_of(1)), key_of(2));
}

TEST(BufferedStore, ViewsOutliveTheStore) {
    const TemporaryFolder folder;
    auto store = open(folder, 1 << 20);
    store->write({{Column::meta, key_of(1), key_of(2)}});
    const auto view = store->snapshot();
    store.reset();
    EXPECT_EQ(view->get(Column::meta, key_of(1)), key_of(2));
}

TEST(BufferedStore, AKeyWrittenByEveryBlockEndsWithoutDeepRecursion) {
    const TemporaryFolder folder;
    const auto store = open(folder, 64 << 20);
    for (uint64_t i = 0; i < 100'000; ++i) store->write({{Column::meta, key_of(1), key_of(i)}});
    store->flush();
    EXPECT_EQ(store->get(Column::meta, key_of(1)), key_of(99'999));
}

TEST(BufferedStore, ThreadsSeeWholeBatchesWhileOneWrites) {
    const TemporaryFolder folder;
    const auto store = open(folder, 2000);
    store->write({{Column::meta, key_of(1), key_of(0)}, {Column::meta, key_of(2), key_of(0)}});
    std::vector<std::jthread> readers;
    for (int i = 0; i < 3; ++i)
        readers.emplace_back([&](const std::stop_token& stop) {
            while (!stop.stop_requested()) {
                const auto view = store->snapshot();
                EXPECT_EQ(view->get(Column::meta, key_of(1)), view->get(Column::meta, key_of(2)));
                EXPECT_EQ(content(*view, Column::meta).size(), 2U);
            }
        });
    for (uint64_t i = 1; i <= 3000; ++i) {
        store->write({{Column::meta, key_of(1), key_of(i)}, {Column::meta, key_of(2), key_of(i)}});
        if (i % 500 == 0) store->flush();
        if (i % 500 == 250) store->erase_range(Column::undo, key_of(0), key_of(i));
    }
}

}  // namespace
}  // namespace holdfast::storage
