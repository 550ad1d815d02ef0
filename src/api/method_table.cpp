// The table of JSON-RPC methods. What is not here does not exist: no method signs or holds keys.
#include <algorithm>
#include <unordered_map>

#include "api/methods.h"

namespace holdfast::api {

namespace {

using enum Effect;
constexpr Trust operators = Trust::operators;

// NOLINTBEGIN(readability-function-size): one table.
const std::vector<Method>& table() {
    static const std::vector<Method> methods = [] {
        std::vector<Method> all{
            {"debug_getRawBlock", 1, &method::get_raw_block},
            {"debug_getRawHeader", 1, &method::get_raw_header},
            {"debug_getRawReceipts", 1, &method::get_raw_receipts},
            {"debug_getRawTransaction", 1, &method::get_raw_transaction},
            {"eth_accounts", 0, &method::accounts, other},
            {"eth_baseFee", 0, &method::base_fee},
            {"eth_blobBaseFee", 0, &method::blob_base_fee, other},
            {"eth_blockNumber", 0, &method::block_number},
            {"eth_call", 4, &method::eth_call},
            {"eth_chainId", 0, &method::chain_id, other},
            {"eth_createAccessList", 4, &method::create_access_list},
            {"eth_estimateGas", 4, &method::estimate_gas},
            {"eth_feeHistory", 3, &method::fee_history},
            {"eth_gasPrice", 0, &method::gas_price},
            {"eth_getBalance", 2, &method::get_balance},
            {"eth_getBlockByHash", 2, &method::get_block},
            {"eth_getBlockByNumber", 2, &method::get_block},
            {"eth_getBlockReceipts", 1, &method::get_block_receipts},
            {"eth_getBlockTransactionCountByHash", 1, &method::get_block_transaction_count},
            {"eth_getBlockTransactionCountByNumber", 1, &method::get_block_transaction_count},
            {"eth_getCode", 2, &method::get_code},
            {"eth_getFilterChanges", 1, &method::get_filter_changes},
            {"eth_getFilterLogs", 1, &method::get_filter_logs},
            {"eth_getLogs", 1, &method::get_logs},
            {"eth_getProof", 3, &method::get_proof},
            {"eth_getRawTransactionByHash", 1, &method::get_raw_transaction},
            {"eth_getStorageAt", 3, &method::get_storage_at},
            {"eth_getStorageValues", 2, &method::get_storage_values},
            {"eth_getTransactionByBlockHashAndIndex", 2, &method::get_transaction_in_block},
            {"eth_getTransactionByBlockNumberAndIndex", 2, &method::get_transaction_in_block},
            {"eth_getTransactionByHash", 1, &method::get_transaction},
            {"eth_getTransactionCount", 2,
             static_cast<AsyncMethod>(&method::get_transaction_count)},
            {"eth_getTransactionReceipt", 1, &method::get_transaction_receipt},
            {"eth_getUncleByBlockHashAndIndex", 2, &method::get_uncle},
            {"eth_getUncleByBlockNumberAndIndex", 2, &method::get_uncle},
            {"eth_getUncleCountByBlockHash", 1, &method::get_uncle_count},
            {"eth_getUncleCountByBlockNumber", 1, &method::get_uncle_count},
            {"eth_hashrate", 0, &method::zero, other},
            {"eth_maxPriorityFeePerGas", 0, &method::max_priority_fee, other},
            {"eth_mining", 0, &method::mining, other},
            {"eth_newBlockFilter", 0, &method::new_block_filter},
            {"eth_newFilter", 1, &method::new_filter},
            {"eth_newPendingTransactionFilter", 1, &method::new_pending_filter},
            {"eth_sendRawTransaction", 1, &method::send_raw_transaction, other},
            {"eth_sendRawTransactionSync", 2, &method::send_raw_transaction_sync, other},
            {"eth_subscribe", 2, &method::subscribe},
            {"eth_syncing", 0, &method::syncing, other},
            {"eth_uninstallFilter", 1, &method::uninstall_filter, other},
            {"eth_unsubscribe", 1, &method::unsubscribe, other},
            {"holdfast_accountProof", 2, &method::account_proof},
            {"holdfast_certificate", 1, &method::certificate},
            {"holdfast_genesis", 0, &method::genesis, other},
            {"holdfast_memberHistory", 1, &method::member_history},
            {"holdfast_members", 1, &method::members},
            {"holdfast_peers", 0, &method::peers, other},
            {"holdfast_receiptProof", 1, &method::receipt_proof},
            {"holdfast_slotProof", 3, &method::slot_proof},
            {"holdfast_status", 0, &method::status, other},
            {"holdfast_transactionFate", 1, &method::transaction_fate},
            {"holdfast_transferLeadership", 1, &method::transfer_leadership, other, operators},
            {"net_listening", 0, &method::listening, other},
            {"net_peerCount", 0, &method::peer_count, other},
            {"net_version", 0, &method::net_version, other},
            {"txpool_status", 0, &method::pool_status, other},
            {"web3_clientVersion", 0, &method::client_version, other},
            {"web3_sha3", 1, &method::sha3, other},
        };
        std::ranges::sort(all, {}, &Method::name);
        return all;
    }();
    return methods;
}
// NOLINTEND(readability-function-size)

}  // namespace

std::span<const Method> methods() {
    return table();
}

const Method* find_method(std::string_view name) {
    static const auto by_name = [] {
        std::unordered_map<std::string_view, const Method*> map;
        for (const Method& method : table()) map.emplace(method.name, &method);
        return map;
    }();
    const auto found = by_name.find(name);
    return found == by_name.end() ? nullptr : found->second;
}

}  // namespace holdfast::api
