// One fixed chain whose hashes are written down: whoever changes the format of anything that is
// hashed, on purpose or not, hears of it here. After a wanted change, run with HOLDFAST_REWRITE=1.
#include <cstdlib>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include "ledger/abi.h"
#include "ledger/epoch_chain.h"

namespace holdfast::ledger {
namespace {

using namespace testing;

std::string describe_block(const chain::Block& block) {
    return fmt::format(
        "block {}\n  hash         {}\n  state        {}\n  transactions {}\n  receipts     {}\n",
        block.header.number, to_hex0x(block.hash.view()), to_hex0x(block.header.state_root.view()),
        to_hex0x(block.header.transactions_root.view()),
        to_hex0x(block.header.receipts_root.view()));
}

std::string run_fixed_chain() {
    TestChain chain;
    std::string text = describe_block(chain.ledger().head_block());
    const auto run = [&](std::vector<TransactionPtr> transactions) {
        text += describe_block(chain.execute(std::move(transactions)).block);
    };
    const Bytes add = encode_add_member(make_member(4));
    const auto call = [&](uint64_t from, uint64_t nonce, const Bytes& data) {
        return make_transaction({.from = from,
                                 .nonce = nonce,
                                 .to = validators_address(),
                                 .data = data,
                                 .gas_limit = 2'000'000});
    };
    run({});
    run({make_transaction({.from = 0, .nonce = 0, .to = plain_address(1), .value = ether}),
         make_transaction({.from = 1, .nonce = 0, .to = account_address(0), .value = gwei})});
    run({call(1, 1, add)});
    run({call(2, 0, add), call(2, 1, add)});
    run({call(1, 2, encode_remove_member(NodeId(1))), call(2, 2, encode_remove_member(NodeId(1))),
         call(3, 0, encode_remove_member(NodeId(1)))});
    run({make_transaction({.from = 5, .nonce = 9, .to = plain_address(2)})});
    return text;
}

/// Two epochs of a ledger with epochs, with a call of each kind that changes anything.
std::string run_fixed_epochs(chain::Policy policy) {
    chain::Genesis genesis = epoch_genesis(policy);
    if (policy != chain::Policy::poa) genesis.bft.block_reward = gwei;
    EpochChain chain(genesis);
    std::string text = fmt::format("policy {}\n", to_string(policy)) +
                       describe_block(chain.chain.ledger().head_block());
    const auto call = [&](uint64_t from, const Address& to, const Bytes& data,
                          const U256& value = {}) {
        EXPECT_TRUE(chain.call(from, to, data, value));
        text += describe_block(chain.last.block);
    };
    if (policy == chain::Policy::poa) {
        for (const uint64_t from : Ids{1, 2, 3})
            call(from, validators_address(), encode_add_member(make_member(5)));
    } else {
        call(5, staking_address(), bond_of(5), ether * U256(3));
        call(5, staking_address(), encode_unbond(NodeId(5), ether));
        if (policy == chain::Policy::dpos)
            call(6, staking_address(), encode_delegate(NodeId(2)), ether);
    }
    call(7, faults_address(), encode_accuse(chain.lie(3, 0)));
    while (chain.chain.ledger().head() < Height(8)) {
        chain.next({}, {4});
        text += describe_block(chain.last.block);
    }
    return text;
}

void expect_golden(const std::string& name, const std::string& got) {
    const std::string path = std::string(HOLDFAST_TEST_DIR) + "/testdata/" + name;
    if (std::getenv("HOLDFAST_REWRITE") != nullptr) {
        std::ofstream(path) << "# The hashes of the chain in golden_test.cpp.\n" << got;
    }
    std::ifstream in(path);
    std::ostringstream file;
    file << in.rdbuf();
    const std::string text = file.str();
    EXPECT_EQ(text.substr(text.find('\n') + 1), got);
}

TEST(Golden, TheFixedChainHasItsHashes) {
    expect_golden("golden_chain.txt", run_fixed_chain());
}

TEST(Golden, TheFixedEpochsHaveTheirHashes) {
    std::string got;
    for (const auto policy : {chain::Policy::poa, chain::Policy::pos, chain::Policy::dpos})
        got += run_fixed_epochs(policy);
    expect_golden("golden_epochs.txt", got);
}

TEST(Abi, SelectorsAndReasonsAreSolidity) {
    EXPECT_EQ(to_hex(abi::selector("transfer(address,uint256)")), "a9059cbb");
    EXPECT_EQ(to_hex(abi::topic("Transfer(address,address,uint256)").view()),
              "ddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef");
    EXPECT_EQ(to_hex(abi::encode_revert("no")),
              "08c379a0"
              "0000000000000000000000000000000000000000000000000000000000000020"
              "0000000000000000000000000000000000000000000000000000000000000002"
              "6e6f000000000000000000000000000000000000000000000000000000000000");
    EXPECT_EQ(abi::decode_revert(abi::encode_revert("why not")), "why not");
    EXPECT_FALSE(abi::decode_revert(Bytes{8, 0xc3}));
}

}  // namespace
}  // namespace holdfast::ledger
