// holdfast status: what running nodes say about themselves, side by side.
#include <filesystem>
#include <map>
#include <memory>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "app/cluster_folder.h"
#include "app/commands.h"
#include "app/rpc_client.h"

namespace holdfast::app {
namespace {

namespace json = boost::json;
constexpr uint64_t patience_ms = 3'000;

/// A field by its path, as text: numbers may be JSON numbers or hexadecimal quantities.
std::string field(const json::value& value, std::initializer_list<std::string_view> path) {
    const json::value* at = &value;
    for (const std::string_view name : path) {
        const json::object* object = at->if_object();
        at = object == nullptr ? nullptr : object->if_contains(name);
        if (at == nullptr || at->is_null()) return "-";
    }
    if (const json::string* text = at->if_string()) {
        const auto number =
            text->starts_with("0x") && text->size() <= 18 ? U256::parse(*text) : std::nullopt;
        return number ? number->to_decimal() : std::string(*text);
    }
    return json::serialize(*at);
}

struct Asked {
    std::string endpoint;
    Result<json::value> status;
};

void print_table(const std::vector<Asked>& all) {
    fmt::print("{:<22} {:<5} {:<9} {:<10} {:>6} {:>7} {:>9} {:>9} {:>9} {:>8}  {}\n", "endpoint",
               "node", "state", "role", "view", "leader", "head", "final", "certified", "pending",
               "trouble");
    std::map<std::string, std::map<std::string, std::string>> hash_at;  // head -> hash -> who
    for (const Asked& asked : all) {
        if (!asked.status) {
            fmt::print("{:<22} {}\n", asked.endpoint, explain(asked.status.error()));
            continue;
        }
        const json::value& status = *asked.status;
        const std::string trouble = field(status, {"trouble"});
        const std::string note = field(status, {"agreement", "note"});
        const std::string head = field(status, {"head", "number"});
        fmt::print("{:<22} {:<5} {:<9} {:<10} {:>6} {:>7} {:>9} {:>9} {:>9} {:>8}  {}\n",
                   asked.endpoint, field(status, {"self"}), field(status, {"state"}),
                   field(status, {"agreement", "role"}), field(status, {"agreement", "view"}),
                   field(status, {"agreement", "leader"}), head,
                   field(status, {"agreement", "final"}), field(status, {"certified"}),
                   field(status, {"pending"}),
                   trouble != "-" && !trouble.empty() ? trouble : (note == "-" ? "" : note));
        hash_at[head][field(status, {"head", "hash"})] += " " + asked.endpoint;
    }
    for (const auto& [head, hashes] : hash_at)
        if (hashes.size() > 1)
            fmt::print("THE NODES DISAGREE about block {}: see docs/operations.md\n", head);
}

ExitCode show_status(std::vector<std::string> endpoints, const std::string& folder, bool as_json) {
    if (!folder.empty())
        for (const ClusterNode& node : cluster_nodes(folder)) endpoints.push_back(node.api);
    if (endpoints.empty()) endpoints.emplace_back("127.0.0.1:8545");
    std::vector<Asked> all;
    bool all_answer = true;
    for (const std::string& endpoint : endpoints) {
        RpcClient client(endpoint, patience_ms);
        all.push_back({.endpoint = client.url(), .status = client.call("holdfast_status")});
        all_answer = all_answer && all.back().status.has_value();
    }
    if (as_json) {
        json::array list;
        for (const Asked& asked : all)
            list.push_back(json::object{
                {"endpoint", asked.endpoint},
                {asked.status ? "status" : "error",
                 asked.status ? *asked.status : json::value(describe(asked.status.error()))}});
        fmt::print("{}\n", json::serialize(list));
    } else {
        print_table(all);
    }
    return all_answer ? ExitCode::ok : ExitCode::failed;
}

}  // namespace

void add_status_command(CLI::App& app, Run& chosen) {
    struct Options {
        std::vector<std::string> endpoints;
        std::string folder;
        bool json = false;
    };
    auto options = std::make_shared<Options>();
    CLI::App* command = app.add_subcommand("status", "ask running nodes how they are");
    command->add_option("--rpc", options->endpoints, "host:port of a node's API; may be repeated");
    command->add_option("--cluster", options->folder,
                        "a folder that `holdfast init` made: all its nodes");
    command->add_flag("--json", options->json, "everything, for machines");
    command->callback([options, &chosen] {
        chosen = [options] {
            return show_status(options->endpoints, options->folder, options->json);
        };
    });
}

}  // namespace holdfast::app
