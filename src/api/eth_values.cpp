// Blocks, transactions, receipts and logs in Ethereum's JSON.
#include "api/eth_values.h"

#include "chain/rlp.h"
#include "crypto/hash.h"

namespace holdfast::api {

namespace {

/// Bytes of an RLP string or list of so much content, prefix included; a lone byte below 0x80
/// apart.
size_t rlp_bytes(size_t content_bytes) {
    if (content_bytes < 56) return 1 + content_bytes;
    size_t length_bytes = 0;
    for (size_t rest = content_bytes; rest > 0; rest >>= 8) ++length_bytes;
    return 1 + length_bytes + content_bytes;
}

void write_access_list(JsonOut& out, const std::vector<chain::AccessListEntry>& list) {
    out.key("accessList").array();
    for (const auto& entry : list) {
        out.object().key("address").data(entry.address).key("storageKeys").array();
        for (const Hash32& key : entry.storage_keys) out.data(key);
        out.end_array().end_object();
    }
    out.end_array();
}

U256 number_of(const Hash32& big_endian) {
    return U256::from_big_endian(big_endian.view()).value_or(U256());
}

void write_signature(JsonOut& out, const chain::Transaction& transaction) {
    const auto& signature = transaction.signature;
    uint64_t v = signature.y_parity;
    // [EIP-155]; saturates nowhere near: chain ids that large are refused at genesis by the
    // wallets.
    if (transaction.type == chain::TxType::legacy)
        v += transaction.chain_id ? 35 + 2 * *transaction.chain_id : 27;
    out.key("v").quantity(v);
    out.key("r").quantity(number_of(signature.r));
    out.key("s").quantity(number_of(signature.s));
    if (transaction.type != chain::TxType::legacy) out.key("yParity").quantity(signature.y_parity);
}

void write_fees(JsonOut& out, const chain::Transaction& transaction, const chain::Block* block) {
    if (transaction.type != chain::TxType::dynamic_fee) {
        out.key("gasPrice").quantity(transaction.max_fee_per_gas);
        return;
    }
    U256 price = transaction.max_fee_per_gas;
    if (block != nullptr)
        price =
            chain::effective_gas_price(transaction, block->header.base_fee_per_gas).value_or(price);
    out.key("gasPrice").quantity(price);
    out.key("maxFeePerGas").quantity(transaction.max_fee_per_gas);
    out.key("maxPriorityFeePerGas").quantity(transaction.max_priority_fee_per_gas);
}

}  // namespace

size_t block_size_bytes(const chain::Block& block) {
    size_t transactions = 0;
    for (const auto& transaction : block.transactions) {
        const bool legacy = transaction->transaction.type == chain::TxType::legacy;
        transactions += legacy ? transaction->raw.size() : rlp_bytes(transaction->raw.size());
    }
    constexpr size_t empty_lists = 2;  // ommers, withdrawals
    const size_t header = chain::encode_header(block.header).size();
    return rlp_bytes(header + rlp_bytes(transactions) + empty_lists);
}

Bytes encode_block(const chain::Block& block) {
    chain::rlp::Encoder out;
    out.begin_list();
    out.raw(chain::encode_header(block.header));
    out.begin_list();
    for (const auto& transaction : block.transactions) {
        // [EIP-2718] typed transactions stand in a list as strings.
        if (transaction->transaction.type == chain::TxType::legacy) {
            out.raw(transaction->raw);
        } else {
            out.string(transaction->raw);
        }
    }
    out.end_list();
    out.begin_list();
    out.end_list();
    out.begin_list();
    out.end_list();
    out.end_list();
    return out.take();
}

Address created_address(const Address& sender, uint64_t nonce) {
    chain::rlp::Encoder out;
    out.begin_list();
    out.fixed(sender);
    out.number(nonce);
    out.end_list();
    const Hash32 hash = crypto::keccak256(out.take());
    Address address;
    std::memcpy(address.bytes.data(), hash.bytes.data() + 12, address.bytes.size());
    return address;
}

void write_header_fields(JsonOut& out, const chain::Header& header, const Hash32& hash) {
    out.key("number").quantity(header.number);
    out.key("hash").data(hash);
    out.key("parentHash").data(header.parent_hash);
    out.key("sha3Uncles").data(header.ommers_hash);
    out.key("miner").data(header.beneficiary);
    out.key("stateRoot").data(header.state_root);
    out.key("transactionsRoot").data(header.transactions_root);
    out.key("receiptsRoot").data(header.receipts_root);
    out.key("logsBloom").data(header.logs_bloom);
    out.key("difficulty").quantity(header.difficulty);
    out.key("gasLimit").quantity(header.gas_limit);
    out.key("gasUsed").quantity(header.gas_used);
    out.key("timestamp").quantity(header.timestamp);
    out.key("extraData").data(header.extra_data);
    out.key("mixHash").data(header.prev_randao);
    out.key("nonce").data(header.nonce);
    out.key("baseFeePerGas").quantity(header.base_fee_per_gas);
    out.key("withdrawalsRoot").data(header.withdrawals_root);
    out.key("blobGasUsed").quantity(header.blob_gas_used);
    out.key("excessBlobGas").quantity(header.excess_blob_gas);
    out.key("parentBeaconBlockRoot").data(header.parent_beacon_block_root);
    out.key("requestsHash").data(header.requests_hash);
}

void write_block(JsonOut& out, const chain::Block& block, Transactions transactions) {
    out.object();
    write_header_fields(out, block.header, block.hash);
    out.key("size").quantity(block_size_bytes(block));
    out.key("uncles").array().end_array();
    out.key("withdrawals").array().end_array();
    out.key("transactions").array();
    for (size_t i = 0; i < block.transactions.size(); ++i) {
        if (transactions == Transactions::whole) {
            write_transaction(out, *block.transactions[i], &block, i);
        } else {
            out.data(block.transactions[i]->hash);
        }
    }
    out.end_array().end_object();
}

void write_transaction(JsonOut& out, const chain::RecoveredTransaction& recovered,
                       const chain::Block* block, size_t index) {
    const chain::Transaction& transaction = recovered.transaction;
    out.object();
    if (block != nullptr) {
        out.key("blockHash").data(block->hash);
        out.key("blockNumber").quantity(block->header.number);
        out.key("blockTimestamp").quantity(block->header.timestamp);
        out.key("transactionIndex").quantity(index);
    } else {
        for (const auto name : {"blockHash", "blockNumber", "blockTimestamp", "transactionIndex"})
            out.key(name).null();
    }
    out.key("from").data(recovered.sender);
    out.key("gas").quantity(transaction.gas_limit);
    write_fees(out, transaction, block);
    out.key("hash").data(recovered.hash);
    out.key("input").data(transaction.data);
    out.key("nonce").quantity(transaction.nonce);
    out.key("to");
    transaction.to ? out.data(*transaction.to) : out.null();
    out.key("value").quantity(transaction.value);
    out.key("type").quantity(static_cast<uint64_t>(transaction.type));
    if (transaction.type != chain::TxType::legacy) write_access_list(out, transaction.access_list);
    if (transaction.chain_id) out.key("chainId").quantity(*transaction.chain_id);
    write_signature(out, transaction);
    out.end_object();
}

void write_log(JsonOut& out, const chain::Log& log, const chain::Block& block,
               size_t transaction_index, size_t log_index) {
    out.object().key("address").data(log.address).key("topics").array();
    for (const Hash32& topic : log.topics) out.data(topic);
    out.end_array().key("data").data(log.data);
    out.key("blockNumber").quantity(block.header.number);
    out.key("transactionHash").data(block.transactions[transaction_index]->hash);
    out.key("transactionIndex").quantity(transaction_index);
    out.key("blockHash").data(block.hash);
    out.key("blockTimestamp").quantity(block.header.timestamp);
    out.key("logIndex").quantity(log_index);
    out.key("removed").boolean(false).end_object();
}

void write_receipt(JsonOut& out, const ledger::Executed& executed, size_t index, size_t log_index) {
    const chain::Block& block = executed.block;
    const chain::Receipt& receipt = executed.receipts[index];
    const chain::RecoveredTransaction& recovered = *block.transactions[index];
    const chain::Transaction& transaction = recovered.transaction;
    const uint64_t gas_before = index == 0 ? 0 : executed.receipts[index - 1].cumulative_gas_used;
    const U256 price = chain::effective_gas_price(transaction, block.header.base_fee_per_gas)
                           .value_or(transaction.max_fee_per_gas);
    out.object();
    out.key("blockHash").data(block.hash);
    out.key("blockNumber").quantity(block.header.number);
    out.key("contractAddress");
    transaction.to ? out.null() : out.data(created_address(recovered.sender, transaction.nonce));
    out.key("cumulativeGasUsed").quantity(receipt.cumulative_gas_used);
    out.key("effectiveGasPrice").quantity(price);
    out.key("from").data(recovered.sender);
    out.key("gasUsed").quantity(receipt.cumulative_gas_used - gas_before);
    out.key("logs").array();
    for (const chain::Log& log : receipt.logs) write_log(out, log, block, index, log_index++);
    out.end_array();
    out.key("logsBloom").data(receipt.logs_bloom);
    out.key("status").quantity(receipt.success ? 1 : 0);
    out.key("to");
    transaction.to ? out.data(*transaction.to) : out.null();
    out.key("transactionHash").data(recovered.hash);
    out.key("transactionIndex").quantity(index);
    out.key("type").quantity(static_cast<uint64_t>(receipt.type));
    out.end_object();
}

size_t logs_before(const ledger::Executed& executed, size_t index) {
    size_t count = 0;
    for (size_t i = 0; i < index; ++i) count += executed.receipts[i].logs.size();
    return count;
}

std::string block_json(const chain::Block& block, Transactions transactions) {
    constexpr size_t header_bytes = 2048;
    const size_t each = transactions == Transactions::whole ? 1024 : 72;
    JsonOut out(header_bytes + each * block.transactions.size());
    write_block(out, block, transactions);
    return out.take();
}

std::string transaction_json(const PlacedTransaction& placed) {
    JsonOut out(1024);
    const chain::Block& block = placed.block->block;
    write_transaction(out, *block.transactions[placed.index], &block, placed.index);
    return out.take();
}

std::string receipt_json(const PlacedTransaction& placed) {
    JsonOut out(1536);
    write_receipt(out, *placed.block, placed.index, logs_before(*placed.block, placed.index));
    return out.take();
}

std::string receipts_json(const ledger::Executed& executed) {
    JsonOut out(1536 * executed.receipts.size() + 2);
    out.array();
    size_t log_index = 0;
    for (size_t i = 0; i < executed.receipts.size(); ++i) {
        write_receipt(out, executed, i, log_index);
        log_index += executed.receipts[i].logs.size();
    }
    return out.end_array().take();
}

}  // namespace holdfast::api
