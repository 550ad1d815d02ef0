// Child processes: nodes that `holdfast local` and `holdfast tour` keep on this machine.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

#include "base/result.h"

namespace holdfast::app {

namespace errc {
inline constexpr Errc cannot_start{"process.cannot_start"};
}  // namespace errc

/// One child in a process group of its own, so that Ctrl-C reaches only its parent; it ends with
/// its parent at the latest.
class Process {
  public:
    /// This very program with other arguments; its output is appended to `log`.
    static Result<Process> start(const std::vector<std::string>& arguments,
                                 const std::filesystem::path& log);
    Process(Process&& other) noexcept;
    Process& operator=(Process&& other) noexcept;
    Process(const Process&) = delete;
    Process& operator=(const Process&) = delete;
    /// Kills what still runs.
    ~Process();

    /// The wait status once it has ended; null while it runs.
    std::optional<int> ended();
    void send_signal(int signal) const;
    /// False if it had to be killed after `patience_ms`.
    bool stop(uint64_t patience_ms);
    void kill();
    [[nodiscard]] pid_t pid() const { return pid_; }

  private:
    explicit Process(pid_t pid) : pid_(pid) {}
    pid_t pid_ = -1;
    std::optional<int> status_;
};

/// "exit code 3", "signal 9".
std::string describe_end(int status);

}  // namespace holdfast::app
