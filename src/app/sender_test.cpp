// Amounts as people write them, and signatures as the ledger takes them.
#include "app/sender.h"

#include <gtest/gtest.h>

#include "app/development.h"
#include "crypto/hash.h"

namespace holdfast::app {
namespace {

TEST(Amount, IsWholeWeiInAnyUnit) {
    EXPECT_EQ(parse_amount("1"), U256(1));
    EXPECT_EQ(parse_amount("1gwei"), U256(1'000'000'000));
    EXPECT_EQ(parse_amount("1.5ether"), ether(3) / U256(2));
    EXPECT_EQ(parse_amount("0.000000000000000001ether"), U256(1));
    EXPECT_EQ(parse_amount(".5gwei"), U256(500'000'000));
    EXPECT_EQ(parse_amount("10000ether"), ether(10'000));
}

TEST(Amount, IsRefusedWhenItIsNone) {
    for (const char* bad : {"", "-1", "1.5", "0x10", "1e18", "1 ether", "ether", "1.5.5ether",
                            "0.0000000000000000001ether", "1Ether", "+1", "."})
        EXPECT_FALSE(parse_amount(bad)) << bad;
    EXPECT_FALSE(parse_amount(std::string(80, '9'))) << "over 256 bits";
}

TEST(Sign, GivesWhatTheLedgerRecovers) {
    const DevelopmentAccount& account = development_accounts()[2];
    chain::Transaction transaction;
    transaction.chain_id = development_chain_id;
    transaction.gas_limit = 21'000;
    transaction.max_fee_per_gas = U256(100);
    transaction.to = development_accounts()[3].address;
    const auto done = sign(transaction, account.key);
    ASSERT_TRUE(done);
    const auto recovered =
        chain::recover_transaction(done->raw, {.chain_id = development_chain_id});
    ASSERT_TRUE(recovered) << describe(recovered.error());
    EXPECT_EQ(recovered->sender, account.address);
    EXPECT_EQ(recovered->hash, done->hash);
}

}  // namespace
}  // namespace holdfast::app
