// The tree of blocks: what it takes, how it weighs, and what it lets go.
#include "consensus/pow/tree.h"

#include "consensus/pow/chain_test.h"

namespace holdfast::pow {
namespace {

constexpr size_t headers_max = 100;
using Added = Tree::Added;

Tree empty_tree() {
    return {test_rules(), std::nullopt, headers_max};
}

void add_whole(Tree& tree, const Chain& chain, size_t from = 1) {
    for (size_t height = from; height <= chain.length(); ++height) {
        const auto addition = tree.add(chain.header(height));
        if (addition.what == Added::known) continue;
        ASSERT_EQ(addition.what, Added::fresh);
        addition.block->payload = chain.payload(height);
        tree.settle(*addition.block);
    }
}

template <class Spoil>
Tree::Addition add_spoilt(Spoil spoil) {
    Tree tree = empty_tree();
    const Chain chain(3);
    for (size_t height = 1; height <= 3; ++height) tree.add(chain.header(height));
    const Header header =
        sealed_header(test_rules(), chain.hash(3), chain.header(3), 1000, view_of("x"), spoil);
    auto addition = tree.add(header);
    addition.block = nullptr;  // of a tree that is gone
    return addition;
}

TEST(Tree, EachRuleOfAHeader) {
    EXPECT_EQ(add_spoilt([](Header&) {}).what, Added::fresh);
    EXPECT_EQ(add_spoilt([](Header& header) { header.target += 1; }).flaw, Flaw::target);
    EXPECT_EQ(add_spoilt([](Header& header) { header.target -= 1; }).flaw, Flaw::target)
        << "harder than the schedule demands is wrong, too";
    EXPECT_EQ(add_spoilt([](Header& header) { header.target = U256(1) << 255; }).flaw, Flaw::seal);
    EXPECT_EQ(add_spoilt([](Header& header) { ++header.height; }).flaw, Flaw::height);
    // Times before it: 0, 1000, 2000, 3000; the median of four is the third.
    EXPECT_EQ(add_spoilt([](Header& header) { header.time_ms = 2000; }).flaw, Flaw::time);
    EXPECT_EQ(add_spoilt([](Header& header) { header.time_ms = 2001; }).what, Added::fresh);
    EXPECT_EQ(add_spoilt([](Header& header) { header.parent.bytes[0] ^= 1; }).what, Added::orphan);
    const Chain chain(1);
    Tree tree = empty_tree();
    Header header = chain.header(1);
    header.nonce = chain.wrong_nonce(1);
    EXPECT_EQ(tree.add(header).flaw, Flaw::seal);
    header.parent.bytes[0] ^= 1;
    while (is_sealed(header)) ++header.nonce;
    EXPECT_EQ(tree.add(header).flaw, Flaw::seal) << "junk is junk, whatever it follows";
}

TEST(Tree, MedianOfElevenAcrossTheRoot) {
    const Chain chain(30);
    Tree tree = empty_tree();
    add_whole(tree, chain);
    const std::vector<WallMillis> times = tree.times_upto(*tree.find(chain.hash(30)));
    EXPECT_EQ(times.size(), median_blocks);
    EXPECT_EQ(median_of(times), 25'000);
    EXPECT_EQ(median_of({5, 1, 3}), 3);
    EXPECT_EQ(median_of({7}), 7);
    const Mark mark = tree.mark_of(*tree.find(chain.hash(30)));
    EXPECT_EQ(mark, chain.mark(30));
    Tree later(test_rules(), mark, headers_max);
    EXPECT_EQ(later.times_upto(later.root()), times);
    tree.make_final(*tree.find(chain.hash(28)), 0);
    tree.move_root(*tree.find(chain.hash(28)));
    EXPECT_EQ(tree.times_upto(*tree.find(chain.hash(30))), times);
    EXPECT_EQ(tree.mark_of(*tree.find(chain.hash(30))), mark);
    EXPECT_EQ(tree.size(), 3U);
}

// W1: a longer chain of easier blocks has less work.
TEST(Tree, WorkAndNotLength) {
    const Chain hard(40, 'a', 0, 100);     // far ahead of the schedule: ever harder
    const Chain easy(42, 'b', 0, 20'000);  // far behind: ever easier
    Tree tree = empty_tree();
    add_whole(tree, hard);
    add_whole(tree, easy);
    const auto any = [](const Block&) { return true; };
    const auto seen = [](const Block& block) { return block.seen; };
    EXPECT_LT(tree.find(easy.hash(42))->work, tree.find(hard.hash(40))->work);
    EXPECT_EQ(tree.heaviest({}, any, seen)->hash, hard.hash(40));
    EXPECT_EQ(tree.find(hard.hash(40))->work, hard.mark(40).work);
}

// W2: of equals the first, whatever their hashes are.
TEST(Tree, FirstSeenOnTies) {
    for (const bool swapped : {false, true}) {
        const Chain a(2, 'a');
        const Chain b(2, 'b');
        Tree tree = empty_tree();
        add_whole(tree, swapped ? b : a);
        add_whole(tree, swapped ? a : b);
        EXPECT_EQ(tree.find(a.hash(2))->work, tree.find(b.hash(2))->work);
        const auto* best = tree.heaviest(
            {}, [](const Block&) { return true; }, [](const Block& block) { return block.seen; });
        EXPECT_EQ(best->hash, (swapped ? b : a).hash(2));
    }
}

TEST(Tree, WholeOnlyWithAllBodiesBefore) {
    const Chain chain(4);
    Tree tree = empty_tree();
    for (size_t height = 1; height <= 4; ++height) tree.add(chain.header(height));
    const auto settle = [&](size_t height) { tree.settle(*tree.find(chain.hash(height))); };
    const auto whole = [&](size_t height) { return tree.find(chain.hash(height))->whole; };
    settle(3);
    settle(2);
    EXPECT_FALSE(whole(2) || whole(3));
    settle(1);
    EXPECT_TRUE(whole(1) && whole(2) && whole(3));
    EXPECT_FALSE(whole(4));
    tree.unsettle(*tree.find(chain.hash(2)));
    EXPECT_TRUE(whole(1));
    EXPECT_FALSE(whole(2) || whole(3));
    settle(2);
    EXPECT_TRUE(whole(3));
}

TEST(Tree, BadIsForEverAndForAllThatFollows) {
    const Chain chain(4);
    Tree tree = empty_tree();
    for (size_t height = 1; height <= 3; ++height) tree.add(chain.header(height));
    tree.mark_bad(*tree.find(chain.hash(2)));
    EXPECT_EQ(tree.find(chain.hash(1))->validity, Validity::unknown);
    EXPECT_EQ(tree.find(chain.hash(3))->validity, Validity::bad);
    EXPECT_EQ(tree.add(chain.header(4)).what, Added::barren);
}

TEST(Tree, WhatLeavesBelowFinalIsParted) {
    const Chain main(10);
    const Chain light(5, 'b', 3);
    const Chain heavy(13, 'c', 4);
    Tree tree = empty_tree();
    add_whole(tree, main);
    add_whole(tree, light);
    for (size_t height = 5; height <= 12; ++height) tree.add(heavy.header(height));
    const U256 work = tree.find(main.hash(10))->work;
    EXPECT_EQ(tree.parted_work(), U256{});
    tree.make_final(*tree.find(main.hash(6)), work);
    EXPECT_EQ(tree.find(light.hash(5)), nullptr) << "of no interest to anybody";
    ASSERT_NE(tree.find(heavy.hash(12)), nullptr) << "more work than ours: that must be told";
    EXPECT_GT(tree.parted_work(), work);
    EXPECT_TRUE(tree.add(heavy.header(13)).block->parted);
    EXPECT_TRUE(tree.add(light.header(4)).block->parted) << "it comes again";
    EXPECT_FALSE(tree.find(main.hash(6))->parted || tree.find(main.hash(10))->parted);
    tree.move_root(*tree.find(main.hash(6)));
    EXPECT_EQ(tree.find(heavy.hash(12)), nullptr);
    EXPECT_EQ(tree.add(heavy.header(5)).what, Added::orphan);
}

TEST(Tree, RoomIsForTheHeaviest) {
    const Chain main(20);
    Tree tree(test_rules(), std::nullopt, 25);
    add_whole(tree, main);
    for (size_t i = 0; i < 50; ++i) {
        const std::string text = fmt::format("spam {}", i);
        tree.add(sealed_header(test_rules(), main.hash(1), main.header(1), 1000, view_of(text),
                               [](Header&) {}));
        EXPECT_LE(tree.size(), 25U);
    }
    EXPECT_NE(tree.find(main.hash(20)), nullptr);
    const Chain longer(24);
    for (size_t height = 21; height <= 24; ++height)
        EXPECT_EQ(tree.add(longer.header(height)).what, Added::fresh);
    EXPECT_EQ(tree.size(), 25U);
    const Chain longest(26);
    EXPECT_EQ(tree.add(longest.header(25)).what, Added::full) << "its own past does not give way";
    EXPECT_NE(tree.find(longest.hash(24)), nullptr);
}

TEST(Tree, LocatorsFindWhereBranchesPart) {
    const Chain chain(90);
    Tree tree = empty_tree();
    add_whole(tree, chain);
    const std::vector<Hash32> locator = tree.locator(*tree.find(chain.hash(90)));
    EXPECT_EQ(locator.front(), chain.hash(90));
    EXPECT_EQ(locator.back(), chain.hash(0));
    EXPECT_EQ(locator[7], chain.hash(83));
    EXPECT_LT(locator.size(), 16U);
    EXPECT_EQ(tree.locator(tree.root()).size(), 1U);
}

TEST(Tree, ForksAndAncestors) {
    const Chain a(6);
    const Chain b(8, 'b', 4);
    Tree tree = empty_tree();
    add_whole(tree, a);
    add_whole(tree, b);
    Block& left = *tree.find(a.hash(6));
    Block& right = *tree.find(b.hash(8));
    EXPECT_EQ(fork_of(left, right).hash, a.hash(4));
    EXPECT_EQ(&fork_of(left, left), &left);
    EXPECT_EQ(ancestor(&right, Height(5))->hash, b.hash(5));
    EXPECT_EQ(ancestor(&right, Height(9)), nullptr);
    EXPECT_TRUE(is_in_past(*tree.find(a.hash(4)), right));
    EXPECT_FALSE(is_in_past(left, right));
}

}  // namespace
}  // namespace holdfast::pow
