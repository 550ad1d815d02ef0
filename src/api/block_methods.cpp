// Blocks, their transactions, receipts and logs.
#include "api/eth_values.h"
#include "api/methods.h"
#include "chain/receipt.h"

namespace holdfast::api::method {

namespace {

/// Null: no such block, which is an answer and no error.
std::expected<BlockPtr, RpcError> named_block(Service& service, const Call& call,
                                              const ledger::Reader& reader) {
    if (call.params().absent(0))
        return rpc_fail(rpc_code::invalid_params, "missing value for required argument 0");
    const auto block = call.params().block(0);
    if (!block) return std::unexpected(block.error());
    const auto height = block->resolve(reader);
    if (!height) return nullptr;
    return service.blocks().load(reader, *height);
}

constexpr std::string_view null_json = "null";

}  // namespace

Answer block_number(Service& service, const Call&) {
    // A notice may lag behind the store by an instant, never the other way round.
    return json_quantity(service.backend().reader().head().value);
}

Answer get_block(Service& service, const Call& call, const ledger::Reader& reader) {
    const auto whole = call.params().boolean(1, false);
    if (!whole) return std::unexpected(whole.error());
    const auto block = named_block(service, call, reader);
    if (!block) return std::unexpected(block.error());
    if (*block == nullptr) return std::string(null_json);
    return block_json((*block)->block, *whole ? Transactions::whole : Transactions::hashes);
}

Answer get_block_transaction_count(Service& service, const Call& call,
                                   const ledger::Reader& reader) {
    const auto block = named_block(service, call, reader);
    if (!block) return std::unexpected(block.error());
    if (*block == nullptr) return std::string(null_json);
    return json_quantity((*block)->block.transactions.size());
}

Answer get_uncle_count(Service& service, const Call& call, const ledger::Reader& reader) {
    const auto block = named_block(service, call, reader);
    if (!block) return std::unexpected(block.error());
    if (*block == nullptr) return std::string(null_json);
    return json_quantity(uint64_t{0});
}

Answer get_uncle(Service& service, const Call& call, const ledger::Reader& reader) {
    const auto block = named_block(service, call, reader);
    if (!block) return std::unexpected(block.error());
    const auto index = call.params().quantity(1);
    if (!index) return std::unexpected(index.error());
    return std::string(null_json);
}

Answer get_block_receipts(Service& service, const Call& call, const ledger::Reader& reader) {
    const auto block = named_block(service, call, reader);
    if (!block) return std::unexpected(block.error());
    if (*block == nullptr) return std::string(null_json);
    return receipts_json(**block);
}

Answer get_transaction_in_block(Service& service, const Call& call, const ledger::Reader& reader) {
    const auto index = call.params().quantity(1);
    if (!index) return std::unexpected(index.error());
    const auto block = named_block(service, call, reader);
    if (!block) return std::unexpected(block.error());
    if (*block == nullptr || *index >= (*block)->block.transactions.size())
        return std::string(null_json);
    return transaction_json({*block, *index});
}

Answer get_raw_header(Service&, const Call& call, const ledger::Reader& reader) {
    const auto height = state_height(call, 0, reader);
    if (!height) return std::unexpected(height.error());
    const auto header = reader.header(*height);
    if (!header) return rpc_fail(rpc_code::server_error, "header not found");
    return json_data(chain::encode_header(*header));
}

Answer get_raw_block(Service& service, const Call& call, const ledger::Reader& reader) {
    const auto block = named_block(service, call, reader);
    if (!block) return std::unexpected(block.error());
    if (*block == nullptr) return rpc_fail(rpc_code::server_error, "block not found");
    return json_data(encode_block((*block)->block));
}

Answer get_raw_receipts(Service& service, const Call& call, const ledger::Reader& reader) {
    const auto block = named_block(service, call, reader);
    if (!block) return std::unexpected(block.error());
    if (*block == nullptr) return rpc_fail(rpc_code::server_error, "block not found");
    JsonOut out;
    out.array();
    for (const chain::Receipt& receipt : (*block)->receipts)
        out.data(chain::encode_receipt(receipt));
    return out.end_array().take();
}

Answer get_raw_transaction(Service& service, const Call& call, const ledger::Reader& reader) {
    const auto hash = call.params().hash(0);
    if (!hash) return std::unexpected(hash.error());
    const auto placed = service.blocks().load_transaction(reader, *hash);
    if (!placed) return std::string(null_json);
    return json_data(placed->block->block.transactions[placed->index]->raw);
}

Answer get_logs(Service& service, const Call& call, const ledger::Reader& reader) {
    const auto filter = call.params().log_filter(0);
    if (!filter) return std::unexpected(filter.error());
    return find_logs(service.blocks(), reader, *filter);
}

}  // namespace holdfast::api::method
