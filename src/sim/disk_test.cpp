// The disks of a machine, apart from any machine.
#include "sim/disk.h"

#include <gtest/gtest.h>

namespace holdfast::sim {
namespace {

using env::Column;

TEST(StoreDisk, WhatADyingProcessWritesIsGoneWithIt) {
    StoreDisk disk;
    Pulse pulse;
    pulse.end_after(1, Death::killed);
    disk.attach(&pulse);
    const Bytes key = {1}, late = {2};
    disk.write({{Column::meta, key, Bytes{10}}});
    disk.write({{Column::meta, key, Bytes{20}}});
    disk.write({{Column::meta, late, Bytes{30}}});
    disk.flush();
    ASSERT_TRUE(pulse.ended());
    EXPECT_EQ(disk.get(Column::meta, key), Bytes{20}) << "its own step still reads it";
    disk.process_ended();
    EXPECT_EQ(disk.get(Column::meta, key), Bytes{10});
    EXPECT_EQ(disk.get(Column::meta, late), std::nullopt);
    // Whoever comes next writes for good again.
    disk.write({{Column::meta, late, Bytes{40}}});
    disk.process_ended();
    EXPECT_EQ(disk.get(Column::meta, late), Bytes{40});
}

}  // namespace
}  // namespace holdfast::sim
