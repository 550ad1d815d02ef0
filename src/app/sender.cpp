// Building, signing and sending transactions.
#include "app/sender.h"

#include <thread>

#include <fmt/format.h>

#include "app/keys.h"
#include "crypto/hash.h"

namespace holdfast::app {
namespace {

constexpr uint64_t tip_wei = 1'000'000'000;
constexpr auto poll_interval = std::chrono::milliseconds(20);

}  // namespace

std::optional<U256> parse_amount(std::string_view text) {
    unsigned decimals = 0;
    for (const auto& [unit, digits] : {std::pair{"ether", 18U}, std::pair{"gwei", 9U}})
        if (text.ends_with(unit)) {
            text.remove_suffix(std::string_view(unit).size());
            decimals = digits;
            break;
        }
    std::string digits(text);
    if (const size_t point = digits.find('.'); point != std::string::npos) {
        const size_t after = digits.size() - point - 1;
        if (after > decimals) return std::nullopt;
        digits.erase(point, 1);
        decimals -= static_cast<unsigned>(after);
    }
    if (digits.empty() || digits.find_first_not_of("0123456789") != std::string::npos)
        return std::nullopt;
    digits.append(decimals, '0');
    return U256::parse(digits);
}

Result<Signed> sign(chain::Transaction transaction, const crypto::SecretKey& key) {
    if (auto ok = chain::sign_transaction(transaction, key); !ok)
        return std::unexpected(ok.error());
    Bytes raw = chain::encode_transaction(transaction);
    return Signed{.hash = crypto::keccak256(raw), .raw = std::move(raw)};
}

Result<chain::Transaction> prepare(RpcClient& client, const Address& from, const Address& to,
                                   const U256& value, Bytes data) {
    const auto chain_id = ask_number(client, "eth_chainId");
    if (!chain_id) return std::unexpected(chain_id.error());
    const std::string sender = to_hex0x(from.view());
    const auto nonce = ask_number(client, "eth_getTransactionCount", {sender, "pending"});
    if (!nonce) return std::unexpected(nonce.error());
    const auto price = ask_quantity(client, "eth_gasPrice");
    if (!price) return std::unexpected(price.error());
    const auto gas = ask_number(client, "eth_estimateGas",
                                {boost::json::object{{"from", sender},
                                                     {"to", to_hex0x(to.view())},
                                                     {"value", value.to_hex_quantity()},
                                                     {"data", to_hex0x(data)}}});
    if (!gas) return std::unexpected(gas.error());
    chain::Transaction transaction;
    transaction.chain_id = *chain_id;
    transaction.nonce = *nonce;
    // Twice the price: the base fee may rise while the transaction waits, and only what is due is
    // taken. [EIP-1559]
    transaction.max_fee_per_gas = *price * U256(2);
    transaction.max_priority_fee_per_gas = std::min(U256(tip_wei), transaction.max_fee_per_gas);
    transaction.gas_limit = *gas;
    transaction.to = to;
    transaction.value = value;
    transaction.data = std::move(data);
    return transaction;
}

Result<boost::json::object> send_and_wait(RpcClient& client, const Signed& transaction,
                                          uint64_t wait_ms) {
    const auto sent = client.call("eth_sendRawTransaction", {to_hex0x(transaction.raw)});
    if (!sent) return std::unexpected(sent.error());
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(wait_ms);
    while (std::chrono::steady_clock::now() < deadline) {
        auto receipt = ask_receipt(client, transaction.hash);
        if (!receipt) return std::unexpected(receipt.error());
        if (*receipt) return std::move(**receipt);
        std::this_thread::sleep_for(poll_interval);
    }
    return fail(errc::no_receipt,
                fmt::format("{} was admitted, but not acknowledged within {} ms; it may still be: "
                            "holdfast status shows whether the ledger goes on",
                            to_hex0x(transaction.hash.view()), wait_ms));
}

}  // namespace holdfast::app
