// Who takes part in a node's tests: keys, members, accounts, their genesis and their transactions.
#pragma once

#include <gtest/gtest.h>

#include "crypto/hash.h"
#include "node/node.h"

namespace holdfast::node::testing {

inline crypto::SecretKey account_key(uint8_t number) {
    crypto::SecretKey key;
    key.bytes[31] = number;
    return key;
}
inline Address account(uint8_t number) {
    return crypto::address_of(*crypto::public_key(account_key(number)));
}
inline crypto::NodeSeed node_seed(uint64_t node, uint8_t use) {
    crypto::NodeSeed seed;
    seed.bytes[0] = static_cast<uint8_t>(node);
    seed.bytes[1] = use;
    return seed;
}
inline chain::Member member(uint64_t id) {
    return {.id = NodeId(id),
            .voting_key = crypto::NodeKey(node_seed(id, 1)).public_key(),
            .transport_key = crypto::NodeKey(node_seed(id, 2)).public_key(),
            .operator_account = account(static_cast<uint8_t>(id)),
            .endpoint = fmt::format("127.0.0.1:{}", 9000 + id),
            .weight = 1};
}

inline chain::Genesis make_genesis(uint64_t nodes) {
    chain::Genesis genesis;
    genesis.chain_id = 1337;
    genesis.dev = true;
    for (uint64_t id = 1; id <= nodes; ++id) genesis.members.members.push_back(member(id));
    for (uint8_t number = 1; number <= 4; ++number)
        genesis.alloc[account(number)].balance = *U256::parse("1000000000000000000000");
    return genesis;
}

inline TransactionPtr make_transaction(uint8_t from, uint64_t nonce, const Address& to,
                                       uint64_t value, Bytes data = {}) {
    chain::Transaction transaction;
    transaction.chain_id = 1337;
    transaction.nonce = nonce;
    transaction.max_fee_per_gas = U256(10'000'000'000);
    transaction.max_priority_fee_per_gas = U256(1);
    transaction.gas_limit = data.empty() ? 21'000 : 1'000'000;
    transaction.to = to;
    transaction.value = U256(value);
    transaction.data = std::move(data);
    EXPECT_TRUE(chain::sign_transaction(transaction, account_key(from)));
    auto recovered =
        chain::recover_transaction(chain::encode_transaction(transaction), {.chain_id = 1337});
    EXPECT_TRUE(recovered) << describe(recovered.error());
    return std::make_shared<const chain::RecoveredTransaction>(std::move(*recovered));
}

}  // namespace holdfast::node::testing
