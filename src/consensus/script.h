// Protocol scripts, for every family: a text of commands and, below `----`, the effects they have.
// One readable file per rule of a protocol; consensus/README.md lists the commands. Pure: text in,
// text out.
#pragma once

#include <string>

#include "consensus/cluster.h"

namespace holdfast::consensus {

/// Runs the commands of `script` and gives the script back with what they really do below each
/// `----`. Comments and empty lines stay. So a script is right if it comes back unchanged.
std::string run_script(const Family& family, std::string_view script);

}  // namespace holdfast::consensus
