// The disk in memory keeps its promises, and breaks everything that it did not promise.
#include "env/memory_device.h"

#include <set>

#include <gtest/gtest.h>

namespace holdfast::env {
namespace {

TEST(MemoryDevice, KeepsWhatWasSyncedThroughAPowerLoss) {
    for (uint64_t seed = 0; seed < 50; ++seed) {
        MemoryDevice device;
        Random random(seed);
        device.append(1, Bytes(1000, 'a'));
        device.write_mark(Bytes(100, 'm'));
        device.sync(1);
        device.append(1, Bytes(5000, 'b'));
        device.lose_power(random);
        const Bytes left = device.read(1);
        ASSERT_GE(left.size(), 1000u);
        EXPECT_TRUE(equal(ByteView(left).first(1000), Bytes(1000, 'a')));
        EXPECT_EQ(device.read_mark(), Bytes(100, 'm')) << "the mark rides on any file's sync";
    }
}

TEST(MemoryDevice, LosesTearsAndKeepsWhatWasNot) {
    std::set<Bytes> outcomes;
    for (uint64_t seed = 0; seed < 200; ++seed) {
        MemoryDevice device;
        Random random(seed);
        device.append(1, {});
        device.append(1, Bytes(2048, 'b'));
        device.lose_power(random);
        outcomes.insert(device.read(1));
    }
    EXPECT_TRUE(outcomes.contains(Bytes(2048, 'b')));
    EXPECT_GT(outcomes.size(), 20u);
}

TEST(MemoryDevice, KillKeepsEverything) {
    MemoryDevice device;
    device.append(1, Bytes(10, 'a'));
    device.die_after(0);
    EXPECT_TRUE(device.dead());
    device.append(1, Bytes(10, 'b'));
    device.remove(1);
    device.revive();
    EXPECT_EQ(device.read(1), Bytes(10, 'a'));
}

TEST(MemoryDevice, KnowsWhetherThePowerWouldTakeAnything) {
    MemoryDevice device;
    EXPECT_TRUE(device.all_synced());
    device.append(1, Bytes(10, 'a'));
    EXPECT_FALSE(device.all_synced());
    device.sync(1);
    device.append(2, Bytes(10, 'b'));
    device.sync(1);
    EXPECT_FALSE(device.all_synced());
    device.sync(2);
    EXPECT_TRUE(device.all_synced());
    device.truncate(1, 5);
    EXPECT_FALSE(device.all_synced());
    device.revive();
    EXPECT_FALSE(device.all_synced()) << "a kill syncs nothing";
    Random random(1);
    device.lose_power(random);
    EXPECT_TRUE(device.all_synced()) << "what is left is all there is";
}

TEST(MemoryDevice, DiesBetweenMakingAFileAndFillingIt) {
    MemoryDevice device;
    device.die_after(1);
    device.append(4, Bytes(10, 'a'));
    EXPECT_TRUE(device.dead());
    device.revive();
    EXPECT_EQ(device.list(), std::vector<uint64_t>{4});
    EXPECT_TRUE(device.read(4).empty());
}

TEST(MemoryDevice, QuarantineTakesTheMarkFirst) {
    MemoryDevice device;
    device.append(1, Bytes(1, 'a'));
    device.append(2, Bytes(1, 'a'));
    device.write_mark(Bytes(1, 'm'));
    device.die_after(2);
    device.quarantine();
    device.revive();
    EXPECT_TRUE(device.read_mark().empty());
    EXPECT_EQ(device.list(), std::vector<uint64_t>{2});
}

}  // namespace
}  // namespace holdfast::env
