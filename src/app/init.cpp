// `holdfast init` in its three forms.
#include "app/init.h"

#include <algorithm>

#include <fmt/format.h>

#include "app/bootstrap.h"
#include "app/development.h"
#include "app/keys.h"
#include "app/running_node.h"
#include "journal/journal.h"
#include "ledger/ledger.h"
#include "storage/files.h"
#include "storage/rocks_store.h"

namespace holdfast::app {
namespace {

namespace fs = std::filesystem;
constexpr size_t genesis_bytes_max = 64 << 20;
constexpr uint64_t development_ether = 10'000;
constexpr uint64_t operator_ether = 1'000;  ///< pays for membership transactions
constexpr uint16_t ports_per_node = 10;

Status make_folder(const fs::path& folder) {
    std::error_code error;
    fs::create_directories(folder, error);
    if (error)
        return fail(storage::errc::cannot_write,
                    fmt::format("{}: {}", folder.string(), error.message()));
    return {};
}

Status create_store(const fs::path& data, const chain::Genesis& genesis) {
    if (auto ok = make_folder(store_folder(data)); !ok) return ok;
    auto store = storage::open_rocks_store(store_folder(data), {.create = true});
    if (!store) return std::unexpected(store.error());
    if (auto ok = ledger::Ledger::create(**store, genesis); !ok) return ok;
    (*store)->flush();
    return {};
}

Status create_journal(const fs::path& data, const chain::Genesis& genesis, NodeId id,
                      journal::Birth birth) {
    if (auto ok = make_folder(journal_folder(data)); !ok) return ok;
    auto device = storage::open_journal_folder(journal_folder(data));
    if (!device) return std::unexpected(device.error());
    return journal::Journal::create(**device, {.genesis = chain::genesis_hash(genesis), .node = id},
                                    birth, random_number());
}

struct NewNode {
    NodeId id;
    crypto::NodeSeed voting = new_node_key();
    crypto::NodeSeed transport = new_node_key();
    crypto::SecretKey operator_key = new_account_key();
    std::string host;
    uint16_t port = 0;  ///< of the API; peers and operator follow

    [[nodiscard]] std::string endpoint(unsigned offset) const {
        return fmt::format("{}:{}", host.contains(':') ? "[" + host + "]" : host, port + offset);
    }
    [[nodiscard]] chain::Member member() const {
        return {.id = id,
                .voting_key = crypto::NodeKey(voting).public_key(),
                .transport_key = crypto::NodeKey(transport).public_key(),
                .operator_account = account_of(operator_key),
                .endpoint = endpoint(1)};
    }
};

Status write_node(const fs::path& folder, const std::string& genesis_path, const NewNode& node,
                  const chain::Genesis& genesis, Config::Bootstrap bootstrap = {}) {
    if (auto ok = make_folder(folder / "keys"); !ok) return ok;
    fs::permissions(folder / "keys", fs::perms::owner_all);
    Config config;
    config.id = node.id.value;
    config.genesis = genesis_path;
    config.bootstrap = std::move(bootstrap);
    if (genesis.engine == chain::EngineKind::bft) config.report_key = "keys/operator.key";
    config.listen = {.peers = node.endpoint(1),
                     .api = node.endpoint(0),
                     .operators = fmt::format("127.0.0.1:{}", node.port + 2)};
    if (auto ok = write_key(folder / config.voting_key, node.voting.view()); !ok) return ok;
    if (auto ok = write_key(folder / config.transport_key, node.transport.view()); !ok) return ok;
    if (auto ok = write_key(folder / "keys/operator.key", node.operator_key.view()); !ok) return ok;
    if (auto ok = create_store(folder / config.data, genesis); !ok) return ok;
    if (auto ok = create_journal(folder / config.data, genesis, node.id, journal::Birth::newborn);
        !ok)
        return ok;
    // Last: a folder with a configuration is a whole one.
    return storage::write_file(folder / "config.toml", view_of(config_to_toml(config)), 0644);
}

Status check_ports(uint16_t port_base, size_t nodes) {
    if (port_base == 0 || port_base + nodes * ports_per_node > 65'535)
        return fail(errc::init_invalid,
                    fmt::format("--port-base {}: each node takes {} ports below 65536", port_base,
                                ports_per_node));
    return {};
}

Status add_alloc(chain::Genesis& genesis, const std::string& text) {
    const size_t equals = text.find('=');
    const auto address = fixed_from_hex<Address>(std::string_view(text).substr(0, equals));
    const auto amount =
        equals == std::string::npos ? std::nullopt : U256::parse(text.substr(equals + 1));
    if (!address || !amount || !amount->fits_u64())
        return fail(errc::init_invalid, fmt::format("--alloc {}: give ADDRESS=ETHER", text));
    genesis.alloc[*address].balance = ether(amount->low64());
    return {};
}

Result<chain::Genesis> make_genesis(const InitOptions& options, size_t count,
                                    std::vector<NewNode>& nodes) {
    const auto engine = chain::engine_kind_from(options.engine);
    if (!engine || *engine == chain::EngineKind::pow)
        return fail(Errc{"config.engine_missing"}, fmt::format("\"{}\"", options.engine));
    chain::Genesis genesis;
    if (!options.policy.empty()) {
        const auto policy = chain::policy_from(options.policy);
        if (!policy || *engine != chain::EngineKind::bft)
            return fail(
                errc::init_invalid,
                fmt::format("--policy {}: poa, pos or dpos, with --engine bft", options.policy));
        genesis.bft.policy = *policy;
    }
    if (options.epoch_blocks != 0) genesis.bft.epoch_blocks = options.epoch_blocks;
    genesis.chain_id = options.chain_id;
    genesis.engine = *engine;
    genesis.dev = options.dev;
    const auto accounts = development_accounts();
    if (options.dev)
        for (const DevelopmentAccount& account : accounts)
            genesis.alloc[account.address].balance = ether(development_ether);
    for (size_t i = 0; i < count; ++i) {
        NewNode node{.id = NodeId(i + 1),
                     .host = options.host,
                     .port = static_cast<uint16_t>(options.port_base + i * ports_per_node)};
        if (options.dev) node.operator_key = accounts[i % accounts.size()].key;
        genesis.members.members.push_back(node.member());
        if (!options.dev)
            genesis.alloc[account_of(node.operator_key)].balance = ether(operator_ether);
        nodes.push_back(std::move(node));
    }
    for (const std::string& text : options.alloc)
        if (auto ok = add_alloc(genesis, text); !ok) return std::unexpected(ok.error());
    if (auto ok = check_no_well_known(genesis); !ok) return std::unexpected(ok.error());
    // What every node will do with the file is done here first: no ledger begins on a genesis that
    // its own nodes refuse.
    return chain::parse_genesis(chain::genesis_to_json(genesis));
}

}  // namespace

fs::path journal_folder(const fs::path& data) {
    return data / "journal";
}
fs::path store_folder(const fs::path& data) {
    return data / "store";
}

Result<chain::Genesis> read_genesis(const fs::path& file) {
    auto bytes = storage::read_file(file, genesis_bytes_max);
    if (!bytes) return fail(Errc{"genesis.unreadable"}, bytes.error().detail);
    auto genesis = chain::parse_genesis(text_of(*bytes));
    if (!genesis)
        return fail(genesis.error().code,
                    fmt::format("{}: {}", file.string(), genesis.error().detail));
    return genesis;
}

Status init_ledger(const InitOptions& options) {
    const size_t count = options.nodes.value_or(options.engine == "bft" ? 4 : 3);
    if (count == 0 || count > nodes_max)
        return fail(errc::init_invalid, fmt::format("--nodes {}: from 1 to {}", count, nodes_max));
    if (auto ok = check_ports(options.port_base, count); !ok) return ok;
    if (fs::exists(options.out / "genesis.json"))
        return fail(errc::init_exists, (options.out / "genesis.json").string());
    std::vector<NewNode> nodes;
    const auto genesis = make_genesis(options, count, nodes);
    if (!genesis) return std::unexpected(genesis.error());
    if (auto ok = make_folder(options.out); !ok) return ok;
    for (const NewNode& node : nodes) {
        const fs::path folder = options.out / fmt::format("node{}", node.id);
        if (auto ok = write_node(folder, "../genesis.json", node, *genesis); !ok) return ok;
    }
    // Last again: with genesis.json in place the whole ledger is.
    return storage::write_file(options.out / "genesis.json",
                               view_of(chain::genesis_to_json(*genesis)), 0644);
}

Result<Joined> init_join(const JoinOptions& options) {
    if (auto ok = check_ports(options.port_base, 1); !ok) return std::unexpected(ok.error());
    if (options.id == 0) return fail(errc::init_invalid, "--id: members count from 1");
    const auto genesis = read_genesis(options.genesis);
    if (!genesis) return std::unexpected(genesis.error());
    if (genesis->members.find(NodeId(options.id)) != nullptr)
        return fail(errc::init_invalid,
                    fmt::format("--id {}: a member of genesis has it, and ids are never used again",
                                options.id));
    if (fs::exists(options.out / "config.toml"))
        return fail(errc::init_exists, (options.out / "config.toml").string());
    Config::Bootstrap bootstrap;
    if (!options.rpc.empty()) {
        RpcClient client(options.rpc);
        auto asked = ask_bootstrap(client, chain::genesis_hash(*genesis));
        if (!asked) return std::unexpected(asked.error());
        bootstrap = std::move(*asked);
        if (std::ranges::find(bootstrap.members, NodeId(options.id), &net::Peer::id) !=
            bootstrap.members.end())
            return fail(errc::init_invalid, fmt::format("--id {}: a member has it", options.id));
    }
    const NewNode node{.id = NodeId(options.id), .host = options.host, .port = options.port_base};
    // Written beside the configuration, so that the folder can be carried to another machine whole.
    if (auto ok = make_folder(options.out); !ok) return std::unexpected(ok.error());
    if (auto ok = storage::write_file(options.out / "genesis.json",
                                      view_of(chain::genesis_to_json(*genesis)), 0644);
        !ok)
        return std::unexpected(ok.error());
    if (auto ok = write_node(options.out, "genesis.json", node, *genesis, std::move(bootstrap));
        !ok)
        return std::unexpected(ok.error());
    return Joined{.member = node.member(), .config = options.out / "config.toml"};
}

namespace {

/// Out of the way under a name that is free; kept for whoever wants to look.
Status set_aside(const fs::path& folder) {
    std::error_code error;
    if (!fs::exists(folder, error)) return {};
    for (unsigned number = 1; number < 1000; ++number) {
        const fs::path aside = folder.string() + fmt::format(".discarded-{}", number);
        if (fs::exists(aside, error)) continue;
        fs::rename(folder, aside, error);
        if (!error) return {};
        break;
    }
    return fail(storage::errc::cannot_write,
                fmt::format("{} cannot be renamed: {}", folder.string(), error.message()));
}

/// Is there a journal of this node that still knows what it promised?
Result<bool> journal_is_whole(const fs::path& data, const journal::Identity& identity) {
    std::error_code error;
    if (!fs::exists(journal_folder(data), error)) return false;
    auto device = storage::open_journal_folder(journal_folder(data));
    if (!device) return std::unexpected(device.error());
    journal::Journal journal(**device);
    const auto recovered = journal.open(identity, random_number());
    if (recovered) return true;
    if (recovered.error().code == journal::errc::missing) return false;
    return std::unexpected(recovered.error());
}

bool store_is_there(const fs::path& data) {
    std::error_code error;
    return fs::exists(store_folder(data) / "CURRENT", error);
}

}  // namespace

// Each founder does this on a machine of its own: nobody else ever sees its keys.
Status init_found(const Config& config) {
    const auto genesis = read_genesis(config.path(config.genesis));
    if (!genesis) return std::unexpected(genesis.error());
    if (auto ok = check_no_well_known(*genesis); !ok) return ok;
    const auto keys = read_keys(config, *genesis);
    if (!keys) return std::unexpected(keys.error());
    const NodeId self(config.id);
    if (genesis->members.find(self) == nullptr)
        return fail(errc::not_a_member, fmt::format("genesis does not list member {}", self));
    if (auto ok = check_membership(self, *keys, genesis->members); !ok) return ok;

    const fs::path data = config.path(config.data);
    if (auto ok = make_folder(data); !ok) return ok;
    const auto lock = storage::FolderLock::take(data);
    if (!lock) return std::unexpected(lock.error());
    std::error_code error;
    for (const fs::path& folder : {store_folder(data), journal_folder(data)})
        if (fs::exists(folder, error)) return fail(errc::init_exists, folder.string());
    if (auto ok = create_store(data, *genesis); !ok) return ok;
    return create_journal(data, *genesis, self, journal::Birth::newborn);
}

Result<std::string> init_rejoin(const Config& config, Discard discard) {
    const auto genesis = read_genesis(config.path(config.genesis));
    if (!genesis) return std::unexpected(genesis.error());
    const fs::path data = config.path(config.data);
    const journal::Identity identity{.genesis = chain::genesis_hash(*genesis),
                                     .node = NodeId(config.id)};
    if (auto ok = make_folder(data); !ok) return std::unexpected(ok.error());
    const auto lock = storage::FolderLock::take(data);
    if (!lock) return std::unexpected(lock.error());

    const bool has_store = store_is_there(data) && discard == Discard::nothing;
    if (has_store) {
        const auto whole = journal_is_whole(data, identity);
        if (!whole) return std::unexpected(whole.error());
        if (*whole) return fail(journal::errc::exists, "journal and store are there");
    }
    // A journal without the store that it belongs to is no use: the records that led up to it are
    // forgotten. Both begin again, and the node does not vote until it is safely past its promises.
    if (!has_store)
        if (auto ok = set_aside(store_folder(data)); !ok) return std::unexpected(ok.error());
    if (auto ok = set_aside(journal_folder(data)); !ok) return std::unexpected(ok.error());
    if (!has_store)
        if (auto ok = create_store(data, *genesis); !ok) return std::unexpected(ok.error());
    if (auto ok = create_journal(data, *genesis, identity.node, journal::Birth::rejoin); !ok)
        return std::unexpected(ok.error());
    return std::string(has_store ? "the journal is marked as lost; the store stays"
                                 : "the journal is marked as lost; the store begins at genesis and "
                                   "will be fetched from the other members");
}

}  // namespace holdfast::app
