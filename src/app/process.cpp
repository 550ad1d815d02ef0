// Child processes through fork and exec.
#include "app/process.h"

#include <array>
#include <chrono>
#include <csignal>
#include <thread>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace holdfast::app {
namespace {

/// Between fork and exec nothing may be called that takes a lock.
[[noreturn]] void become(char* const* arguments, int log) {
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    const int nothing = open("/dev/null", O_RDONLY);
    dup2(nothing, STDIN_FILENO);
    dup2(log, STDOUT_FILENO);
    dup2(log, STDERR_FILENO);
    execv("/proc/self/exe", arguments);
    _exit(127);
}

}  // namespace

Result<Process> Process::start(const std::vector<std::string>& arguments,
                               const std::filesystem::path& log) {
    const int file = open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (file < 0)
        return fail(errc::cannot_start, fmt::format("{} cannot be written", log.string()));
    std::vector<std::string> words{"holdfast"};
    words.insert(words.end(), arguments.begin(), arguments.end());
    std::vector<char*> pointers;
    for (std::string& word : words) pointers.push_back(word.data());
    pointers.push_back(nullptr);
    const pid_t pid = fork();
    if (pid == 0) become(pointers.data(), file);
    close(file);
    if (pid < 0) return fail(errc::cannot_start, "fork failed");
    return Process(pid);
}

Process::Process(Process&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)), status_(other.status_) {}

Process& Process::operator=(Process&& other) noexcept {
    std::swap(pid_, other.pid_);
    std::swap(status_, other.status_);
    return *this;
}

Process::~Process() {
    if (pid_ > 0) kill();
}

std::optional<int> Process::ended() {
    if (status_ || pid_ <= 0) return status_;
    int status = 0;
    if (waitpid(pid_, &status, WNOHANG) == pid_) status_ = status;
    return status_;
}

void Process::send_signal(int signal) const {
    if (!status_ && pid_ > 0) ::kill(pid_, signal);
}

bool Process::stop(uint64_t patience_ms) {
    send_signal(SIGTERM);
    for (uint64_t waited = 0; waited < patience_ms; waited += 10) {
        if (ended()) return true;
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    kill();
    return false;
}

void Process::kill() {
    if (ended()) return;
    send_signal(SIGKILL);
    int status = 0;
    if (waitpid(pid_, &status, 0) == pid_) status_ = status;
}

std::string describe_end(int status) {
    if (WIFEXITED(status)) return fmt::format("exit code {}", WEXITSTATUS(status));
    if (WIFSIGNALED(status)) return fmt::format("signal {}", WTERMSIG(status));
    return "an unknown end";
}

}  // namespace holdfast::app
