// Who plays in every run: members and their keys, accounts, operators, the genesis they share, and
// the transactions they sign. The same for every seed, so that a signature made once serves all.
#pragma once

#include "chain/genesis.h"
#include "ledger/ledger.h"
#include "sim/plan.h"

namespace holdfast::sim {

crypto::NodeSeed voting_seed(NodeId node);
chain::Member member(NodeId node);
/// The same with the weight that the plan gives it.
chain::Member member(const Plan& plan, NodeId node);
/// A third or more of the weight: then agreement may break, and only guilt can be shown.
bool too_many_lie(const Plan& plan);
Address account(uint64_t number);
chain::Genesis make_genesis(const Plan& plan);

/// The transfer number `nonce` of an account; variants of one nonce exclude each other, and so do
/// bids: each offers more than the one before, enough to take its place.
ledger::TransactionPtr transfer(uint64_t account, uint64_t nonce, uint64_t variant,
                                uint64_t bid = 0);
inline constexpr uint64_t bids_max = 8;
/// The same, but nobody ever had so much: each shape comes over by another sum.
ledger::TransactionPtr excess(uint64_t account, uint64_t nonce, uint64_t shape);
inline constexpr uint64_t excess_shapes = 5;

/// Accounts beside those of clients, by their numbers: a candidate's operator, a holder who
/// delegates, and whoever pays for what a node reports.
uint64_t operator_number(NodeId node);
uint64_t holder_number(uint64_t holder);
uint64_t reporter_number(NodeId node);
crypto::SecretKey secret_key(uint64_t number);
/// What genesis and the amounts of operations count in.
U256 stake_unit();

struct ContractCall {
    Address to;
    U256 value;
    Bytes data;
};
/// A call of a native contract by the account with this number.
ledger::TransactionPtr contract_call(uint64_t caller, uint64_t nonce, const ContractCall& call);

}  // namespace holdfast::sim
