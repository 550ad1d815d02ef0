// The state store on a real disk: reopening, isolation, erasure that gives the disk back, kill -9
// in the middle of writes, and damage that must be told.
#include "storage/rocks_store.h"

#include <fstream>
#include <thread>

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/random.h"
#include "storage/test_support.h"

namespace holdfast::storage {
namespace {

namespace fs = std::filesystem;
using env::Batch;
using env::Column;
using test::TemporaryFolder;

RocksOptions small() {
    return {.cache_bytes = 4 << 20, .write_buffer_bytes = 1 << 20, .create = true};
}

Result<std::unique_ptr<env::StateStore>> try_open(const TemporaryFolder& folder,
                                                  const RocksOptions& options = small()) {
    return open_rocks_store(folder.path() / "state", options);
}

std::unique_ptr<env::StateStore> open(const TemporaryFolder& folder,
                                      const RocksOptions& options = small()) {
    auto store = try_open(folder, options);
    CHECK(store, store ? "" : describe(store.error()));
    return std::move(*store);
}

Bytes text(std::string_view value) {
    return to_bytes(value);
}
Bytes height_key(uint64_t height) {
    Bytes key;
    for (int shift = 56; shift >= 0; shift -= 8)
        key.push_back(static_cast<uint8_t>(height >> shift));
    return key;
}
Bytes noise(uint64_t seed, size_t size) {
    Random random(seed);
    Bytes bytes(size);
    for (auto& byte : bytes) byte = static_cast<uint8_t>(random.next());
    return bytes;
}
size_t count(const env::StateView& view, Column column) {
    size_t found = 0;
    view.scan(column, {}, [&](ByteView, ByteView) { return ++found > 0; });
    return found;
}

TEST(RocksStore, EveryColumnIsItsOwnAndSurvivesReopening) {
    const TemporaryFolder folder;
    {
        const auto store = open(folder);
        Batch batch;
        for (size_t i = 0; i < env::column_count; ++i)
            batch.push_back({static_cast<Column>(i), text("key"), text(std::to_string(i))});
        store->write(batch);
        store->write({{Column::code, text("gone"), text("x")}});
        store->write({{Column::code, text("gone"), std::nullopt}});
    }
    RocksOptions again = small();
    again.create = false;
    const auto store = open(folder, again);
    for (size_t i = 0; i < env::column_count; ++i)
        EXPECT_EQ(store->get(static_cast<Column>(i), view_of("key")), text(std::to_string(i)));
    EXPECT_EQ(store->get(Column::code, view_of("gone")), std::nullopt);
}

TEST(RocksStore, ScanIsOrderedFromWhereAsked) {
    const TemporaryFolder folder;
    const auto store = open(folder);
    for (const uint64_t height : {300U, 1U, 2U, 70000U, 255U, 256U})
        store->write({{Column::blocks, height_key(height), text("b")}});
    std::vector<Bytes> keys;
    store->scan(Column::blocks, height_key(2), [&](ByteView key, ByteView) {
        keys.push_back(to_bytes(key));
        return keys.size() < 4;
    });
    EXPECT_EQ(keys,
              (std::vector{height_key(2), height_key(255), height_key(256), height_key(300)}));
}

TEST(RocksStore, SnapshotsSeeTheirMomentAndOutliveTheStore) {
    const TemporaryFolder folder;
    auto store = open(folder);
    for (uint64_t i = 0; i < 100; ++i) store->write({{Column::undo, height_key(i), text("old")}});
    const auto before = store->snapshot();
    for (uint64_t i = 0; i < 100; ++i) store->write({{Column::undo, height_key(i), text("new")}});
    store->erase_range(Column::undo, height_key(10), height_key(90));
    store->write({{Column::undo, text("more"), text("x")}});
    EXPECT_EQ(count(*before, Column::undo), 100u);
    EXPECT_EQ(before->get(Column::undo, height_key(50)), text("old"));
    EXPECT_EQ(before->get(Column::undo, view_of("more")), std::nullopt);
    EXPECT_EQ(count(*store, Column::undo), 21u);
    store.reset();
    EXPECT_EQ(count(*before, Column::undo), 100u);
}

TEST(RocksStore, ErasingSparesASnapshotWhateverFilesItLivesIn) {
    const TemporaryFolder folder;
    const auto store = open(folder);
    for (uint64_t i = 0; i < 600; ++i)
        store->write({{Column::blocks, height_key(i), noise(i, 20'000)}});
    const auto before = store->snapshot();
    store->erase_range(Column::blocks, height_key(0), height_key(600));
    EXPECT_EQ(count(*store, Column::blocks), 0u);
    EXPECT_EQ(count(*before, Column::blocks), 600u);
    for (uint64_t i = 0; i < 600; i += 50)
        EXPECT_EQ(before->get(Column::blocks, height_key(i)), noise(i, 20'000));
}

TEST(RocksStore, ErasingGivesTheDiskBack) {
    // A chain that prunes as it grows: the folder must stay near what is kept, not what was
    // written.
    const TemporaryFolder folder;
    const auto store = open(folder);
    constexpr uint64_t kept = 200;
    constexpr size_t block_bytes = 20'000;
    uintmax_t largest = 0;
    for (uint64_t height = 0; height < 3000; ++height) {
        store->write({{Column::blocks, height_key(height), noise(height, block_bytes)}});
        if (height % 100 == 99 && height > kept)
            store->erase_range(Column::blocks, height_key(0), height_key(height - kept));
        if (height > 1000 && height % 50 == 0)
            largest = std::max(largest, test::folder_bytes(folder.path()));
    }
    EXPECT_EQ(store->get(Column::blocks, height_key(2000)), std::nullopt);
    EXPECT_EQ(store->get(Column::blocks, height_key(2950)), noise(2950, block_bytes));
    RecordProperty("largest_bytes", std::to_string(largest));
    EXPECT_LT(largest, 3000 * block_bytes / 2) << "kept: " << kept * block_bytes;
}

TEST(RocksStore, ManyErasuresBetweenManyWritesInOneMemtable) {
    const TemporaryFolder folder;
    const auto store = open(folder);
    for (uint64_t height = 0; height < 3000; ++height) {
        store->write({{Column::blocks, height_key(height), noise(height, 10)},
                      {Column::undo, height_key(height), noise(height, 10)}});
        if (height % 3 != 2 || height < 50) continue;
        store->erase_range(Column::blocks, height_key(height - 50), height_key(height - 20));
        store->erase_range(Column::undo, height_key(0), height_key(height - 10));
    }
    EXPECT_EQ(count(*store, Column::blocks), 20u + 1u);
    EXPECT_EQ(count(*store, Column::undo), 10u + 1u);
}

TEST(RocksStore, EmptyAndReversedRangesEraseNothing) {
    const TemporaryFolder folder;
    const auto store = open(folder);
    store->write({{Column::undo, text("b"), text("x")}});
    store->erase_range(Column::undo, view_of("b"), view_of("b"));
    store->erase_range(Column::undo, view_of("c"), view_of("a"));
    EXPECT_EQ(count(*store, Column::undo), 1u);
    store->erase_range(Column::undo, view_of("b"), view_of("c"));
    EXPECT_EQ(count(*store, Column::undo), 0u);
}

TEST(RocksStore, MissingIsAnErrorUnlessInit) {
    const TemporaryFolder folder;
    RocksOptions options = small();
    options.create = false;
    const auto store = try_open(folder, options);
    ASSERT_FALSE(store);
    EXPECT_EQ(store.error().code, errc::cannot_open);
    EXPECT_NE(store.error().detail.find("holdfast init"), std::string::npos);
}

TEST(RocksStore, TwoProcessesAreToldApart) {
    const TemporaryFolder folder;
    const auto store = open(folder);
    const auto second = try_open(folder);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, errc::in_use);
}

TEST(RocksStore, ReadOnlyLooksWhileTheOwnerIsAway) {
    const TemporaryFolder folder;
    open(folder)->write({{Column::meta, text("a"), text("1")}});
    RocksOptions options = small();
    options.create = false;
    options.read_only = true;
    const auto store = open(folder, options);
    EXPECT_EQ(store->get(Column::meta, view_of("a")), text("1"));
}

/// Each batch writes its number under the same keys in two columns, so half a batch would show.
void write_until_killed(env::StateStore& store, int told) {
    constexpr uint64_t keys = 20;
    for (uint64_t number = 1;; ++number) {
        Batch batch;
        for (uint64_t i = 0; i < keys; ++i) {
            batch.push_back({Column::accounts, height_key(i), noise(number, 400)});
            batch.push_back({Column::slots, height_key(i), noise(number, 400)});
        }
        batch.push_back({Column::meta, text("number"), height_key(number)});
        store.write(batch);
        if (::write(told, &number, sizeof number) != sizeof number) ::_exit(1);
        if (number % 50 == 0) store.flush();
    }
}

/// The child of the test below, in a program of its own: RocksDB's threads do not survive a fork.
TEST(RocksStoreChild, DISABLED_WritesUntilKilled) {
    const char* state = std::getenv("HOLDFAST_TEST_STATE");
    const char* told = std::getenv("HOLDFAST_TEST_TOLD");
    ASSERT_TRUE(state != nullptr && told != nullptr) << "only for KillInTheMiddle";
    const auto store = open_rocks_store(state, small());
    ASSERT_TRUE(store);
    write_until_killed(**store, std::stoi(told));
}

pid_t start_child(const fs::path& state, int told) {
    const auto state_variable = "HOLDFAST_TEST_STATE=" + state.native();
    const auto told_variable = "HOLDFAST_TEST_TOLD=" + std::to_string(told);
    std::array<const char*, 4> arguments{"storage_test", "--gtest_also_run_disabled_tests",
                                         "--gtest_filter=RocksStoreChild.*", nullptr};
    std::array<const char*, 3> environment{state_variable.c_str(), told_variable.c_str(), nullptr};
    const pid_t child = ::fork();
    if (child == 0) {
        ::execve("/proc/self/exe", const_cast<char**>(arguments.data()),
                 const_cast<char**>(environment.data()));
        ::_exit(127);
    }
    return child;
}

TEST(RocksStore, KillInTheMiddleLeavesWholeBatchesAndAllThatReturned) {
    const TemporaryFolder folder;
    for (uint64_t round = 1; round <= 6; ++round) {
        fs::remove_all(folder.path() / "state");
        int told[2];
        ASSERT_EQ(::pipe(told), 0);
        const pid_t child = start_child(folder.path() / "state", told[1]);
        ::close(told[1]);
        uint64_t returned = 0;
        // Enough for the small buffers to be flushed to tables a few times.
        while (returned < round * 70)
            ASSERT_EQ(::read(told[0], &returned, sizeof returned), ssize_t{sizeof returned});
        ::kill(child, SIGKILL);
        ::waitpid(child, nullptr, 0);
        for (uint64_t more = 0; ::read(told[0], &more, sizeof more) == ssize_t{sizeof more};)
            returned = more;
        ::close(told[0]);

        const auto store = open(folder);
        const auto number = store->get(Column::meta, view_of("number"));
        ASSERT_TRUE(number);
        uint64_t last = 0;
        for (const uint8_t byte : *number) last = last << 8 | byte;
        EXPECT_GE(last, returned) << "a write that returned survives the process";
        EXPECT_LE(last, returned + 1);
        for (const Column column : {Column::accounts, Column::slots})
            store->scan(column, {}, [&](ByteView, ByteView value) {
                EXPECT_TRUE(equal(value, noise(last, 400)));
                return true;
            });
    }
}

fs::path only_log(const fs::path& state) {
    fs::path newest;
    for (const auto& entry : fs::directory_iterator(state))
        if (entry.path().extension() == ".log" && entry.path() > newest) newest = entry.path();
    return newest;
}

TEST(RocksStore, UnflushedEndMayBeLostButIsNotCalledDamage) {
    const TemporaryFolder folder;
    {
        const auto store = open(folder);
        store->write({{Column::meta, text("a"), text("1")}});
        store->flush();
        store->write({{Column::meta, text("b"), noise(1, 10'000)}});
    }
    const auto log = only_log(folder.path() / "state");
    fs::resize_file(log, fs::file_size(log) - 100);
    const auto store = open(folder);
    EXPECT_EQ(store->get(Column::meta, view_of("a")), text("1"));
    EXPECT_EQ(store->get(Column::meta, view_of("b")), std::nullopt);
}

class RocksDamage : public testing::TestWithParam<int> {};

TEST_P(RocksDamage, BelowTheLastFlushIsToldEachTime) {
    const TemporaryFolder folder;
    const auto state = folder.path() / "state";
    {
        const auto store = open(folder);
        for (uint64_t i = 0; i < 20; ++i)
            store->write({{Column::blocks, height_key(i), noise(i, 1000)}});
        store->flush();
    }
    const auto log = only_log(state);
    switch (GetParam()) {
        case 0:
            fs::resize_file(log, fs::file_size(log) - 100);
            break;
        case 1:
            fs::resize_file(log, 0);
            break;
        case 2:
            fs::remove(log);
            break;
        case 3: {
            std::fstream file(log, std::ios::in | std::ios::out | std::ios::binary);
            file.seekg(5000);
            const int byte = file.get();
            file.seekp(5000);
            file.put(static_cast<char>(byte ^ 4));
            break;
        }
        case 4:
            fs::remove(state / "FLUSHED");
            break;
        default:
            std::ofstream(state / "FLUSHED", std::ios::trunc) << "garbage";
            break;
    }
    RocksOptions options = small();
    options.create = false;
    for (int attempt = 0; attempt < 3; ++attempt) {
        const auto store = try_open(folder, options);
        ASSERT_FALSE(store);
        EXPECT_EQ(store.error().code, errc::damaged) << describe(store.error());
        EXPECT_NE(store.error().detail.find("--rejoin"), std::string::npos);
    }
}

INSTANTIATE_TEST_SUITE_P(Kinds, RocksDamage, testing::Range(0, 6));

TEST(RocksStoreDeathTest, ARottenTableIsFatalWhenRead) {
    // Runs the test again in a new program, for the same reason as above.
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    const TemporaryFolder folder;
    {
        const auto store = open(folder);
        for (uint64_t i = 0; i < 200; ++i)
            store->write({{Column::blocks, height_key(i), noise(i, 20'000)}});
    }
    for (const auto& entry : fs::directory_iterator(folder.path() / "state")) {
        if (entry.path().extension() != ".sst" || entry.file_size() < 50'000) continue;
        std::fstream file(entry.path(), std::ios::in | std::ios::out | std::ios::binary);
        for (std::streamoff at = 1000; at < 40'000; at += 1000) {
            file.seekp(at);
            file.write("rot!", 4);
        }
    }
    EXPECT_EXIT(
        {
            auto store = try_open(folder);
            if (store) count(**store, Column::blocks);
        },
        testing::ExitedWithCode(70), "Corruption.*--rejoin");
}

TEST(RocksStore, ThreadsReadScanAndSnapshotWhileOneWrites) {
    const TemporaryFolder folder;
    const auto store = open(folder);
    store->write(
        {{Column::meta, text("a"), height_key(0)}, {Column::meta, text("b"), height_key(0)}});
    std::vector<std::jthread> readers;
    for (int i = 0; i < 3; ++i)
        readers.emplace_back([&](const std::stop_token& stop) {
            while (!stop.stop_requested()) {
                const auto view = store->snapshot();
                EXPECT_EQ(view->get(Column::meta, view_of("a")),
                          view->get(Column::meta, view_of("b")));
                EXPECT_EQ(count(*view, Column::meta), 2u);
            }
        });
    for (uint64_t i = 1; i <= 2000; ++i) {
        store->write(
            {{Column::meta, text("a"), height_key(i)}, {Column::meta, text("b"), height_key(i)}});
        if (i % 500 == 0) store->flush();
        if (i % 500 == 250) store->erase_range(Column::undo, height_key(0), height_key(i));
    }
}

}  // namespace
}  // namespace holdfast::storage
