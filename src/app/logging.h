// Where log lines go: one line an event on standard error, as text for people or JSON for machines.
#pragma once

#include <string>

#include "base/log.h"

namespace holdfast::app {

/// `level` and `format` as the configuration has them, checked already. Also leaves the last words
/// of a dying process in the log.
Logger start_logging(const std::string& level, const std::string& format, uint64_t node);
void flush_logging();

}  // namespace holdfast::app
