// holdfast: one program for nodes, operators and auditors. This is its table of contents; what each
// command does is in src/app/<name>_command.cpp.
#include <csignal>
#include <exception>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "app/commands.h"
#include "app/version.h"

namespace {

using holdfast::app::ExitCode;

int run(int argc, char** argv) {
    CLI::App app("Holdfast: a ledger that several computers keep together.", "holdfast");
    app.require_subcommand(1);
    app.set_version_flag("--version", holdfast::app::version_line);
    holdfast::app::Run chosen;

    holdfast::app::add_init_command(app, chosen);
    holdfast::app::add_node_command(app, chosen);
    holdfast::app::add_status_command(app, chosen);
    holdfast::app::add_transfer_command(app, chosen);
    holdfast::app::add_member_command(app, chosen);
    holdfast::app::add_verify_command(app, chosen);
    holdfast::app::add_proof_command(app, chosen);
    holdfast::app::add_verify_proof_command(app, chosen);
    holdfast::app::add_config_command(app, chosen);
    holdfast::app::add_key_command(app, chosen);
    holdfast::app::add_genesis_command(app, chosen);
    holdfast::app::add_local_command(app, chosen);
    holdfast::app::add_tour_command(app, chosen);
    holdfast::app::add_sim_command(app, chosen);

    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : static_cast<int>(ExitCode::usage);
    }
    return static_cast<int>(chosen());
}

}  // namespace

int main(int argc, char** argv) {
    // A peer or client that goes away is an error to be seen where it is written to, not a death.
    std::signal(SIGPIPE, SIG_IGN);
    try {
        return run(argc, argv);
    } catch (const std::exception& error) {
        fmt::print(stderr, "holdfast: {}\n", error.what());
        return static_cast<int>(ExitCode::failed);
    }
}
