// The books of a view.
#include "consensus/bft/slot.h"

#include <gtest/gtest.h>

namespace holdfast::bft {
namespace {

// What is known to be good takes the place of what is not: the lie is in the two together.
TEST(Slot, GivesWhatWasSaidBeforeEvenIfItHasMadeRoom) {
    SignedStatement first{.statement = {.kind = StatementKind::notarize, .epoch = 0, .view = 1},
                          .signature = {}};
    SignedStatement second = first;
    first.statement.digest.bytes[0] = 1;
    second.statement.digest.bytes[0] = 2;
    Slot slot;
    EXPECT_FALSE(slot.hear(NodeId(3), first, Trust::unchecked));
    const auto lie = slot.hear(NodeId(3), second, Trust::good);
    ASSERT_TRUE(lie);
    EXPECT_EQ(*lie, first);
    EXPECT_EQ(slot.find(NodeId(3), StatementKind::notarize)->said, second);
}

}  // namespace
}  // namespace holdfast::bft
