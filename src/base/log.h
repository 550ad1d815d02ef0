// The logging front: levels and a sink handed in. Where lines go is the application's business.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>

namespace holdfast {

enum class LogLevel { debug, info, warn, error };

/// A cheap, copyable handle. Lines at `warn` and above say what happened, what it means and what to
/// do, in one line.
class Logger {
  public:
    using Sink = std::function<void(LogLevel, std::string_view component, std::string_view line)>;

    Logger() = default;
    Logger(Sink sink, LogLevel least) : sink_(std::move(sink)), least_(least) {}

    template <class... Args>
    void debug(std::string_view component, fmt::format_string<Args...> format,
               Args&&... args) const {
        write(LogLevel::debug, component, format, std::forward<Args>(args)...);
    }
    template <class... Args>
    void info(std::string_view component, fmt::format_string<Args...> format,
              Args&&... args) const {
        write(LogLevel::info, component, format, std::forward<Args>(args)...);
    }
    template <class... Args>
    void warn(std::string_view component, fmt::format_string<Args...> format,
              Args&&... args) const {
        write(LogLevel::warn, component, format, std::forward<Args>(args)...);
    }
    template <class... Args>
    void error(std::string_view component, fmt::format_string<Args...> format,
               Args&&... args) const {
        write(LogLevel::error, component, format, std::forward<Args>(args)...);
    }

  private:
    template <class... Args>
    void write(LogLevel level, std::string_view component, fmt::format_string<Args...> format,
               Args&&... args) const {
        if (!sink_ || level < least_) return;
        sink_(level, component, fmt::format(format, std::forward<Args>(args)...));
    }

    Sink sink_;
    LogLevel least_ = LogLevel::info;
};

}  // namespace holdfast
