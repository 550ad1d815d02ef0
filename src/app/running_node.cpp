// Starting and stopping one node. What is opened last is closed first; the core loop ends before
// what its events use.
#include "app/running_node.h"

#include <thread>

#include "app/development.h"
#include "app/init.h"
#include "app/keys.h"
#include "base/check.h"
#include "consensus/bft/bft.h"
#include "consensus/paxos/paxos.h"
#include "consensus/raft/raft.h"
#include "storage/buffered_store.h"
#include "storage/rocks_store.h"

namespace holdfast::app {
namespace {

Duration milliseconds(uint64_t count) {
    return Duration(static_cast<Duration::rep>(count) * 1000);
}

/// Of an engine for crash faults, by its configuration and the function that restores it.
template <class EngineConfig, class Restore>
node::EngineFactory crash_fault_factory(const chain::Parameters& parameters, NodeId self,
                                        Restore restore) {
    return [self, parameters, restore,
            seed = random_number()](const node::RestoreArguments& arguments) {
        const EngineConfig config{
            .self = self,
            .seed = seed,
            .incarnation = arguments.incarnation,
            .election_timeout = milliseconds(parameters.election_timeout_ms),
            .heartbeat = milliseconds(parameters.heartbeat_ms),
            .payload_bytes_max = parameters.payload_bytes_max,
        };
        return restore(config, arguments.base, arguments.records, arguments.health, arguments.now,
                       arguments.effects);
    };
}

node::EngineFactory bft_factory(const chain::Genesis& genesis, NodeId self,
                                const crypto::NodeSeed& voting_key) {
    bft::Config config = bft::config_for(genesis);
    config.self = self;
    config.voting_seed = voting_key;
    return [config](const node::RestoreArguments& arguments) mutable {
        config.seed = random_number();  // inquiries of one life must not be answered in another
        config.incarnation = arguments.incarnation;
        return bft::restore(config, arguments.base, arguments.records, arguments.health,
                            arguments.now, arguments.effects);
    };
}

}  // namespace

Result<node::EngineFactory> engine_factory(const chain::Genesis& genesis, NodeId self,
                                           const NodeKeys& keys) {
    switch (genesis.engine) {
        case chain::EngineKind::raft:
            return crash_fault_factory<raft::Config>(genesis.parameters, self, raft::restore);
        case chain::EngineKind::bft:
            return bft_factory(genesis, self, keys.voting);
        case chain::EngineKind::paxos:
            return crash_fault_factory<paxos::Config>(genesis.parameters, self, paxos::restore);
        case chain::EngineKind::pow:
            break;
    }
    return fail(errc::engine_missing, std::string(chain::to_string(genesis.engine)));
}

Result<NodeKeys> read_keys(const Config& config, const chain::Genesis& genesis) {
    const auto voting = read_node_key(config.path(config.voting_key));
    if (!voting) return std::unexpected(voting.error());
    const auto transport = read_node_key(config.path(config.transport_key));
    if (!transport) return std::unexpected(transport.error());
    if (*voting == *transport)
        return fail(errc::key_shared,
                    fmt::format("{} and {}", config.voting_key, config.transport_key));
    if (!genesis.dev && (is_well_known(*voting) || is_well_known(*transport)))
        return fail(errc::key_well_known, "one byte repeated 32 times");
    return NodeKeys{.voting = *voting, .transport = *transport};
}

Status check_membership(NodeId self, const NodeKeys& keys, const chain::MemberSet& members) {
    const auto voting = crypto::NodeKey(keys.voting).public_key();
    const auto transport = crypto::NodeKey(keys.transport).public_key();
    for (const chain::Member& member : members.members) {
        const bool same_voting = member.voting_key == voting;
        const bool same_transport = member.transport_key == transport;
        if (member.id != self && (same_voting || same_transport))
            return fail(members.find(self) == nullptr ? errc::not_a_member : errc::key_wrong_member,
                        fmt::format("the keys are member {}'s, the id is {}", member.id, self));
        if (member.id == self && !(same_voting && same_transport))
            return fail(
                errc::key_wrong_member,
                fmt::format(
                    "member {}'s {} key is {}", self, same_voting ? "transport" : "voting",
                    to_hex0x((same_voting ? member.transport_key : member.voting_key).view())));
    }
    return {};
}

RunningNode::RunningNode(Config config, Logger logger, chain::Genesis genesis, NodeKeys keys,
                         storage::FolderLock lock)
    : config_(std::move(config)),
      logger_(std::move(logger)),
      genesis_(std::move(genesis)),
      keys_(keys),
      lock_(std::move(lock)) {}

Result<std::unique_ptr<RunningNode>> RunningNode::start(Config config, Logger logger,
                                                        const EngineMaker& maker) {
    auto genesis = read_genesis(config.path(config.genesis));
    if (!genesis) return std::unexpected(genesis.error());
    if (auto ok = check_no_well_known(*genesis); !ok) return std::unexpected(ok.error());
    auto keys = read_keys(config, *genesis);
    if (!keys) return std::unexpected(keys.error());
    auto lock = storage::FolderLock::take(config.path(config.data));
    if (!lock) return std::unexpected(lock.error());

    std::unique_ptr<RunningNode> running(new RunningNode(
        std::move(config), std::move(logger), std::move(*genesis), *keys, std::move(*lock)));
    if (auto ok = running->open_storage(); !ok) return std::unexpected(ok.error());
    if (auto ok = running->open_network(); !ok) return std::unexpected(ok.error());
    if (auto ok = running->open_node(maker); !ok) return std::unexpected(ok.error());
    if (auto ok = running->open_api(); !ok) return std::unexpected(ok.error());
    return running;
}

Status RunningNode::open_storage() {
    const auto data = config_.path(config_.data);
    auto store = storage::open_rocks_store(
        store_folder(data), {.cache_bytes = config_.store.cache_bytes,
                             .write_buffer_bytes = config_.store.write_buffer_bytes});
    if (!store) return std::unexpected(store.error());
    store_ = storage::buffer_store(std::move(*store), config_.store.write_buffer_bytes / 4);
    std::error_code error;
    if (!std::filesystem::is_directory(journal_folder(data), error))
        return fail(journal::errc::missing, journal_folder(data).string());
    auto device = storage::open_journal_folder(journal_folder(data));
    if (!device) return std::unexpected(device.error());
    device_ = std::move(*device);
    journal_ = std::make_unique<journal::Journal>(*device_);

    size_t verifiers = config_.threads.verify;
    if (verifiers == 0) verifiers = std::max(1U, std::thread::hardware_concurrency());
    core_ = std::make_unique<CoreLoop>(clock_,
                                       CoreLoop::Limits{.messages_max = config_.queues.messages_max,
                                                        .calls_max = config_.queues.calls_max,
                                                        .verify_threads = verifiers});
    adapter_ = std::make_unique<NodeAdapter>(genesis_, config_.bootstrap, *store_, *core_, logger_);
    return {};
}

Status RunningNode::open_network() {
    const NodeId self(config_.id);
    const ledger::Reader reader = adapter_->reader();
    // A store without a ledger is named by Node::open; until then genesis' members will do.
    const auto members = reader.members(reader.head()).value_or(genesis_.members);
    if (auto ok = check_membership(self, keys_, members); !ok) return ok;
    if (members.find(self) == nullptr)
        logger_.warn(
            "app",
            "node {} is no member as far as this node's ledger goes; it reads along as far as "
            "members let it in, and takes part once it has a seat",
            self);
    net::NetworkConfig network{.identity = {.genesis = adapter_->genesis_hash(),
                                            .self = self,
                                            .incarnation = random_number()},
                               .transport_seed = keys_.transport,
                               .listen = config_.listen.peers,
                               .limits = {}};
    auto started = net::Network::start(
        std::move(network), peers_of({.members = members, .followers = {}}, config_.bootstrap),
        {.received =
             [this](NodeId from, Buffer message) {
                 core_->post(Source::message, [this, from, message = std::move(message)] {
                     node_->on_message(from, message);
                 });
             },
         .link_changed =
             [this](NodeId peer, bool connected) {
                 logger_.info("net", "node {} is {}", peer, connected ? "connected" : "away");
             },
         // Said in the log already; the copy that called is the one to stop, and does.
         .own_key_seen = {},
         .own_endpoint_taken = [this](const std::string& where) { on_own_endpoint_taken(where); }},
        logger_);
    if (!started) return std::unexpected(started.error());
    network_ = std::move(*started);
    return {};
}

/// Two nodes with one key could vote against each other. The other one is where the members expect
/// it, so this one ends, and says where the other is.
void RunningNode::on_own_endpoint_taken(const std::string& where) {
    core_->post(Source::inner, [this, where] {
        if (reason_) return;
        reason_ = Error{.code = errc::node_duplicate, .detail = "seen at " + where};
        node_->stop(*reason_);
        core_->stop();
    });
}

Status RunningNode::open_node(const EngineMaker& maker) {
    const NodeId self(config_.id);
    auto engine = maker(genesis_, self, keys_);
    if (!engine) return std::unexpected(engine.error());
    const chain::Member* member = genesis_.members.find(self);
    std::optional<crypto::SecretKey> report_key;
    if (!config_.report_key.empty()) {
        auto key = read_account_key(config_.path(config_.report_key).string());
        if (!key) return std::unexpected(key.error());
        report_key = *key;
    }
    const Address fallback = member == nullptr ? Address{} : member->operator_account;
    node::Config config{
        .self = self,
        .voting_seed = keys_.voting,
        .fee_recipient = fixed_from_hex<Address>(config_.fee_recipient).value_or(fallback),
        .report_key = report_key,
        .fresh_incarnation = random_number(),
        .mempool = {.transactions_max = config_.mempool.transactions_max,
                    .bytes_max = config_.mempool.bytes_max,
                    .per_sender_max = config_.mempool.per_sender_max,
                    .nonce_ahead_max = config_.mempool.nonce_ahead_max,
                    .replace_percent = config_.mempool.replace_percent},
        .bootstrap = node_bootstrap(config_.bootstrap),
        .blocks_kept = config_.store.blocks_kept,
        .engine = std::move(*engine)};
    auto node = node::Node::open(std::move(config),
                                 {.transport = *network_,
                                  .lanes = *core_,
                                  .clock = clock_,
                                  .store = *store_,
                                  .journal = *journal_,
                                  .events = *adapter_,
                                  .logger = logger_},
                                 genesis_);
    if (!node) return std::unexpected(node.error());
    node_ = std::move(*node);
    adapter_->attach(*node_, *network_);
    return {};
}

Status RunningNode::open_api() {
    std::string token;
    if (!config_.listen.operator_token.empty()) {
        const auto key = read_node_key(config_.path(config_.listen.operator_token));
        if (!key) return std::unexpected(key.error());
        token = to_hex(key->view());
    }
    api::ServerConfig config{.listen = config_.listen.api,
                             .operator_listen = config_.listen.operators,
                             .hosts_allowed = config_.api.hosts_allowed,
                             .origins_allowed = config_.api.origins_allowed,
                             .operator_token = std::move(token),
                             .connections_max = config_.api.connections_max,
                             .request_bytes_max = config_.api.request_bytes_max,
                             .batch_max = config_.api.batch_max,
                             .subscriptions_max = config_.api.subscriptions_max,
                             .filters_max = config_.api.filters_max,
                             .request_timeout_ms = config_.api.request_timeout_ms};
    auto server = api::Server::start(std::move(config), *adapter_, logger_);
    if (!server) return std::unexpected(server.error());
    server_ = std::move(*server);
    return {};
}

std::optional<Error> RunningNode::run() {
    core_->loop({.on_tick = [this] { node_->on_tick(); },
                 .on_idle = [this] { node_->on_idle(); },
                 .deadline = [this] { return node_->deadline(); }});
    server_->stop();
    network_->stop();
    core_->stop_lanes();
    // A clean end makes the next start quick: nothing has to be executed again.
    store_->flush();
    return reason_;
}

RunningNode::~RunningNode() {
    // Also the way out of a start that failed half-way: whoever has threads first.
    if (server_) server_->stop();
    if (network_) network_->stop();
    if (core_) core_->stop_lanes();
}

}  // namespace holdfast::app
