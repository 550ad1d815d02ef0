// Keeping nodes as children.
#include "app/local_cluster.h"

#include <chrono>
#include <csignal>
#include <fstream>
#include <iterator>
#include <thread>

#include <fmt/format.h>

#include "app/development.h"
#include "app/init.h"
#include "base/check.h"

namespace holdfast::app {
namespace {

constexpr uint64_t stop_patience_ms = 20'000;
constexpr uint64_t ask_timeout_ms = 1'000;
constexpr size_t last_words_bytes = 600;

}  // namespace

LocalCluster::LocalCluster(std::filesystem::path folder)
    : folder_(std::move(folder)), nodes_(cluster_nodes(folder_)) {}

std::vector<std::string> LocalCluster::endpoints() const {
    std::vector<std::string> all;
    all.reserve(nodes_.size());
    for (const ClusterNode& node : nodes_) all.push_back(node.api);
    return all;
}

const ClusterNode& LocalCluster::node(uint64_t id) const {
    const auto found = std::ranges::find(nodes_, id, &ClusterNode::id);
    CHECK(found != nodes_.end(), "only nodes of the folder are named");
    return *found;
}

Status LocalCluster::start(uint64_t id) {
    auto process =
        Process::start({"node", "--config", node(id).config_file.string()}, log_of(node(id)));
    if (!process) return std::unexpected(process.error());
    processes_.insert_or_assign(id, std::move(*process));
    return {};
}

Status LocalCluster::start_all() {
    for (const ClusterNode& node : nodes_)
        if (auto ok = start(node.id); !ok) return ok;
    return {};
}

void LocalCluster::kill(uint64_t id) {
    const auto found = processes_.find(id);
    if (found == processes_.end()) return;
    found->second.kill();
    processes_.erase(found);
}

bool LocalCluster::stop_all() {
    for (const auto& [id, process] : processes_) process.send_signal(SIGTERM);
    bool all_clean = true;
    for (auto& [id, process] : processes_) {
        // The signal has been sent; a second one would mean "at once".
        for (uint64_t waited = 0; waited < stop_patience_ms && !process.ended(); waited += 10)
            std::this_thread::sleep_for(std::chrono::milliseconds(10));
        const auto status = process.ended();
        if (!status || *status != 0) all_clean = false;
        process.kill();
    }
    processes_.clear();
    return all_clean;
}

std::vector<std::pair<uint64_t, std::string>> LocalCluster::take_ended() {
    std::vector<std::pair<uint64_t, std::string>> ended;
    for (auto& [id, process] : processes_)
        if (const auto status = process.ended()) ended.emplace_back(id, describe_end(*status));
    for (const auto& [id, how] : ended) processes_.erase(id);
    return ended;
}

Status LocalCluster::wait_ready(uint64_t patience_ms) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(patience_ms);
    while (std::chrono::steady_clock::now() < deadline) {
        if (const auto ended = take_ended(); !ended.empty())
            return fail(errc::not_ready, fmt::format("node {} ended with {}: {}", ended[0].first,
                                                     ended[0].second, last_words(ended[0].first)));
        bool all = true;
        for (const auto& [id, process] : processes_) all = all && head(id).has_value();
        if (all && leader()) return {};
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    return fail(errc::not_ready, fmt::format("no leader within {} ms; the logs are {}/node*/log",
                                             patience_ms, folder_.string()));
}

std::optional<uint64_t> LocalCluster::leader() {
    std::optional<uint64_t> found;
    uint64_t newest = 0;
    for (const auto& [id, process] : processes_) {
        RpcClient client(node(id).api, ask_timeout_ms);
        const auto status = client.call("holdfast_status");
        if (!status) continue;
        boost::system::error_code none;
        const auto number = [&](const char* path) -> uint64_t {
            const boost::json::value* at = status->find_pointer(path, none);
            return at != nullptr && at->is_number() ? at->to_number<uint64_t>(none) : 0;
        };
        // A deposed leader may not know it yet, nor its followers: the newest view counts.
        const uint64_t leader = number("/agreement/leader"), view = number("/agreement/view");
        if (leader == 0 || (found && view <= newest)) continue;
        found = leader;
        newest = view;
    }
    return found;
}

std::optional<uint64_t> LocalCluster::head(uint64_t id) {
    RpcClient client(node(id).api, ask_timeout_ms);
    const auto number = ask_number(client, "eth_blockNumber");
    if (!number) return std::nullopt;
    return *number;
}

std::string LocalCluster::last_words(uint64_t id) const {
    std::ifstream in(log_of(node(id)), std::ios::binary);
    std::string text((std::istreambuf_iterator<char>(in)), {});
    if (text.size() > last_words_bytes) text = text.substr(text.size() - last_words_bytes);
    return text;
}

void print_endpoints(const LocalCluster& cluster) {
    for (const ClusterNode& node : cluster.nodes())
        fmt::print("  node {:<2} JSON-RPC and WebSocket http://{}   log {}\n", node.id, node.api,
                   (node.folder / "log").string());
    const auto genesis =
        read_genesis(cluster.nodes().front().folder.parent_path() / "genesis.json");
    if (!genesis) return;
    fmt::print("\nChain id {}. ", genesis->chain_id);
    if (!genesis->dev) {
        fmt::print("Accounts funded: see genesis.json.\n");
        return;
    }
    fmt::print("Funded for development (everybody knows these keys):\n");
    for (const DevelopmentAccount& account : development_accounts())
        fmt::print("  {}  {}\n", to_hex0x(account.address.view()), to_hex0x(account.key.view()));
}

}  // namespace holdfast::app
