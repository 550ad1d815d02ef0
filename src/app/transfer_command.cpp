// holdfast transfer: one transfer that waits for its receipt, or with --load very many.
#include <memory>
#include <thread>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "app/cluster_folder.h"
#include "app/commands.h"
#include "app/development.h"
#include "app/keys.h"
#include "app/load.h"

namespace holdfast::app {
namespace {

struct TransferArguments {
    std::vector<std::string> endpoints;
    std::string folder, to, value = "0", key;
    uint64_t wait_ms = 30'000;
    bool load = false, json = false;
    uint64_t seconds = 10;
    LoadOptions settings;
};

ExitCode transfer_once(const TransferArguments& options) {
    const auto key = read_account_key(options.key);
    if (!key) return report(key.error());
    const auto to = fixed_from_hex<Address>(options.to);
    const auto value = parse_amount(options.value);
    if (!to || !value) {
        fmt::print(stderr, "holdfast: --{} is not {}\n", to ? "value" : "to",
                   to ? "an amount: wei, or with gwei or ether behind it" : "an address");
        return ExitCode::usage;
    }
    RpcClient client(options.endpoints.front());
    const auto prepared = prepare(client, account_of(*key), *to, *value, {});
    if (!prepared) return report(prepared.error());
    const auto transaction = sign(*prepared, *key);
    if (!transaction) return report(transaction.error());
    const auto receipt = send_and_wait(client, *transaction, options.wait_ms);
    if (!receipt) return report(receipt.error());
    if (options.json) {
        fmt::print("{}\n", boost::json::serialize(*receipt));
        return ExitCode::ok;
    }
    const boost::json::value number = receipt->at("blockNumber");
    const auto height = quantity_of(number);
    fmt::print("{} is in block {}, for good\n", to_hex0x(transaction->hash.view()),
               height ? height->to_decimal() : boost::json::serialize(number));
    return ExitCode::ok;
}

ExitCode run_load(TransferArguments options) {
    options.settings.endpoints = options.endpoints;
    if (options.key.empty()) {
        for (const DevelopmentAccount& account : development_accounts())
            options.settings.keys.push_back(account.key);
    } else {
        const auto key = read_account_key(options.key);
        if (!key) return report(key.error());
        options.settings.keys.push_back(*key);
    }
    Load load(options.settings);
    load.start();
    uint64_t before = 0;
    for (uint64_t second = 0; second < options.seconds; ++second) {
        std::this_thread::sleep_for(std::chrono::seconds(1));
        const uint64_t now = load.acknowledged();
        if (!options.json)
            fmt::print(stderr, "{:>4} s  {:>7} a second\n", second + 1, now - before);
        before = now;
    }
    const LoadReport done = load.finish();
    const uint64_t rate =
        done.seconds > 0
            ? static_cast<uint64_t>(static_cast<double>(done.acknowledged) / done.seconds)
            : 0;
    if (options.json)
        fmt::print("{}\n", boost::json::serialize(
                               boost::json::object{{"sent", done.sent},
                                                   {"acknowledged", done.acknowledged},
                                                   {"unacknowledged", done.unacknowledged},
                                                   {"seconds", done.seconds},
                                                   {"per_second", rate},
                                                   {"silence_max_ms", done.silence_max_ms},
                                                   {"latency_p50_ms", done.latency_p50_ms},
                                                   {"latency_p99_ms", done.latency_p99_ms},
                                                   {"switches", done.switches},
                                                   {"last_error", done.last_error}}));
    else
        fmt::print(
            "{} acknowledged in {:.1f} s ({} a second), {} not; longest silence {} ms; half "
            "within {} ms, 99 of 100 within {} ms\n",
            done.acknowledged, done.seconds, rate, done.unacknowledged, done.silence_max_ms,
            done.latency_p50_ms, done.latency_p99_ms);
    if (done.acknowledged == 0 && !done.last_error.empty())
        fmt::print(stderr, "holdfast: nothing was acknowledged; last error: {}\n", done.last_error);
    return done.unacknowledged == 0 && done.acknowledged > 0 ? ExitCode::ok : ExitCode::failed;
}

}  // namespace

void add_transfer_command(CLI::App& app, Run& chosen) {
    auto options = std::make_shared<TransferArguments>();
    CLI::App* command = app.add_subcommand("transfer", "send money and wait for the receipt");
    command->add_option("--rpc", options->endpoints,
                        "host:port of a node's API; several with --load");
    command->add_option("--cluster", options->folder,
                        "a folder that `holdfast init` made: all its nodes");
    command->add_option("--to", options->to, "account that gets it");
    command->add_option("--value", options->value, "wei; or such as 1.5ether, 20gwei");
    command->add_option("--key", options->key, "key file of the payer, 0x..., or dev:0 to dev:9");
    command->add_option("--wait-ms", options->wait_ms, "for the receipt")->capture_default_str();
    command->add_flag("--load", options->load,
                      "many transfers for some time, and numbers about them");
    command->add_option("--seconds", options->seconds, "with --load")->capture_default_str();
    command->add_option("--window", options->settings.window, "with --load: in flight an account")
        ->capture_default_str()
        ->check(CLI::Range(1, 500));
    command->add_flag("--json", options->json, "the receipt, or the numbers, for machines");
    command->callback([options, &chosen] {
        if (!options->folder.empty())
            for (const ClusterNode& node : cluster_nodes(options->folder))
                options->endpoints.push_back(node.api);
        if (options->endpoints.empty()) options->endpoints.emplace_back("127.0.0.1:8545");
        if (!options->load && options->to.empty()) throw CLI::RequiredError("--to");
        if (!options->load && options->key.empty()) throw CLI::RequiredError("--key");
        chosen = [options] { return options->load ? run_load(*options) : transfer_once(*options); };
    });
}

}  // namespace holdfast::app
