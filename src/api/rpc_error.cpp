// Named errors as the codes and words that Ethereum clients recognise. viem, ethers and wallets
// match on these words with regular expressions, so they are geth's to the letter.
#include "api/rpc_error.h"

#include <array>

#include "api/json.h"
#include "api/server.h"
#include "chain/errors.h"
#include "ledger/ledger.h"
#include "mempool/mempool.h"
#include "node/config.h"

namespace holdfast::api {

namespace {

struct Words {
    Errc code;
    int rpc_code;
    std::string_view message;
};

constexpr auto words_of_geth = std::to_array<Words>({
    {chain::errc::tx_type_unknown, rpc_code::server_error, "transaction type not supported"},
    {chain::errc::tx_type_refused, rpc_code::server_error, "transaction type not supported"},
    {chain::errc::tx_too_large, rpc_code::server_error, "oversized data"},
    {chain::errc::tx_chain_id, rpc_code::server_error, "invalid chain id for signer"},
    {chain::errc::tx_unprotected, rpc_code::server_error,
     "only replay-protected (EIP-155) transactions allowed over RPC"},
    {chain::errc::tx_fee_order, rpc_code::server_error,
     "max priority fee per gas higher than max fee per gas"},
    {chain::errc::tx_gas_below_intrinsic, rpc_code::server_error, "intrinsic gas too low"},
    {chain::errc::tx_gas_above_limit, rpc_code::server_error, "transaction gas limit too high"},
    {chain::errc::tx_nonce_max, rpc_code::server_error, "nonce has max value"},
    {chain::errc::tx_init_code_too_large, rpc_code::server_error, "max initcode size exceeded"},
    {chain::errc::tx_bad_signature, rpc_code::server_error, "invalid sender"},
    {chain::errc::tx_high_s, rpc_code::server_error, "invalid sender"},
    {crypto::errc::bad_signature, rpc_code::server_error, "invalid sender"},
    {chain::errc::rlp_truncated, rpc_code::server_error, "rlp: value size exceeds available input"},
    {chain::errc::rlp_not_canonical, rpc_code::server_error, "rlp: non-canonical encoding"},
    {chain::errc::rlp_trailing, rpc_code::server_error, "rlp: input contains more than one value"},
    {chain::errc::rlp_unexpected, rpc_code::server_error, "rlp: unexpected item"},

    {mempool::errc::already_known, rpc_code::server_error, "already known"},
    {mempool::errc::nonce_too_low, rpc_code::server_error, "nonce too low"},
    {mempool::errc::nonce_too_far, rpc_code::server_error, "nonce too high"},
    {mempool::errc::insufficient_funds, rpc_code::server_error,
     "insufficient funds for gas * price + value"},
    {mempool::errc::underpriced, rpc_code::server_error, "transaction underpriced"},
    {mempool::errc::replacement_underpriced, rpc_code::server_error,
     "replacement transaction underpriced"},
    {mempool::errc::gas_above_block, rpc_code::server_error, "exceeds block gas limit"},
    {mempool::errc::pool_full, rpc_code::limit_exceeded, "txpool is full"},

    {ledger::errc::nonce_too_high, rpc_code::server_error, "nonce too high"},
    {ledger::errc::fee_cap_below_base_fee, rpc_code::server_error,
     "max fee per gas less than block base fee"},
    {ledger::errc::block_gas_exceeded, rpc_code::server_error, "exceeds block gas limit"},
    {ledger::errc::unknown_height, rpc_code::server_error, "header not found"},
    {ledger::errc::call_reverted, rpc_code::execution_reverted, "execution reverted"},

    {node::errc::stopped, rpc_code::server_error, "node is stopped"},
    {node::errc::no_leader, rpc_code::server_error, "no leader"},
    {node::errc::read_timeout, rpc_code::server_error, "request timed out"},
    {node::errc::overloaded, rpc_code::limit_exceeded, "node is overloaded"},
    {errc::overloaded, rpc_code::limit_exceeded, "too many requests in flight"},
});

const Words* find_words(Errc code) {
    for (const Words& words : words_of_geth)
        if (words.code == code) return &words;
    return nullptr;
}

}  // namespace

std::unexpected<RpcError> rpc_fail(int code, std::string message, std::string data_json) {
    return std::unexpected(RpcError{code, std::move(message), std::move(data_json)});
}

std::unexpected<RpcError> bad_param(size_t index, std::string_view what) {
    return rpc_fail(rpc_code::invalid_params, fmt::format("invalid argument {}: {}", index, what));
}

std::string message_of(const Error& error) {
    const Words* words = find_words(error.code);
    if (words == nullptr) return describe(error);
    std::string message(words->message);
    if (!error.detail.empty()) message.append(": ").append(error.detail);
    return message;
}

std::unexpected<RpcError> override_unsupported(std::string_view what) {
    return rpc_fail(rpc_code::invalid_params, fmt::format("overriding {} is not supported", what),
                    fmt::format(R"({{"code":"api.override_unsupported","detail":"{}"}})", what));
}

RpcError to_rpc_error(const Error& error) {
    const Words* words = find_words(error.code);
    JsonOut data;
    data.object().key("code").text(error.code.name);
    if (!error.detail.empty()) data.key("detail").text(error.detail);
    data.end_object();
    return {words != nullptr ? words->rpc_code : rpc_code::server_error, message_of(error),
            data.take()};
}

std::unexpected<RpcError> rpc_fail(const Error& error) {
    return std::unexpected(to_rpc_error(error));
}

std::string to_json(const RpcError& error) {
    JsonOut out;
    out.object().key("code");
    // The codes are negative or small: raw, since quantities here are unsigned.
    out.raw(std::to_string(error.code)).key("message").text(error.message);
    if (!error.data_json.empty()) out.key("data").raw(error.data_json);
    return out.end_object().take();
}

}  // namespace holdfast::api
