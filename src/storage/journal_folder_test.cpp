// The journal's real files: appends, room, marks, quarantine, and the last words of a failing disk.
#include <csignal>
#include <fstream>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "storage/files.h"
#include "storage/test_support.h"

namespace holdfast::storage {
namespace {

namespace fs = std::filesystem;
using test::TemporaryFolder;

std::unique_ptr<env::ByteDevice> open(const TemporaryFolder& folder) {
    auto device = open_journal_folder(folder.path());
    EXPECT_TRUE(device) << describe(device.error());
    return std::move(*device);
}

ByteView without_room(ByteView bytes) {
    while (!bytes.empty() && bytes.back() == 0) bytes = bytes.first(bytes.size() - 1);
    return bytes;
}

TEST(JournalFolder, AppendsComeBackWithNothingButZerosBehind) {
    const TemporaryFolder folder;
    Bytes expected;
    {
        const auto device = open(folder);
        for (uint8_t i = 1; i < 100; ++i) {
            const Bytes more(100U * i, i);
            device->append(1, more);
            append(expected, more);
            device->sync(1);
        }
        const Bytes large(9 << 20, 0x77);
        device->append(1, large);
        append(expected, large);
        device->sync(1);
        EXPECT_TRUE(equal(without_room(device->read(1)), expected));
    }
    const auto device = open(folder);
    EXPECT_EQ(device->list(), std::vector<uint64_t>{1});
    EXPECT_TRUE(equal(without_room(device->read(1)), expected));
    // As recovery does: cut the room off, then go on behind the last good byte.
    device->truncate(1, expected.size());
    device->append(1, view_of("more"));
    append(expected, view_of("more"));
    device->sync(1);
    EXPECT_TRUE(equal(without_room(device->read(1)), expected));
}

TEST(JournalFolder, SyncedAppendsGoIntoRoomMadeAhead) {
    const TemporaryFolder folder;
    const auto device = open(folder);
    device->append(1, Bytes(10, 1));
    device->sync(1);
    const auto size = fs::file_size(folder.path() / "00000001.journal");
    for (int i = 0; i < 1000; ++i) device->append(1, Bytes(100, 1));
    device->sync(1);
    EXPECT_EQ(fs::file_size(folder.path() / "00000001.journal"), size);
}

TEST(JournalFolder, ListsOnlyItsOwnNamesInOrder) {
    const TemporaryFolder folder;
    for (const auto* name : {"00000010.journal", "00000009.journal", "123456789.journal", "mark",
                             "9.journal", "x.journal", "00000001.journal.new"})
        std::ofstream(folder.path() / name) << "x";
    EXPECT_EQ(open(folder)->list(), (std::vector<uint64_t>{9, 10, 123456789}));
}

TEST(JournalFolder, RemovesDurably) {
    const TemporaryFolder folder;
    const auto device = open(folder);
    device->append(1, Bytes(10, 1));
    device->append(2, Bytes(10, 2));
    device->remove(1);
    EXPECT_EQ(device->list(), std::vector<uint64_t>{2});
    EXPECT_TRUE(device->read(1).empty());
}

TEST(JournalFolder, MarkIsReplacedInPlace) {
    const TemporaryFolder folder;
    const auto device = open(folder);
    EXPECT_TRUE(device->read_mark().empty());
    Bytes mark(8192, 'a');
    device->write_mark(mark);
    struct stat before{};
    ASSERT_EQ(::stat((folder.path() / "mark").c_str(), &before), 0);
    mark[5000] = 'b';
    device->write_mark(mark);
    device->append(1, Bytes(1, 1));
    device->sync(1);
    EXPECT_EQ(device->read_mark(), mark);
    struct stat after{};
    ASSERT_EQ(::stat((folder.path() / "mark").c_str(), &after), 0);
    EXPECT_EQ(before.st_ino, after.st_ino);
    // Another process, or this one again, sees the same, and goes on from it.
    const auto again = open(folder);
    EXPECT_EQ(again->read_mark(), mark);
    mark[1] = 'c';
    again->write_mark(mark);
    EXPECT_EQ(again->read_mark(), mark);
    EXPECT_EQ(fs::file_size(folder.path() / "mark"), mark.size());
}

TEST(JournalFolder, QuarantineKeepsEverything) {
    const TemporaryFolder folder;
    const auto device = open(folder);
    for (int round = 1; round <= 2; ++round) {
        device->append(1, Bytes(10, 1));
        device->append(2, Bytes(10, 2));
        device->write_mark(Bytes(8, 'm'));
        device->quarantine();
        EXPECT_TRUE(device->list().empty());
        EXPECT_TRUE(device->read_mark().empty());
        const auto corner = folder.path() / ("quarantine-" + std::to_string(round));
        for (const auto* name : {"00000001.journal", "00000002.journal", "mark"})
            EXPECT_TRUE(fs::exists(corner / name)) << corner << name;
    }
}

TEST(JournalFolder, FilesArePrivate) {
    const TemporaryFolder folder;
    const auto device = open(folder);
    device->append(1, Bytes(10, 1));
    device->write_mark(Bytes(8, 'm'));
    for (const auto* name : {"00000001.journal", "mark"}) {
        struct stat about{};
        ASSERT_EQ(::stat((folder.path() / name).c_str(), &about), 0);
        EXPECT_EQ(about.st_mode & 0777, 0600u);
    }
}

TEST(JournalFolder, MissingFolderNamesTheRepair) {
    const TemporaryFolder folder;
    const auto device = open_journal_folder(folder.path() / "none");
    ASSERT_FALSE(device);
    EXPECT_EQ(device.error().code, errc::cannot_open);
    EXPECT_NE(device.error().detail.find("holdfast init"), std::string::npos);
}

using JournalFolderDeathTest = testing::Test;

/// A file size limit fails writes like a disk does, for root too.
void write_beyond_a_limit(const TemporaryFolder& folder) {
    std::signal(SIGXFSZ, SIG_IGN);
    rlimit limit{};
    limit.rlim_cur = limit.rlim_max = 1 << 20;
    ::setrlimit(RLIMIT_FSIZE, &limit);
    const auto device = open(folder);
    for (;;) device->append(1, Bytes(100'000, 1));
}

TEST(JournalFolderDeathTest, AWriteThatFailsEndsTheProcessWithPathAndCause) {
    const TemporaryFolder folder;
    EXPECT_EXIT(write_beyond_a_limit(folder), testing::ExitedWithCode(70),
                "cannot write to .*00000001.journal: File too large.*restart");
}

TEST(JournalFolderDeathTest, AFullDiskSaysSo) {
    // The kernel's own full disk.
    const TemporaryFolder folder;
    fs::create_symlink("/dev/full", folder.path() / "00000001.journal");
    EXPECT_EXIT(open(folder)->append(1, Bytes(10, 1)), testing::ExitedWithCode(70),
                "No space left on device.*free space and restart; nothing acknowledged is lost");
}

}  // namespace
}  // namespace holdfast::storage
