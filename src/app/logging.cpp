// Log lines through spdlog.
#include "app/logging.h"

#include <memory>

#include <boost/json.hpp>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include "base/check.h"

namespace holdfast::app {
namespace {

spdlog::level::level_enum level_of(LogLevel level) {
    switch (level) {
        case LogLevel::debug:
            return spdlog::level::debug;
        case LogLevel::info:
            return spdlog::level::info;
        case LogLevel::warn:
            return spdlog::level::warn;
        case LogLevel::error:
            return spdlog::level::err;
    }
    return spdlog::level::err;
}

/// A peer's or client's words may be part of a line: they must not begin another.
std::string one_line(std::string_view text) {
    std::string line(text);
    for (char& c : line)
        if (static_cast<unsigned char>(c) < 0x20) c = ' ';
    return line;
}

void leave_last_words(std::string_view message) {
    if (const auto logger = spdlog::default_logger()) {
        logger->critical("{}", one_line(message));
        logger->flush();
    }
}

}  // namespace

Logger start_logging(const std::string& level, const std::string& format, uint64_t node) {
    auto out = spdlog::stderr_logger_mt("holdfast");
    const bool json = format == "json";
    // spdlog fills in time and level; in JSON the rest of the object comes from the sink below.
    if (json)
        out->set_pattern(
            fmt::format(R"({{"time":"%Y-%m-%dT%H:%M:%S.%f%z","level":"%l","node":{},%v}})", node));
    else
        out->set_pattern(fmt::format("%Y-%m-%dT%H:%M:%S.%f%z %-8l node{} %v", node));
    out->set_level(spdlog::level::debug);
    out->flush_on(spdlog::level::info);
    spdlog::set_default_logger(out);
    set_last_words(leave_last_words);

    LogLevel least = LogLevel::info;
    if (level == "debug") least = LogLevel::debug;
    if (level == "warn") least = LogLevel::warn;
    if (level == "error") least = LogLevel::error;
    return Logger(
        [out, json](LogLevel at, std::string_view component, std::string_view line) {
            if (json)
                out->log(level_of(at), R"("component":{},"event":{})",
                         boost::json::serialize(boost::json::string(component)),
                         boost::json::serialize(boost::json::string(one_line(line))));
            else
                out->log(level_of(at), "{:<9} {}", component, one_line(line));
        },
        least);
}

void flush_logging() {
    if (const auto logger = spdlog::default_logger()) logger->flush();
}

}  // namespace holdfast::app
