// A small JSON-RPC client over HTTP, for the commands that ask a running node. It blocks; one of
// them serves one thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <boost/json.hpp>

#include "base/bytes.h"
#include "base/result.h"
#include "base/u256.h"

namespace holdfast::app {

namespace errc {
inline constexpr Errc rpc_unreachable{"rpc.unreachable"};  ///< no connection, or none that lasted
inline constexpr Errc rpc_refused{"rpc.refused"};          ///< the node's answer is an error
inline constexpr Errc rpc_malformed{"rpc.malformed"};      ///< the answer makes no sense
}  // namespace errc

class RpcClient {
  public:
    /// `url`: "http://host:port", or just "host:port".
    explicit RpcClient(std::string url, uint64_t timeout_ms = 10'000);
    ~RpcClient();
    RpcClient(const RpcClient&) = delete;
    RpcClient& operator=(const RpcClient&) = delete;

    Result<boost::json::value> call(std::string_view method, boost::json::array params = {});
    /// One request for many calls; an answer for each, or one error for all.
    Result<std::vector<Result<boost::json::value>>> batch(
        std::string_view method, const std::vector<boost::json::array>& params);
    [[nodiscard]] const std::string& url() const { return url_; }

  private:
    struct Connection;
    Result<boost::json::value> post(const std::string& body);
    Result<std::string> exchange(const std::string& body);

    std::string url_;
    uint64_t timeout_ms_;
    uint64_t next_id_ = 1;
    std::unique_ptr<Connection> connection_;
};

// What the commands ask. Quantities are hexadecimal, as Ethereum's JSON has them.
Result<U256> quantity_of(const boost::json::value& value);
Result<U256> ask_quantity(RpcClient& client, std::string_view method,
                          boost::json::array params = {});
Result<uint64_t> ask_number(RpcClient& client, std::string_view method,
                            boost::json::array params = {});
/// Null until the transaction is in a block.
Result<std::optional<boost::json::object>> ask_receipt(RpcClient& client, const Hash32& hash);

}  // namespace holdfast::app
