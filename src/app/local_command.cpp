// holdfast local: a whole cluster on this machine until Ctrl-C. What ./run runs.
#include <csignal>
#include <memory>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "app/commands.h"
#include "app/init.h"
#include "app/local_cluster.h"

namespace holdfast::app {
namespace {

constexpr uint64_t ready_patience_ms = 60'000;

struct LocalArguments {
    InitOptions init;
    std::string data = "data";
};

/// Made once, used again ever after.
Status make_once(LocalArguments& options) {
    options.init.out = options.data;
    options.init.dev = true;
    if (std::filesystem::exists(options.init.out / "genesis.json")) return {};
    return init_ledger(options.init);
}

ExitCode run_local(LocalArguments options) {
    // Waited for below, by nobody else: set before any child or thread begins.
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    sigprocmask(SIG_BLOCK, &signals, nullptr);

    if (auto ok = make_once(options); !ok) return report(ok.error());
    LocalCluster cluster(options.data);
    if (cluster.nodes().empty())
        return report({.code = errc::not_ready, .detail = options.data + " holds no nodes"});
    if (auto ok = cluster.start_all(); !ok) return report(ok.error());
    if (auto ok = cluster.wait_ready(ready_patience_ms); !ok) return report(ok.error());
    fmt::print("Holdfast runs, {} nodes:\n", cluster.nodes().size());
    print_endpoints(cluster);
    fmt::print("\nholdfast status --cluster {}   shows how they are. Ctrl-C stops all.\n",
               options.data);
    std::fflush(stdout);

    const timespec second{.tv_sec = 1, .tv_nsec = 0};
    while (sigtimedwait(&signals, nullptr, &second) < 0) {
        for (const auto& [id, how] : cluster.take_ended())
            fmt::print(stderr, "node {} ended with {}: {}\n", id, how, cluster.last_words(id));
        if (cluster.running() == 0) return ExitCode::failed;
    }
    fmt::print("\nStopping ...\n");
    const bool clean = cluster.stop_all();
    fmt::print("{}\n", clean ? "All nodes have stopped; everything is on disk."
                             : "A node did not stop cleanly; it will recover when started again.");
    return clean ? ExitCode::ok : ExitCode::failed;
}

}  // namespace

void add_local_command(CLI::App& app, Run& chosen) {
    auto options = std::make_shared<LocalArguments>();
    CLI::App* command =
        app.add_subcommand("local", "a development cluster on this machine, until Ctrl-C");
    command->add_option("--data", options->data, "its folder, made when missing")
        ->capture_default_str();
    command->add_option("--nodes", options->init.nodes,
                        "how many, when it is made (default 4, with raft 3)");
    add_ledger_options(*command, options->init);
    command->add_option("--port-base", options->init.port_base, "of its ports, when it is made")
        ->capture_default_str();
    command->callback([options, &chosen] { chosen = [options] { return run_local(*options); }; });
}

}  // namespace holdfast::app
