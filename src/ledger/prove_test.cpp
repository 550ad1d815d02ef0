// Proofs gathered from a store hold for whoever has the genesis hash alone: with changes of
// members, after pruning, and after a snapshot.
#include "ledger/prove.h"

#include <gtest/gtest.h>

#include "ledger/epoch_chain.h"
#include "ledger/keys.h"
#include "ledger/snapshot.h"

namespace holdfast::ledger {
namespace {

using namespace testing;

std::vector<chain::MemberChange> history_of(const Reader& reader, Height upto) {
    std::vector<chain::MemberChange> all;
    while (true) {
        const auto page = member_changes(reader, upto);
        EXPECT_TRUE(page) << describe(page.error());
        if (!page || page->empty()) break;
        upto = page->back().block.header.number.previous();
        all.insert(all.end(), page->begin(), page->end());
    }
    std::ranges::reverse(all);
    return all;
}

Result<chain::Proven> check(const TestChain& chain, const Result<Evidence>& evidence) {
    if (!evidence) return std::unexpected(evidence.error());
    const chain::Proof proof{
        .genesis = chain.genesis(),
        .history = history_of(chain.reader(), evidence->block.header.number.previous()),
        .block = evidence->block,
        .claim = evidence->claim};
    return chain::check_proof(proof, chain::genesis_hash(chain.genesis()));
}

TransactionPtr member_call(uint64_t from, uint64_t nonce, const Bytes& data) {
    return make_transaction({.from = from,
                             .nonce = nonce,
                             .to = validators_address(),
                             .data = data,
                             .gas_limit = 2'000'000});
}

/// A transfer in each block; member 4 comes in block 3, member 1 goes in block 5.
void grow_with_changes(TestChain& chain) {
    const auto transfer = [](uint64_t nonce) {
        return make_transaction(
            {.from = 0, .nonce = nonce, .to = plain_address(1), .value = ether});
    };
    const auto block = [&](std::vector<TransactionPtr> transactions) {
        chain.execute(std::move(transactions));
        chain.certify_head();
    };
    const Bytes add = encode_add_member(make_member(4)), remove = encode_remove_member(NodeId(1));
    block({transfer(0)});
    block({transfer(1)});
    block({member_call(1, 0, add), member_call(2, 0, add), transfer(2)});
    block({transfer(3)});
    block({member_call(1, 1, remove), member_call(2, 1, remove), member_call(3, 0, remove)});
    block({transfer(4)});
}

TEST(Prove, EveryBlockAcrossChangesOfMembers) {
    TestChain chain;
    grow_with_changes(chain);
    const size_t changes_before[] = {0, 0, 0, 1, 1, 2};
    for (uint64_t height = 1; height <= 6; ++height) {
        const auto proven =
            check(chain, prove_account(chain.reader(), plain_address(1), Height(height)));
        ASSERT_TRUE(proven) << describe(proven.error());
        EXPECT_EQ(proven->height, Height(height));
        EXPECT_EQ(proven->changes, changes_before[height - 1]);
        EXPECT_EQ(std::get<chain::ProvenAccount>(proven->value).account->balance,
                  ether * U256(std::min<uint64_t>(height, height >= 5 ? height - 1 : 4)));
    }
    const auto newest = check(chain, prove_account(chain.reader(), plain_address(77), {}));
    ASSERT_TRUE(newest) << describe(newest.error());
    EXPECT_EQ(newest->height, Height(6));
    EXPECT_FALSE(std::get<chain::ProvenAccount>(newest->value).account);
}

TEST(Prove, SlotsOfTheValidatorsContract) {
    TestChain chain;
    grow_with_changes(chain);
    const auto proven = check(chain, prove_slot(chain.reader(), validators_address(), {}, {}));
    ASSERT_TRUE(proven) << describe(proven.error());
    EXPECT_EQ(std::get<chain::ProvenSlot>(proven->value).value,
              chain.reader().slot(validators_address(), {}, Height(6)).value());
    const auto none = check(chain, prove_slot(chain.reader(), plain_address(1), {}, Height(2)));
    ASSERT_TRUE(none) << describe(none.error());
    EXPECT_TRUE(std::get<chain::ProvenSlot>(none->value).value.is_zero());
}

TEST(Prove, EveryReceipt) {
    TestChain chain;
    grow_with_changes(chain);
    for (uint64_t height = 1; height <= 6; ++height) {
        const auto block = chain.reader().block(Height(height)).value();
        const auto receipts = chain.reader().receipts(Height(height)).value();
        for (size_t index = 0; index < receipts.size(); ++index) {
            const auto proven =
                check(chain, prove_receipt(chain.reader(), block.transactions[index]->hash));
            ASSERT_TRUE(proven) << describe(proven.error());
            const auto& receipt = std::get<chain::ProvenReceipt>(proven->value);
            EXPECT_EQ(receipt.receipt, receipts[index]);
            EXPECT_EQ(receipt.transaction.sender, block.transactions[index]->sender);
        }
    }
}

TEST(Prove, EveryEpochUnderEachPolicy) {
    for (const auto policy : {chain::Policy::poa, chain::Policy::pos}) {
        EpochChain chain(epoch_genesis(policy));
        // Member 5 comes, by approval or by stake; by stake weights move in later epochs too.
        for (uint64_t i = 0; i < 24; ++i) {
            std::vector<TransactionPtr> calls;
            const Bytes add = encode_add_member(make_member(5));
            if (policy == chain::Policy::poa && i == 2)
                calls = {member_call(1, 0, add), member_call(2, 0, add), member_call(3, 0, add)};
            if (policy == chain::Policy::pos && i % 6 == 2)
                calls = {
                    make_transaction({.from = 5,
                                      .nonce = i / 6,
                                      .to = staking_address(),
                                      .value = ether * U256(3),
                                      .data = i == 2 ? bond_of(5) : encode_bond_more(NodeId(5)),
                                      .gas_limit = 2'000'000})};
            chain.next(std::move(calls));
            for (const auto& receipt : chain.last.receipts) EXPECT_TRUE(receipt.success);
            chain.chain.certify_head();
            const auto proven =
                check(chain.chain, prove_account(chain.chain.reader(), account_address(5), {}));
            ASSERT_TRUE(proven) << describe(proven.error());
            EXPECT_EQ(proven->height, Height(i + 1));
            EXPECT_EQ(proven->rule, chain::QuorumRule::two_thirds);
        }
        EXPECT_GE(chain.changes(), policy == chain::Policy::poa ? 1U : 3U);
    }
}

TEST(Prove, PruningLeavesTheHistory) {
    TestChain chain;
    grow_with_changes(chain);
    const Hash32 old = chain.reader().block(Height(2))->transactions[0]->hash;
    chain.ledger().prune(Height(6));
    EXPECT_TRUE(check(chain, prove_account(chain.reader(), plain_address(1), {})));
    EXPECT_EQ(prove_receipt(chain.reader(), old).error().code, errc::unknown_transaction);
}

TEST(Prove, WhatIsNotCertifiedIsNotProven) {
    TestChain chain;
    EXPECT_EQ(prove_account(chain.reader(), plain_address(1), {}).error().code,
              errc::not_certified);
    grow_with_changes(chain);
    const auto last =
        make_transaction({.from = 0, .nonce = 5, .to = plain_address(1), .value = ether});
    chain.execute({last});
    EXPECT_EQ(prove_receipt(chain.reader(), last->hash).error().code, errc::not_certified);
    EXPECT_EQ(prove_account(chain.reader(), plain_address(1), Height(7)).error().code,
              errc::not_certified);
    EXPECT_EQ(prove_account(chain.reader(), plain_address(1), Height(8)).error().code,
              errc::unknown_height);
    EXPECT_EQ(check(chain, prove_account(chain.reader(), plain_address(1), {}))->height, Height(6));
    chain.certify_head();
    EXPECT_TRUE(check(chain, prove_receipt(chain.reader(), last->hash)));
}

TEST(Prove, ASnapshotLeavesNoGap) {
    TestChain source, target, next;
    grow_with_changes(source);
    source.execute({});
    source.certify_head();
    // The second takes it from the first, which has executed nothing itself.
    for (auto [to, from] : {std::pair(&target, &source), std::pair(&next, &target)}) {
        const auto taken = take_snapshot(to->ledger(), *from);
        ASSERT_TRUE(taken) << describe(taken.error());
        EXPECT_EQ(history_of(to->reader(), Height(6)), history_of(source.reader(), Height(6)));
        const auto proven = check(*to, prove_account(to->reader(), plain_address(1), {}));
        ASSERT_TRUE(proven) << describe(proven.error());
        EXPECT_EQ(proven->changes, 2U);
        to->expect_sound();
        to->reopen();
        to->expect_sound();
    }
    EXPECT_EQ(next.reader().members(Height(4)), source.reader().members(Height(4)));
    EXPECT_FALSE(next.reader().header(Height(4)));
}

TEST(Prove, TheHistoryGoesOnFromAnySetThatIsTrusted) {
    TestChain chain;
    grow_with_changes(chain);
    const Reader reader = chain.reader();
    const auto heights = [&](uint64_t after, uint64_t upto) {
        std::vector<uint64_t> result;
        const auto changes = member_changes_after(reader, Height(after), Height(upto));
        EXPECT_TRUE(changes);
        for (const auto& change : *changes) result.push_back(change.block.header.number.value);
        return result;
    };
    using Heights = std::vector<uint64_t>;
    EXPECT_EQ(heights(0, 6), (Heights{3, 5}));
    EXPECT_EQ(heights(2, 6), (Heights{3, 5}));
    EXPECT_EQ(heights(3, 6), (Heights{5}));
    EXPECT_EQ(heights(3, 5), (Heights{5}));
    EXPECT_EQ(heights(0, 4), (Heights{3}));
    EXPECT_EQ(heights(3, 4), Heights{});
    EXPECT_EQ(heights(5, 6), Heights{});
    EXPECT_EQ(heights(6, 3), Heights{});
    // What comes before a change without a certificate is given, and nothing after it.
    chain.store->write({{env::Column::certificates, keys::of_height(Height(5)), std::nullopt}});
    const auto some = member_changes_after(chain.reader(), Height(0), Height(6));
    ASSERT_TRUE(some);
    EXPECT_EQ(some->size(), 1U);
    EXPECT_EQ(member_changes_after(chain.reader(), Height(3), Height(6)).error().code,
              errc::not_certified);
}

TEST(Prove, TheHistoryComesInPages) {
    // With epochs of one block and a candidate that bonds more in each, every block is a change.
    chain::Genesis genesis = epoch_genesis(chain::Policy::pos);
    genesis.bft.epoch_blocks = 1;
    EpochChain chain(genesis);
    constexpr uint64_t blocks = member_changes_max + 20;
    for (uint64_t i = 0; i < blocks; ++i) {
        ASSERT_TRUE(chain.stake(5, i == 0 ? bond_of(5) : encode_bond_more(NodeId(5)), ether));
        chain.chain.certify_head();
    }
    const auto page = member_changes(chain.chain.reader(), Height(blocks));
    ASSERT_TRUE(page);
    EXPECT_LE(page->size(), member_changes_max);
    EXPECT_EQ(page->front().block.header.number, Height(blocks));
    EXPECT_EQ(history_of(chain.chain.reader(), Height(blocks)).size(), chain.changes());
    EXPECT_GT(chain.changes(), member_changes_max);
    const auto first = member_changes_after(chain.chain.reader(), Height(0), Height(blocks));
    ASSERT_TRUE(first);
    EXPECT_LE(first->size(), member_changes_max);
    EXPECT_EQ(first->front().members.epoch, 1U);
    TestChain target(genesis);
    const auto taken = take_snapshot(target.ledger(), chain.chain);
    ASSERT_TRUE(taken) << describe(taken.error());
    EXPECT_EQ(history_of(target.reader(), Height(blocks)),
              history_of(chain.chain.reader(), Height(blocks)));
    const auto proven =
        check(chain.chain, prove_account(chain.chain.reader(), account_address(5), {}));
    ASSERT_TRUE(proven) << describe(proven.error());
    EXPECT_EQ(proven->changes + 1, chain.changes());
}

}  // namespace
}  // namespace holdfast::ledger
