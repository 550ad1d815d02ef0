// holdfast node: runs one node until a signal ends it.
#include "app/node_command.h"

#include <csignal>
#include <memory>
#include <thread>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <pthread.h>

#include "app/commands.h"
#include "app/logging.h"

namespace holdfast::app {
namespace {

/// Waits for the signals that ask a process to end, on a thread of its own: no handler, so nothing
/// is forbidden. The second one ends the process at once.
class SignalThread {
  public:
    /// Before any other thread begins: they inherit the mask.
    SignalThread() {
        sigemptyset(&signals_);
        sigaddset(&signals_, SIGTERM);
        sigaddset(&signals_, SIGINT);
        sigaddset(&signals_, SIGUSR1);  // our own: nobody waits for a signal any more
        pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
    }
    void start(std::function<void(int)> on_signal) {
        thread_ = std::thread([this, on_signal = std::move(on_signal)] {
            int signal = 0;
            for (int count = 0; sigwait(&signals_, &signal) == 0 && signal != SIGUSR1; ++count) {
                if (count == 1) std::_Exit(128 + signal);
                on_signal(signal);
            }
        });
    }
    ~SignalThread() {
        if (!thread_.joinable()) return;
        pthread_kill(thread_.native_handle(), SIGUSR1);
        thread_.join();
    }
    SignalThread(const SignalThread&) = delete;
    SignalThread& operator=(const SignalThread&) = delete;

  private:
    sigset_t signals_{};
    std::thread thread_;
};

}  // namespace

ExitCode run_node(const std::string& config_file, const EngineMaker& maker) {
    SignalThread signals;
    auto config = read_config(config_file);
    if (!config) return report(config.error());
    const Logger logger = start_logging(config->log.level, config->log.format, config->id);
    const Config shown = *config;
    auto node = RunningNode::start(std::move(*config), logger, maker);
    if (!node) {
        flush_logging();
        return report(node.error());
    }
    logger.info("app", "node {} serves {} and talks to its peers at {}", shown.id,
                shown.listen.api.empty() ? "no API" : shown.listen.api, shown.listen.peers);
    signals.start([&](int signal) {
        logger.info("app", "signal {}: the node stops", signal);
        (*node)->stop();
    });
    const auto reason = (*node)->run();
    logger.info("app", "node {} has stopped; everything is on disk", shown.id);
    flush_logging();
    return reason ? report(*reason) : ExitCode::ok;
}

void add_node_command(CLI::App& app, Run& chosen) {
    auto file = std::make_shared<std::string>();
    CLI::App* command = app.add_subcommand("node", "run one node");
    command->add_option("--config", *file, "config.toml of the node")->required();
    command->callback([file, &chosen] { chosen = [file] { return run_node(*file); }; });
}

}  // namespace holdfast::app
