// Blocks, transactions, receipts and logs in Ethereum's JSON. Field for field what the
// execution-apis specification says.
#pragma once

#include "api/block_cache.h"
#include "api/json.h"

namespace holdfast::api {

enum class Transactions : uint8_t { hashes, whole };

/// The header's fields with `hash`: what newHeads gives.
void write_header_fields(JsonOut& out, const chain::Header& header, const Hash32& hash);
void write_block(JsonOut& out, const chain::Block& block, Transactions transactions);
/// Pending if `block` is null.
void write_transaction(JsonOut& out, const chain::RecoveredTransaction& transaction,
                       const chain::Block* block, size_t index);
/// `log_index`: of the receipt's first log within the block.
void write_receipt(JsonOut& out, const ledger::Executed& executed, size_t index, size_t log_index);
void write_log(JsonOut& out, const chain::Log& log, const chain::Block& block,
               size_t transaction_index, size_t log_index);

std::string block_json(const chain::Block& block, Transactions transactions);
std::string transaction_json(const PlacedTransaction& placed);
std::string receipt_json(const PlacedTransaction& placed);
std::string receipts_json(const ledger::Executed& executed);
/// Index of the first log of receipt `index` within its block.
size_t logs_before(const ledger::Executed& executed, size_t index);

/// The length of the block's RLP, what eth_getBlock calls `size`.
size_t block_size_bytes(const chain::Block& block);
/// Header, transactions, no ommers, no withdrawals. [YP §4.4.3, EIP-4895]
Bytes encode_block(const chain::Block& block);
/// Where a creating transaction put its contract. [YP §7]
Address created_address(const Address& sender, uint64_t nonce);

}  // namespace holdfast::api
