// The configuration of one node: everything that two nodes may differ in. What they must agree on
// is in genesis. The words for the operator stand beside each field in config_fields.h; `holdfast
// config` prints them, and docs/operations.md holds what it prints.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/number.h"
#include "base/result.h"
#include "net/network.h"

namespace holdfast::app {

namespace errc {
inline constexpr Errc config_unreadable{"config.unreadable"};
inline constexpr Errc config_syntax{"config.syntax"};  ///< not TOML
inline constexpr Errc config_unknown_key{
    "config.unknown_key"};  ///< a slip would pass for a default
inline constexpr Errc config_wrong_type{"config.wrong_type"};
inline constexpr Errc config_invalid{"config.invalid"};  ///< out of range, not an endpoint
}  // namespace errc

struct Config {
    uint64_t id = 0;                                   ///< this node, as genesis knows it
    std::string genesis = "../genesis.json";           ///< relative to the configuration's folder
    std::string data = "data";                         ///< journal and store
    std::string voting_key = "keys/voting.key";        ///< signs votes and attestations
    std::string transport_key = "keys/transport.key";  ///< proves to peers who this is
    std::string report_key;     ///< of the account that pays for reports of guilt; empty: none
    std::string fee_recipient;  ///< empty: the member's operator account

    struct Listen {
        std::string peers;                         ///< where other nodes reach this one
        std::string api = "127.0.0.1:8545";        ///< for everybody; empty: none
        std::string operators = "127.0.0.1:8547";  ///< for the operator alone; empty: none
        std::string operator_token;                ///< file with what its callers must show
    } listen;

    /// The members as a running node named them: stands in for the ledger's own membership until
    /// the ledger here has reached that epoch of it.
    struct Bootstrap {
        uint64_t epoch = 0;
        std::vector<net::Peer> members;
    } bootstrap;

    struct Api {
        std::vector<std::string> hosts_allowed{"localhost", "127.0.0.1", "::1"};
        std::vector<std::string> origins_allowed;
        uint64_t connections_max = 4096;
        uint64_t request_bytes_max = 2'097'152;
        uint64_t batch_max = 1000;
        uint64_t subscriptions_max = 64;
        uint64_t filters_max = 4096;
        uint64_t request_timeout_ms = 30'000;
    } api;

    struct Mempool {
        uint64_t transactions_max = 65'536;
        uint64_t bytes_max = 64 << 20;
        uint64_t per_sender_max = 4096;
        uint64_t nonce_ahead_max = 4096;
        uint64_t replace_percent = 10;
    } mempool;

    struct Store {
        uint64_t blocks_kept = 0;  ///< 0: all
        uint64_t cache_bytes = 64 << 20;
        uint64_t write_buffer_bytes = 32 << 20;
    } store;

    struct Queues {
        uint64_t messages_max = 16'384;
        uint64_t calls_max = 65'536;
    } queues;

    struct Threads {
        uint64_t verify = 0;  ///< 0: as many as the machine has
    } threads;

    struct Log {
        std::string level = "info";
        std::string format = "text";
    } log;

    /// Of the file that it was read from: relative paths begin there.
    std::filesystem::path folder = ".";

    [[nodiscard]] std::filesystem::path path(const std::string& relative) const {
        return (folder / relative).lexically_normal();
    }
};

/// Errors: errc::config_*, each naming the line or the key.
Result<Config> parse_config(std::string_view toml);
Result<Config> read_config(const std::filesystem::path& file);
/// Every key with its words and this configuration's value: the reference, and what `init` writes.
std::string config_to_toml(const Config& config);

struct Endpoint {
    std::string host;
    uint16_t port = 0;
};
/// "host:port", "[v6]:port". Errors: errc::config_invalid.
Result<Endpoint> parse_endpoint(std::string_view text);

}  // namespace holdfast::app
