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

}  // namespace
}  // namespace holdfast::ledger
