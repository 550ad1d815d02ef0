// Balances, nonces, code, storage and proofs.
#include "api/json.h"
#include "api/methods.h"

namespace holdfast::api {

std::expected<Height, RpcError> state_height(const Call& call, size_t index,
                                             const ledger::Reader& reader) {
    const auto block = call.params().block(index);
    if (!block) return std::unexpected(block.error());
    const auto height = block->resolve(reader);
    if (!height) return rpc_fail(rpc_code::server_error, "header not found");
    return *height;
}

namespace method {

namespace {

/// The first two parameters of most state reads.
struct Where {
    Address address;
    Height height;
};

std::expected<Where, RpcError> where(const Call& call, size_t block_index,
                                     const ledger::Reader& reader) {
    const auto address = call.params().address(0);
    if (!address) return std::unexpected(address.error());
    const auto height = state_height(call, block_index, reader);
    if (!height) return std::unexpected(height.error());
    return Where{*address, *height};
}

}  // namespace

Answer get_balance(Service&, const Call& call, const ledger::Reader& reader) {
    const auto at = where(call, 1, reader);
    if (!at) return std::unexpected(at.error());
    const auto account = reader.account(at->address, at->height);
    if (!account) return rpc_fail(account.error());
    return json_quantity(account->balance);
}

Answer get_transaction_count(Service&, const Call& call, const ledger::Reader& reader) {
    const auto at = where(call, 1, reader);
    if (!at) return std::unexpected(at.error());
    const auto account = reader.account(at->address, at->height);
    if (!account) return rpc_fail(account.error());
    return json_quantity(account->nonce);
}

Answer get_code(Service&, const Call& call, const ledger::Reader& reader) {
    const auto at = where(call, 1, reader);
    if (!at) return std::unexpected(at.error());
    const auto code = reader.code(at->address, at->height);
    if (!code) return rpc_fail(code.error());
    return json_data(*code);
}

Answer get_storage_at(Service&, const Call& call, const ledger::Reader& reader) {
    const auto key = call.params().slot_key(1);
    if (!key) return std::unexpected(key.error());
    const auto at = where(call, 2, reader);
    if (!at) return std::unexpected(at.error());
    const auto value = reader.slot(at->address, *key, at->height);
    if (!value) return rpc_fail(value.error());
    return json_data(value->to_big_endian());
}

Answer get_storage_values(Service&, const Call& call, const ledger::Reader& reader) {
    const auto wanted = call.params().slots_wanted(0);
    if (!wanted) return std::unexpected(wanted.error());
    const auto height = state_height(call, 1, reader);
    if (!height) return std::unexpected(height.error());
    JsonOut out;
    out.object();
    for (const auto& [address, keys] : *wanted) {
        out.key(to_hex0x(address.view())).array();
        for (const Hash32& key : keys) {
            const auto value = reader.slot(address, key, *height);
            if (!value) return rpc_fail(value.error());
            out.data(value->to_big_endian());
        }
        out.end_array();
    }
    return out.end_object().take();
}

// [EIP-1186]
Answer get_proof(Service&, const Call& call, const ledger::Reader& reader) {
    const auto keys = call.params().slot_keys(1);
    if (!keys) return std::unexpected(keys.error());
    const auto at = where(call, 2, reader);
    if (!at) return std::unexpected(at.error());
    const auto proof = reader.proof(at->address, *keys, at->height);
    if (!proof) return rpc_fail(proof.error());

    const auto write_nodes = [](JsonOut& out, const std::vector<Bytes>& nodes) {
        out.array();
        for (const Bytes& node : nodes) out.data(node);
        out.end_array();
    };
    JsonOut out;
    out.object().key("address").data(at->address);
    write_nodes(out.key("accountProof"), proof->account_proof);
    out.key("balance").quantity(proof->account.balance);
    out.key("codeHash").data(proof->account.code_hash);
    out.key("nonce").quantity(proof->account.nonce);
    out.key("storageHash").data(proof->account.storage_root);
    out.key("storageProof").array();
    for (const auto& slot : proof->slots) {
        out.object().key("key").data(slot.key).key("value").quantity(slot.value);
        write_nodes(out.key("proof"), slot.proof);
        out.end_object();
    }
    return out.end_array().end_object().take();
}

}  // namespace method

}  // namespace holdfast::api
