// holdfast config, key and genesis: what can be said and made without a running node.
#include <memory>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "app/commands.h"
#include "app/config.h"
#include "app/init.h"
#include "app/keys.h"

namespace holdfast::app {
namespace {

ExitCode new_key(const std::string& kind, const std::string& out) {
    if (kind == "node") {
        const crypto::NodeSeed seed = new_node_key();
        if (auto ok = write_key(out, seed.view()); !ok) return report(ok.error());
        fmt::print("{}: public key {}\n", out, to_hex0x(crypto::NodeKey(seed).public_key().view()));
        return ExitCode::ok;
    }
    const crypto::SecretKey key = new_account_key();
    if (auto ok = write_key(out, key.view()); !ok) return report(ok.error());
    fmt::print("{}: account {}\n", out, to_hex0x(account_of(key).view()));
    return ExitCode::ok;
}

ExitCode show_key(const std::string& kind, const std::string& file) {
    if (kind == "node") {
        const auto seed = read_node_key(file);
        if (!seed) return report(seed.error());
        fmt::print("{}\n", to_hex0x(crypto::NodeKey(*seed).public_key().view()));
        return ExitCode::ok;
    }
    const auto key = read_account_key(file);
    if (!key) return report(key.error());
    fmt::print("{}\n", to_hex0x(account_of(*key).view()));
    return ExitCode::ok;
}

ExitCode show_genesis(const std::string& file, bool hash_only) {
    const auto genesis = read_genesis(file);
    if (!genesis) return report(genesis.error());
    const std::string hash = to_hex0x(chain::genesis_hash(*genesis).view());
    if (hash_only) {
        fmt::print("{}\n", hash);
        return ExitCode::ok;
    }
    fmt::print("hash      {}\nchain id  {}\nengine    {}\nfor       {}\naccounts  {}\n", hash,
               genesis->chain_id, chain::to_string(genesis->engine),
               genesis->dev ? "development" : "use", genesis->alloc.size());
    for (const chain::Member& member : genesis->members.members)
        fmt::print("member {:<3} {}  operator {}\n", member.id.value, member.endpoint,
                   to_hex0x(member.operator_account.view()));
    return ExitCode::ok;
}

}  // namespace

void add_config_command(CLI::App& app, Run& chosen) {
    auto file = std::make_shared<std::string>();
    CLI::App* command = app.add_subcommand("config", "print every setting with its meaning");
    command->add_option("--config", *file, "with the values of this file, which is checked");
    command->callback([file, &chosen] {
        chosen = [file] {
            const auto config = file->empty() ? Result<Config>(Config{}) : read_config(*file);
            if (!config) return report(config.error());
            fmt::print("{}", config_to_toml(*config));
            return ExitCode::ok;
        };
    });
}

void add_key_command(CLI::App& app, Run& chosen) {
    auto kind = std::make_shared<std::string>("node");
    auto file = std::make_shared<std::string>();
    CLI::App* command = app.add_subcommand("key", "make or show a key");
    command->require_subcommand(1);
    for (const bool makes : {true, false}) {
        CLI::App* verb = command->add_subcommand(
            makes ? "new" : "show",
            makes ? "make a key file, mode 0600" : "print what others may know of it");
        verb->add_option("--kind", *kind,
                         "node (Ed25519: voting, transport) or account (secp256k1)")
            ->check(CLI::IsMember({"node", "account"}))
            ->capture_default_str();
        verb->add_option("file", *file, makes ? "to write" : "to read")->required();
        verb->callback([kind, file, makes, &chosen] {
            chosen = [kind, file, makes] {
                return makes ? new_key(*kind, *file) : show_key(*kind, *file);
            };
        });
    }
}

void add_genesis_command(CLI::App& app, Run& chosen) {
    auto file = std::make_shared<std::string>("genesis.json");
    CLI::App* command = app.add_subcommand("genesis", "check and show a genesis file");
    command->require_subcommand(1);
    for (const bool hash_only : {false, true}) {
        CLI::App* verb = command->add_subcommand(
            hash_only ? "hash" : "show", hash_only ? "what nodes compare" : "in words, checked");
        verb->add_option("file", *file, "genesis.json")->capture_default_str();
        verb->callback([file, hash_only, &chosen] {
            chosen = [file, hash_only] { return show_genesis(*file, hash_only); };
        });
    }
}

}  // namespace holdfast::app
