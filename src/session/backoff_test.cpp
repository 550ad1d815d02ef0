// Reconnect delays.
#include <gtest/gtest.h>

#include "session/session.h"

namespace holdfast::session {
namespace {

TEST(Backoff, doubles_up_to_its_cap_with_jitter) {
    Backoff backoff(Duration{100}, Duration{1000}, 7);
    for (const int whole : {100, 200, 400, 800, 1000, 1000}) {
        const Duration delay = backoff.next();
        EXPECT_LE(delay, Duration{whole});
        EXPECT_GE(delay, Duration{whole / 2});
    }
    backoff.reset();
    EXPECT_LE(backoff.next(), Duration{100});
}

TEST(Backoff, two_nodes_draw_different_delays) {
    Backoff a(Duration{1'000'000}, Duration{1'000'000}, 1);
    Backoff b(Duration{1'000'000}, Duration{1'000'000}, 2);
    EXPECT_NE(a.next(), b.next());
}

}  // namespace
}  // namespace holdfast::session
