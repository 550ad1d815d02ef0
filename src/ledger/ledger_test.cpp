// Execution: fees, nonces, what is left out and why, what the header says.
#include "ledger/ledger.h"

#include <gtest/gtest.h>

#include "chain/errors.h"
#include "ledger/test_chain.h"

namespace holdfast::ledger {
namespace {

using namespace testing;

TEST(Ledger, CreatesAndOpens) {
    TestChain chain;
    EXPECT_EQ(chain.ledger().head(), Height(0));
    EXPECT_EQ(chain.ledger().members(), chain.genesis().members);
    EXPECT_EQ(chain.account(account_address(0)).balance, ether * U256(1000));
    EXPECT_EQ(Ledger::create(*chain.store, chain.genesis()).error().code, errc::already_exists);
    chain.expect_sound();
}

TEST(Ledger, RefusesAnotherGenesisAndAnEmptyStore) {
    TestChain chain;
    chain::Genesis other = chain.genesis();
    other.chain_id = 1;
    EXPECT_EQ(Ledger::open(*chain.store, other).error().code, errc::wrong_genesis);
    env::MemoryStore empty;
    EXPECT_EQ(Ledger::open(empty, other).error().code, errc::no_ledger);
}

TEST(Ledger, TransferPaysValueTipAndBurn) {
    TestChain chain;
    const Address to = plain_address(1);
    const Executed executed = chain.execute({make_transaction({.to = to, .value = ether})});
    ASSERT_EQ(executed.receipts.size(), 1u);
    EXPECT_TRUE(executed.receipts[0].success);
    const chain::Header& header = executed.block.header;
    EXPECT_EQ(header.gas_used, 21'000u);
    EXPECT_EQ(chain.account(to).balance, ether);
    const U256 gas(21'000);
    EXPECT_EQ(chain.account(plain_address(0xfee)).balance, gas * gwei);
    const chain::Account sender = chain.account(account_address(0));
    EXPECT_EQ(sender.nonce, 1u);
    EXPECT_EQ(sender.balance, ether * U256(999) - gas * (gwei + header.base_fee_per_gas));
    chain.expect_sound();
    chain.reopen();
    EXPECT_EQ(chain.ledger().head_block().hash, executed.block.hash);
}

TEST(Ledger, RefusesAGenesisThatCannotBe) {
    chain::Genesis genesis = make_genesis();
    genesis.alloc[plain_address(1)].balance = U256() - U256(1);
    env::MemoryStore store;
    EXPECT_EQ(Ledger::create(store, genesis).error().code, chain::errc::genesis_invalid);
    genesis = make_genesis();
    genesis.alloc[validators_address()].balance = ether;
    EXPECT_EQ(Ledger::create(store, genesis).error().code, chain::errc::genesis_invalid);
    EXPECT_EQ(store.size(), 0u);
}

TEST(Ledger, AZeroTipMakesNoAccount) {
    TestChain chain;
    chain.execute({make_transaction({.to = plain_address(1), .value = ether, .tip = 0})});
    EXPECT_TRUE(chain.account(plain_address(0xfee)).is_empty());
    EXPECT_FALSE(chain.store->get(env::Column::accounts,
                                  crypto::keccak256(plain_address(0xfee).view()).view()));
    chain.expect_sound();
}

TEST(Ledger, TheFeeRecipientMayBeSenderOrReceiver) {
    for (const uint64_t recipient : {uint64_t{0}, uint64_t{1}}) {
        TestChain chain;
        OrderedPayload payload =
            chain.payload({make_transaction({.to = account_address(1), .value = ether})});
        payload.fee_recipient = account_address(recipient);
        EXPECT_EQ(chain.ledger().execute(payload).receipts.size(), 1u);
        chain.expect_sound();
    }
}

TEST(Simulate, PretendsOtherBalancesAndNonces) {
    TestChain chain;
    const Reader reader = chain.reader();
    const Address rich = account_address(0), poor = plain_address(1), to = plain_address(2);
    const auto run = [&](Call call) {
        return simulate(reader, chain.genesis(), Height(0), std::move(call));
    };
    Call call{.from = poor, .to = to, .value = ether};
    EXPECT_EQ(run(call).error().code, errc::insufficient_funds);
    call.overrides = {{.address = poor, .balance = ether, .nonce = UINT64_MAX}};
    const auto paid = run(call);
    ASSERT_TRUE(paid) << describe(paid.error());
    EXPECT_TRUE(paid->success);
    call.overrides = {{.address = poor, .balance = ether - U256(1)}};
    EXPECT_EQ(run(call).error().code, errc::insufficient_funds);
    EXPECT_EQ(run({.from = rich, .to = to, .value = ether, .overrides = {{rich, U256(0), {}}}})
                  .error()
                  .code,
              errc::insufficient_funds);
    // What a recipient has and gets must never leave 256 bits: a client could stop the node.
    const U256 most = U256(0) - U256(1);
    EXPECT_EQ(run({.from = poor, .to = rich, .value = most, .overrides = {{poor, most, {}}}})
                  .error()
                  .code,
              errc::override_too_large);
    const U256 half = most / U256(2) + U256(1);
    EXPECT_EQ(run({.from = poor,
                   .to = to,
                   .value = half,
                   .overrides = {{poor, half, {}}, {to, half, {}}}})
                  .error()
                  .code,
              errc::override_too_large);
    EXPECT_TRUE(chain.account(poor).is_empty());
}

TEST(Simulate, AnswersWithoutChangingAnything) {
    TestChain chain;
    const Reader reader = chain.reader();
    const auto run = [&](const Call& call) {
        return simulate(reader, chain.genesis(), Height(0), call);
    };
    const Address from = account_address(0), to = plain_address(1);
    const auto transfer = run({.from = from, .to = to, .value = ether});
    ASSERT_TRUE(transfer);
    EXPECT_TRUE(transfer->success);
    EXPECT_EQ(transfer->gas_used, 21'000u);
    EXPECT_TRUE(chain.account(to).is_empty());
    EXPECT_EQ(run({.from = to, .to = from, .value = ether}).error().code, errc::insufficient_funds);
    EXPECT_EQ(run({.from = from, .to = std::nullopt}).error().code, errc::code_not_supported);
    EXPECT_EQ(run({.from = from, .to = to, .gas_limit = 20'999}).error().code,
              chain::errc::tx_gas_below_intrinsic);
    EXPECT_EQ(simulate(reader, chain.genesis(), Height(1), {.from = from, .to = to}).error().code,
              errc::unknown_height);
    // What a call is told to cost is what it costs.
    const Bytes add = encode_add_member(make_member(4));
    const auto told = run({.from = account_address(1), .to = validators_address(), .data = add});
    ASSERT_TRUE(told && told->success);
    EXPECT_EQ(told->logs.size(), 1u);
    const Executed executed = chain.execute({make_transaction(
        {.from = 1, .to = validators_address(), .data = add, .gas_limit = told->gas_used})});
    ASSERT_EQ(executed.receipts.size(), 1u);
    EXPECT_TRUE(executed.receipts[0].success);
    EXPECT_EQ(executed.block.header.gas_used, told->gas_used);
    EXPECT_EQ(executed.receipts[0].logs, told->logs);
}

}  // namespace
}  // namespace holdfast::ledger
