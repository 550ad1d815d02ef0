// Locks that exclude, files that are whole or absent.
#include "storage/files.h"

#include <fstream>

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "storage/test_support.h"

namespace holdfast::storage {
namespace {

namespace fs = std::filesystem;
using test::TemporaryFolder;

TEST(FolderLock, ExcludesUntilItGoes) {
    const TemporaryFolder folder;
    {
        auto lock = FolderLock::take(folder.path());
        ASSERT_TRUE(lock);
        const auto second = FolderLock::take(folder.path());
        ASSERT_FALSE(second);
        EXPECT_EQ(second.error().code, errc::in_use);
        const FolderLock moved = std::move(*lock);
        EXPECT_FALSE(FolderLock::take(folder.path()));
    }
    EXPECT_TRUE(FolderLock::take(folder.path()));
}

TEST(FolderLock, EndsWithAKilledProcess) {
    const TemporaryFolder folder;
    int ready[2];
    ASSERT_EQ(::pipe(ready), 0);
    const pid_t child = ::fork();
    if (child == 0) {
        const auto lock = FolderLock::take(folder.path());
        const char told = lock ? 'y' : 'n';
        if (::write(ready[1], &told, 1) != 1) ::_exit(1);
        for (;;) ::pause();
    }
    char told = 0;
    ASSERT_EQ(::read(ready[0], &told, 1), 1);
    EXPECT_EQ(told, 'y');
    EXPECT_EQ(FolderLock::take(folder.path()).error().code, errc::in_use);
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    EXPECT_TRUE(FolderLock::take(folder.path()));
    ::close(ready[0]);
    ::close(ready[1]);
}

TEST(FolderLock, MissingFolderIsAnError) {
    const TemporaryFolder folder;
    EXPECT_EQ(FolderLock::take(folder.path() / "none").error().code, errc::cannot_open);
}

TEST(Files, RoundTripWithModeWhateverTheUmask) {
    const TemporaryFolder folder;
    const auto path = folder.path() / "key";
    const mode_t before = ::umask(0777);
    EXPECT_TRUE(write_file(path, view_of("secret"), 0600));
    EXPECT_TRUE(write_file(folder.path() / "public", view_of("open"), 0644));
    ::umask(before);
    struct stat about{};
    ASSERT_EQ(::stat(path.c_str(), &about), 0);
    EXPECT_EQ(about.st_mode & 0777, 0600u);
    ASSERT_EQ(::stat((folder.path() / "public").c_str(), &about), 0);
    EXPECT_EQ(about.st_mode & 0777, 0644u);
    EXPECT_EQ(*read_file(path, 100), to_bytes(std::string_view("secret")));
}

TEST(Files, ReplaceIsWholeAndLeavesNothingBehind) {
    const TemporaryFolder folder;
    const auto path = folder.path() / "f";
    ASSERT_TRUE(write_file(path, Bytes(100'000, 1), 0600));
    ASSERT_TRUE(write_file(path, Bytes(10, 2), 0600));
    EXPECT_EQ(*read_file(path, 10), Bytes(10, 2));
    EXPECT_EQ(std::distance(fs::directory_iterator(folder.path()), {}), 1);
}

TEST(Files, TooLargeIsAnError) {
    const TemporaryFolder folder;
    ASSERT_TRUE(write_file(folder.path() / "f", Bytes(11, 2), 0600));
    EXPECT_EQ(read_file(folder.path() / "f", 10).error().code, errc::cannot_read);
    EXPECT_TRUE(read_file(folder.path() / "f", 11));
    EXPECT_EQ(read_file("/dev/zero", 1 << 20).error().code, errc::cannot_read) << "no end in sight";
}

TEST(Files, FailuresNameThePathAndLeaveTheOldFile) {
    const TemporaryFolder folder;
    EXPECT_EQ(read_file(folder.path() / "none", 10).error().code, errc::cannot_read);
    EXPECT_EQ(read_file(folder.path(), 10).error().code, errc::cannot_read);
    const auto status = write_file(folder.path() / "none" / "f", view_of("x"), 0600);
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().code, errc::cannot_write);
    EXPECT_NE(status.error().detail.find("none/f"), std::string::npos);
    // A folder cannot be replaced by a file: the rename fails, the temporary file goes.
    fs::create_directories(folder.path() / "d" / "inside");
    EXPECT_FALSE(write_file(folder.path() / "d", view_of("x"), 0600));
    EXPECT_EQ(std::distance(fs::directory_iterator(folder.path()), {}), 1);
}

}  // namespace
}  // namespace holdfast::storage
