// holdfast init: a new ledger, a new member's folder, or a lost journal marked as such.
#include <memory>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "app/commands.h"
#include "app/init.h"

namespace holdfast::app {
namespace {

struct InitArguments {
    InitOptions ledger;
    std::string out, genesis, config, data, rpc;
    bool found = false, join = false, rejoin = false, discard = false;
    uint64_t id = 0;
};

ExitCode begin_ledger(const InitArguments& options) {
    InitOptions ledger = options.ledger;
    ledger.out = options.out;
    if (auto ok = init_ledger(ledger); !ok) return report(ok.error());
    fmt::print(
        "{0}/genesis.json and a folder for each node are made; start each with\n"
        "  holdfast node --config {0}/node1/config.toml\n",
        options.out);
    return ExitCode::ok;
}

ExitCode begin_member(const InitArguments& options) {
    const auto joined = init_join({.out = options.out,
                                   .genesis = options.genesis,
                                   .id = options.id,
                                   .host = options.ledger.host,
                                   .port_base = options.ledger.port_base,
                                   .rpc = options.rpc});
    if (!joined) return report(joined.error());
    const chain::Member& member = joined->member;
    fmt::print(
        "{} is made. Have more than half of the members' operators run:\n"
        "  holdfast member add --id {} --voting-key {} \\\n"
        "    --transport-key {} \\\n"
        "    --account {} --endpoint {} --key OPERATOR_KEY\n"
        "then start it with\n  holdfast node --config {}\n",
        options.out, member.id, to_hex0x(member.voting_key.view()),
        to_hex0x(member.transport_key.view()), to_hex0x(member.operator_account.view()),
        member.endpoint, joined->config.string());
    return ExitCode::ok;
}

ExitCode begin_founder(const InitArguments& options) {
    const auto config = read_config(options.config);
    if (!config) return report(config.error());
    if (auto ok = init_found(*config); !ok) return report(ok.error());
    fmt::print(
        "node {} has block 0 and an empty journal; start it with\n"
        "  holdfast node --config {}\n",
        config->id, options.config);
    return ExitCode::ok;
}

ExitCode begin_again(const InitArguments& options) {
    std::filesystem::path data = options.data;
    if (!data.has_filename()) data = data.parent_path();  // "node1/data/"
    const std::filesystem::path file = options.config.empty()
                                           ? data.parent_path() / "config.toml"
                                           : std::filesystem::path(options.config);
    const auto config = read_config(file);
    if (!config) return report(config.error());
    const auto done =
        init_rejoin(*config, options.discard ? Discard::everything : Discard::nothing);
    if (!done) return report(done.error());
    fmt::print("node {}: {}\n", config->id, *done);
    return ExitCode::ok;
}

}  // namespace

void add_ledger_options(CLI::App& command, InitOptions& options) {
    command.add_option("--engine", options.engine, "how they agree: bft, raft, paxos")
        ->capture_default_str();
    command.add_option("--policy", options.policy,
                       "of bft, who takes part: poa (default), pos, dpos");
    command.add_option("--epoch-blocks", options.epoch_blocks,
                       "of bft: after so many blocks the members may change (default 256)");
}

void add_init_command(CLI::App& app, Run& chosen) {
    auto options = std::make_shared<InitArguments>();
    CLI::App* command =
        app.add_subcommand("init", "begin a ledger, a new member, or a lost disk anew");
    command->add_option("--out", options->out, "folder to make");
    command->add_option("--nodes", options->ledger.nodes,
                        "members of the new ledger (default 4, with raft 3)");
    add_ledger_options(*command, options->ledger);
    command->add_option("--chain-id", options->ledger.chain_id, "for wallets and signatures")
        ->capture_default_str();
    command->add_flag("--dev", options->ledger.dev,
                      "fund the ten well-known development accounts; never for real value");
    command->add_option("--host", options->ledger.host, "address that all nodes listen on")
        ->capture_default_str();
    command
        ->add_option("--port-base", options->ledger.port_base,
                     "node i: API at base + 10 (i - 1), peers and operator behind it")
        ->capture_default_str();
    command->add_option("--alloc", options->ledger.alloc, "ADDRESS=ETHER: funds at the beginning");
    command->add_flag("--join", options->join, "a folder for a member to be: with --genesis, --id");
    command->add_option("--genesis", options->genesis, "genesis.json of the ledger to join");
    command->add_option("--id", options->id, "number of the new member, never used before");
    command->add_option("--rpc", options->rpc,
                        "with --join: host:port of a node's API, to ask who the members are now");
    command->add_flag("--found", options->found,
                      "block 0 and a journal for a member that genesis lists: with --config");
    command->add_flag("--rejoin", options->rejoin,
                      "this member's journal is gone: with --config or --data");
    command->add_option("--config", options->config,
                        "config.toml of the node that rejoins or founds");
    command->add_option("--data", options->data, "its data folder, with config.toml beside it");
    command->add_flag("--discard", options->discard,
                      "with --rejoin: set journal and store aside even if they look whole");
    command->callback([options, &chosen] {
        if (options->rejoin) {
            if (options->config.empty() == options->data.empty())
                throw CLI::ValidationError("--rejoin", "give --config or --data");
            chosen = [options] { return begin_again(*options); };
            return;
        }
        if (options->found) {
            if (options->config.empty()) throw CLI::RequiredError("--config");
            chosen = [options] { return begin_founder(*options); };
            return;
        }
        if (options->out.empty()) throw CLI::RequiredError("--out");
        if (options->join && options->genesis.empty()) throw CLI::RequiredError("--genesis");
        chosen = [options] {
            return options->join ? begin_member(*options) : begin_ledger(*options);
        };
    });
}

}  // namespace holdfast::app
