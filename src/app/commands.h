// The command line: each function adds one subcommand, which leaves in `chosen` what is to be run.
#pragma once

#include <functional>

#include "app/exit_code.h"

namespace CLI {
class App;
}

namespace holdfast::app {

using Run = std::function<ExitCode()>;
struct InitOptions;

/// Of every command that may begin a ledger: how its nodes agree.
void add_ledger_options(CLI::App& command, InitOptions& options);

// beginning and inspecting, without a running node
void add_init_command(CLI::App& app, Run& chosen);
void add_config_command(CLI::App& app, Run& chosen);
void add_key_command(CLI::App& app, Run& chosen);
void add_genesis_command(CLI::App& app, Run& chosen);
void add_verify_command(CLI::App& app, Run& chosen);
void add_verify_proof_command(CLI::App& app, Run& chosen);

// running
void add_node_command(CLI::App& app, Run& chosen);
void add_local_command(CLI::App& app, Run& chosen);
void add_tour_command(CLI::App& app, Run& chosen);

// without a cluster of its own
void add_sim_command(CLI::App& app, Run& chosen);

// asking a running node
void add_status_command(CLI::App& app, Run& chosen);
void add_transfer_command(CLI::App& app, Run& chosen);
void add_member_command(CLI::App& app, Run& chosen);
void add_proof_command(CLI::App& app, Run& chosen);  ///< or a stopped one

}  // namespace holdfast::app
