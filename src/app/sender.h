// Building, signing and sending transactions from the command line.
#pragma once

#include "app/rpc_client.h"
#include "chain/transaction.h"

namespace holdfast::app {

/// "1.5ether", "3gwei", or plain wei. Null if it is none of these or not a whole number of wei.
std::optional<U256> parse_amount(std::string_view text);

struct Signed {
    Hash32 hash;
    Bytes raw;
};
/// Errors: those of the key.
Result<Signed> sign(chain::Transaction transaction, const crypto::SecretKey& key);

/// Chain id, fees and next nonce filled in from the node; gas as estimated unless it is given.
Result<chain::Transaction> prepare(RpcClient& client, const Address& from, const Address& to,
                                   const U256& value, Bytes data);

/// Sends and waits for the receipt. Errors: rpc.*, errc::no_receipt after `wait_ms`.
Result<boost::json::object> send_and_wait(RpcClient& client, const Signed& transaction,
                                          uint64_t wait_ms);

namespace errc {
inline constexpr Errc no_receipt{"transfer.no_receipt"};  ///< admitted, not acknowledged in time
inline constexpr Errc reverted{"transfer.reverted"};      ///< executed, and undone by its own rules
}  // namespace errc

}  // namespace holdfast::app
