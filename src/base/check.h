// CHECK: what must be true, in release too. Never for anything a peer, client or file can cause.
#pragma once

#include <source_location>
#include <string_view>

namespace holdfast {

/// Prints the broken rule and where it stands, then aborts.
[[noreturn]] void check_failed(std::string_view condition, std::string_view why,
                               std::source_location where);

/// The machine failed us (a write or an fsync error): says so, and ends the process. Peers carry
/// on, and a restart replays the journal.
[[noreturn]] void fatal(std::string_view what);

/// Called once with the message before `check_failed` and `fatal` end the process: the place to
/// flush logs, or, in the simulator, to leave the broken node instead of the process.
using LastWords = void (*)(std::string_view message);
void set_last_words(LastWords handler);

}  // namespace holdfast

#define CHECK(condition, why)     \
    (static_cast<bool>(condition) \
         ? static_cast<void>(0)   \
         : ::holdfast::check_failed(#condition, why, std::source_location::current()))
