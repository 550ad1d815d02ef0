// The in-memory store against a plain map: reads, order, snapshots, erasure, and crashes.
#include "env/memory_store.h"

#include <map>

#include <gtest/gtest.h>

namespace holdfast::env {
namespace {

using Model = std::map<std::string, std::string>;

Bytes bytes(std::string_view text) {
    return to_bytes(text);
}

Model contents(const StateView& view, Column column, std::string_view from = "") {
    Model found;
    std::string last;
    view.scan(column, view_of(from), [&](ByteView key, ByteView value) {
        EXPECT_TRUE(found.empty() || last < text_of(key)) << "ascending";
        last = text_of(key);
        found.emplace(text_of(key), text_of(value));
        return true;
    });
    return found;
}

TEST(MemoryStore, WritesReadsAndDeletes) {
    MemoryStore store;
    store.write({{Column::meta, bytes("a"), bytes("1")}, {Column::slots, bytes("a"), bytes("2")}});
    EXPECT_EQ(store.get(Column::meta, view_of("a")), bytes("1"));
    EXPECT_EQ(store.get(Column::slots, view_of("a")), bytes("2"));
    EXPECT_EQ(store.get(Column::code, view_of("a")), std::nullopt);
    store.write({{Column::meta, bytes("a"), std::nullopt}});
    EXPECT_EQ(store.get(Column::meta, view_of("a")), std::nullopt);
    EXPECT_EQ(store.size(), 1u);
}

TEST(MemoryStore, TheLastWordOfABatchCounts) {
    MemoryStore store;
    store.write({{Column::meta, bytes("a"), bytes("0")}});
    store.write({{Column::meta, bytes("a"), bytes("1")},
                 {Column::meta, bytes("a"), std::nullopt},
                 {Column::meta, bytes("a"), bytes("2")}});
    EXPECT_EQ(store.get(Column::meta, view_of("a")), bytes("2"));
}

TEST(MemoryStore, ScanStartsAndStopsWhereAsked) {
    MemoryStore store;
    for (const auto* key : {"b", "a", "c", "\xff"})
        store.write({{Column::blocks, bytes(key), bytes("v")}});
    EXPECT_EQ(contents(store, Column::blocks, "b").size(), 3u);
    int visited = 0;
    store.scan(Column::blocks, {}, [&](ByteView, ByteView) { return ++visited < 2; });
    EXPECT_EQ(visited, 2);
}

TEST(MemoryStore, SnapshotOutlivesTheStore) {
    std::shared_ptr<const StateView> old;
    {
        MemoryStore store;
        store.write({{Column::meta, bytes("a"), bytes("1")}});
        old = store.snapshot();
        store.write({{Column::meta, bytes("a"), bytes("2")}});
    }
    EXPECT_EQ(old->get(Column::meta, view_of("a")), bytes("1"));
}

TEST(MemoryStore, AgreesWithAMapUnderSnapshotsAndErasures) {
    for (uint64_t seed = 1; seed <= 30; ++seed) {
        SCOPED_TRACE(seed);
        Random random(seed);
        MemoryStore store;
        Model model;
        std::vector<std::pair<std::shared_ptr<const StateView>, Model>> held;
        const auto key = [&] { return std::string(1, static_cast<char>('a' + random.below(16))); };
        for (int step = 0; step < 300; ++step) {
            const uint64_t choice = random.below(10);
            if (choice == 0) {
                held.emplace_back(store.snapshot(), model);
            } else if (choice == 1 && !held.empty()) {
                held.erase(held.begin() + static_cast<ptrdiff_t>(random.below(held.size())));
            } else if (choice == 2) {
                const auto from = key();
                const auto to = key();
                store.erase_range(Column::undo, view_of(from), view_of(to));
                if (from < to) model.erase(model.lower_bound(from), model.lower_bound(to));
            } else {
                Batch batch;
                for (uint64_t i = random.below(4); i > 0; --i) {
                    const auto name = key();
                    if (random.chance(1, 3)) {
                        batch.push_back({Column::undo, bytes(name), std::nullopt});
                        model.erase(name);
                    } else {
                        const auto value = std::to_string(step);
                        batch.push_back({Column::undo, bytes(name), bytes(value)});
                        model[name] = value;
                    }
                }
                store.write(batch);
            }
            ASSERT_EQ(contents(store, Column::undo), model);
            ASSERT_EQ(store.size(), model.size());
            for (const auto& [view, then] : held) ASSERT_EQ(contents(*view, Column::undo), then);
        }
    }
}

TEST(MemoryStore, PowerLossLeavesAPrefixNotShorterThanTheFlushed) {
    for (uint64_t seed = 1; seed <= 200; ++seed) {
        SCOPED_TRACE(seed);
        Random random(seed);
        MemoryStore store;
        std::vector<Model> after{{}};
        size_t flushed = 0;
        for (int step = 0; step < 30; ++step) {
            Model model = after.back();
            Batch batch;
            for (int i = 0; i < 3; ++i) {
                const std::string name(1, static_cast<char>('a' + random.below(5)));
                if (random.chance(1, 3)) {
                    batch.push_back({Column::meta, bytes(name), std::nullopt});
                    model.erase(name);
                } else {
                    batch.push_back({Column::meta, bytes(name), bytes(std::to_string(step))});
                    model[name] = std::to_string(step);
                }
            }
            store.write(batch);
            after.push_back(model);
            if (random.chance(1, 10)) {
                store.flush();
                flushed = after.size() - 1;
            }
        }
        store.lose_power(random);
        const Model left = contents(store, Column::meta);
        const auto at =
            std::find(after.begin() + static_cast<ptrdiff_t>(flushed), after.end(), left);
        EXPECT_NE(at, after.end());
    }
}

}  // namespace
}  // namespace holdfast::env
