// Networks on loopback: links, resumption, refusals.

#include <gtest/gtest.h>

#include "net/test_network.h"

namespace holdfast::net {
namespace {

TEST(Network, messages_go_both_ways) {
    TestNode a(1), b(2);
    a.start({});
    b.start({a.as_peer()});
    a.set_peers({b.as_peer()});
    for (uint64_t i = 1; i <= 1000; ++i) {
        a.send(b, i);
        b.send(a, i);
    }
    EXPECT_TRUE(a.wait([&] { return a.last_from(b) == 1000; }));
    EXPECT_TRUE(b.wait([&] { return b.last_from(a) == 1000; }));
    EXPECT_EQ(a.out_of_order(), 0U);
    EXPECT_EQ(b.out_of_order(), 0U);
}

}  // namespace
}  // namespace holdfast::net
