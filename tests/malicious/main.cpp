// holdfast_malicious node --config FILE: the very node, with an engine that lies. For tests of what
// the honest ones do about it; in no binary that anybody runs.
#include <csignal>
#include <cstdio>
#include <string_view>

#include <fmt/format.h>

#include "app/node_command.h"
#include "consensus/bft/bft.h"
#include "lying_engine.h"

namespace {

using namespace holdfast;

Result<node::EngineFactory> lying_engine(const chain::Genesis& genesis, NodeId self,
                                         const app::NodeKeys& keys) {
    if (genesis.engine != chain::EngineKind::bft)
        return fail(app::errc::engine_missing, "only the engine bft is lied about");
    auto honest = app::engine_factory(genesis, self, keys);
    if (!honest) return honest;
    return [honest = std::move(*honest), self, voting_seed = keys.voting,
            hash = bft::config_for(genesis).genesis](const node::RestoreArguments& arguments) {
        return std::make_unique<malicious::LyingEngine>(honest(arguments), self, voting_seed, hash);
    };
}

}  // namespace

int main(int argc, char** argv) {
    std::signal(SIGPIPE, SIG_IGN);
    if (argc != 4 || std::string_view(argv[1]) != "node" ||
        std::string_view(argv[2]) != "--config") {
        fmt::print(stderr, "usage: holdfast_malicious node --config FILE\n");
        return static_cast<int>(app::ExitCode::usage);
    }
    return static_cast<int>(app::run_node(argv[3], lying_engine));
}
