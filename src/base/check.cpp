// The ends of a process that must not go on.
#include "base/check.h"

#include <cstdio>
#include <cstdlib>
#include <string>

#include <fmt/format.h>

namespace holdfast {
namespace {

LastWords last_words = nullptr;

}  // namespace

void set_last_words(LastWords handler) {
    last_words = handler;
}

void check_failed(std::string_view condition, std::string_view why, std::source_location where) {
    const std::string message = fmt::format("CHECK failed: {} ({}) at {}:{} in {}", why, condition,
                                            where.file_name(), where.line(), where.function_name());
    if (last_words != nullptr) last_words(message);
    std::fprintf(stderr, "%s\n", message.c_str());
    std::abort();
}

void fatal(std::string_view what) {
    const std::string message = fmt::format("fatal: {}", what);
    if (last_words != nullptr) last_words(message);
    std::fprintf(stderr, "%s\n", message.c_str());
    std::_Exit(70);  // EX_SOFTWARE; no destructors: nothing more may reach the disk
}

}  // namespace holdfast
