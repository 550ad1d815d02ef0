// Beginning: a new ledger with its nodes, a new member of an old one, and a member that lost its
// disk.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "app/config.h"
#include "chain/genesis.h"

namespace holdfast::app {

namespace errc {
inline constexpr Errc init_exists{"init.exists"};
inline constexpr Errc init_invalid{"init.invalid"};  ///< an option has an impossible value
inline constexpr Errc init_other_ledger{"init.other_ledger"};  ///< the node asked keeps another
}  // namespace errc

inline constexpr size_t nodes_max = 100;

struct InitOptions {
    std::filesystem::path out;
    std::optional<size_t> nodes;  ///< null: as few as survive one: 4, with raft 3
    std::string engine = "bft";
    std::string policy;         ///< of bft; empty: poa
    uint64_t epoch_blocks = 0;  ///< of bft; 0: genesis' default
    uint64_t chain_id = 31337;
    bool dev = false;  ///< the well-known accounts are funded and are the operators
    std::string host = "127.0.0.1";
    uint16_t port_base = 8545;       ///< node i takes port_base + 10 (i - 1) and the two after it
    std::vector<std::string> alloc;  ///< "ADDRESS=ETHER"
};
/// genesis.json and node1 .. nodeN, each with config.toml, keys/ and a data folder that holds block
/// 0 and a newborn's journal.
Status init_ledger(const InitOptions& options);

struct JoinOptions {
    std::filesystem::path out;
    std::filesystem::path genesis;
    uint64_t id = 0;
    std::string host = "127.0.0.1";
    uint16_t port_base = 8545;
    std::string rpc;  ///< a running node's API, to ask who the members are now; empty: none asked
};
struct Joined {
    chain::Member member;
    std::filesystem::path config;
};
/// A folder for a member to be, which is then proposed with `holdfast member add`. Errors beside
/// those of init_ledger: errc::init_other_ledger, errc rpc.*.
Result<Joined> init_join(const JoinOptions& options);

/// A founding member whose folder holds configuration, keys and a genesis made elsewhere: block 0
/// and a newborn's journal. Errors: errc::init_exists if the data folder has either already,
/// errc::not_a_member if genesis does not list this node with these keys.
Status init_found(const Config& config);

enum class Discard : uint8_t { nothing, everything };
/// A member whose journal is gone gets one that says so; a missing store begins at genesis again.
/// Returns what was done, in one line. Errors: journal.exists if nothing is missing.
Result<std::string> init_rejoin(const Config& config, Discard discard);

/// Errors: errc genesis.*.
Result<chain::Genesis> read_genesis(const std::filesystem::path& file);

/// Where journal and store of a data folder are.
std::filesystem::path journal_folder(const std::filesystem::path& data);
std::filesystem::path store_folder(const std::filesystem::path& data);

}  // namespace holdfast::app
