// One node as a process of its own: its configuration, its log, and the signals that end it.
#pragma once

#include "app/exit_code.h"
#include "app/running_node.h"

namespace holdfast::app {

/// Before any other thread begins. Comes back when the node has stopped.
ExitCode run_node(const std::string& config_file, const EngineMaker& maker = engine_factory);

}  // namespace holdfast::app
