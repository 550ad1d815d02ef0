// Every JSON-RPC method, for the table that names them. Grouped by the file that holds them.
#pragma once

#include "api/json.h"
#include "api/rpc.h"

namespace holdfast::api::method {

// state_methods.cpp
Answer get_balance(Service& service, const Call& call, const ledger::Reader& reader);
Answer get_transaction_count(Service& service, const Call& call, const ledger::Reader& reader);
Answer get_code(Service& service, const Call& call, const ledger::Reader& reader);
Answer get_storage_at(Service& service, const Call& call, const ledger::Reader& reader);
Answer get_storage_values(Service& service, const Call& call, const ledger::Reader& reader);
Answer get_proof(Service& service, const Call& call, const ledger::Reader& reader);

// call_methods.cpp
Answer eth_call(Service& service, const Call& call, const ledger::Reader& reader);
Answer estimate_gas(Service& service, const Call& call, const ledger::Reader& reader);
Answer create_access_list(Service& service, const Call& call, const ledger::Reader& reader);

// block_methods.cpp
Answer block_number(Service& service, const Call& call);
Answer get_block(Service& service, const Call& call, const ledger::Reader& reader);
Answer get_block_transaction_count(Service& service, const Call& call,
                                   const ledger::Reader& reader);
Answer get_uncle_count(Service& service, const Call& call, const ledger::Reader& reader);
Answer get_uncle(Service& service, const Call& call, const ledger::Reader& reader);
Answer get_block_receipts(Service& service, const Call& call, const ledger::Reader& reader);
Answer get_transaction_in_block(Service& service, const Call& call, const ledger::Reader& reader);
Answer get_raw_header(Service& service, const Call& call, const ledger::Reader& reader);
Answer get_raw_block(Service& service, const Call& call, const ledger::Reader& reader);
Answer get_raw_receipts(Service& service, const Call& call, const ledger::Reader& reader);
Answer get_raw_transaction(Service& service, const Call& call, const ledger::Reader& reader);
Answer get_logs(Service& service, const Call& call, const ledger::Reader& reader);

// transaction_methods.cpp
void get_transaction_count(Service& service, const Call& call);
void get_transaction(Service& service, const Call& call);
void get_transaction_receipt(Service& service, const Call& call);
void send_raw_transaction(Service& service, const Call& call);
void send_raw_transaction_sync(Service& service, const Call& call);
void transaction_fate(Service& service, const Call& call);

// fee_methods.cpp
Answer gas_price(Service& service, const Call& call, const ledger::Reader& reader);
Answer max_priority_fee(Service& service, const Call& call);
Answer base_fee(Service& service, const Call& call, const ledger::Reader& reader);
Answer blob_base_fee(Service& service, const Call& call);
Answer fee_history(Service& service, const Call& call, const ledger::Reader& reader);

// filter_methods.cpp
Answer subscribe(Service& service, const Call& call);
Answer unsubscribe(Service& service, const Call& call);
Answer new_filter(Service& service, const Call& call);
Answer new_block_filter(Service& service, const Call& call);
Answer new_pending_filter(Service& service, const Call& call);
Answer uninstall_filter(Service& service, const Call& call);
void get_filter_changes(Service& service, const Call& call);
void get_filter_logs(Service& service, const Call& call);

// node_methods.cpp
Answer client_version(Service& service, const Call& call);
Answer sha3(Service& service, const Call& call);
Answer net_version(Service& service, const Call& call);
Answer listening(Service& service, const Call& call);
Answer peer_count(Service& service, const Call& call);
Answer chain_id(Service& service, const Call& call);
Answer accounts(Service& service, const Call& call);
Answer mining(Service& service, const Call& call);
Answer zero(Service& service, const Call& call);
void syncing(Service& service, const Call& call);
void pool_status(Service& service, const Call& call);
void status(Service& service, const Call& call);
Answer peers(Service& service, const Call& call);
Answer certificate(Service& service, const Call& call, const ledger::Reader& reader);
Answer members(Service& service, const Call& call, const ledger::Reader& reader);
Answer genesis(Service& service, const Call& call);
void transfer_leadership(Service& service, const Call& call);

// proof_methods.cpp
Answer account_proof(Service& service, const Call& call, const ledger::Reader& reader);
Answer slot_proof(Service& service, const Call& call, const ledger::Reader& reader);
Answer receipt_proof(Service& service, const Call& call, const ledger::Reader& reader);
Answer member_history(Service& service, const Call& call, const ledger::Reader& reader);

}  // namespace holdfast::api::method

namespace holdfast::api {

/// The height of the block that parameter `index` names. Errors: -32602, "header not found".
std::expected<Height, RpcError> state_height(const Call& call, size_t index,
                                             const ledger::Reader& reader);
std::string status_json(const node::NodeStatus& status);
std::string peers_json(const std::vector<PeerStatus>& peers);
void write_members(JsonOut& out, const chain::MemberSet& set);
std::string_view to_string(node::NodeState state);
/// The tip that is suggested to wallets: none where gas costs nothing but a fixed fee.
U256 suggested_tip(const chain::Genesis& genesis);

/// Decodes, recovers and submits on a worker; `done` comes with the hash or the error on any
/// thread. `before_submit` runs on that worker, with the hash, just before the pool is asked.
struct Submission {
    std::function<void(const Hash32&)> before_submit;
    std::function<void(const Hash32&, Status)> done;
    std::function<void(Error)> refused;  ///< before there was a hash
};
void submit_raw(Service& service, Bytes raw, Submission submission);

}  // namespace holdfast::api
