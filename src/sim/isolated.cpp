// A request goes down a socket as bytes, and what came of it comes back. Standard error of a child
// goes to a file in memory: its last words belong to the outcome, not to the terminal.
#include "sim/isolated.h"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <system_error>
#include <utility>

#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/check.h"
#include "base/codec.h"
#include "sim/wire.h"

namespace holdfast::sim {
namespace {

using Clock = std::chrono::steady_clock;

constexpr size_t frame_bytes_max = size_t{1} << 30;
constexpr size_t last_words_bytes = 16'384;
constexpr int poll_ms = 200;
/// Caches of signatures grow with every run; now and then they begin anew.
constexpr size_t runs_per_child_max = 5'000;

/// What a frame from a child says of the run.
enum class Saying : uint8_t { finished, last_words };

void throw_errno(const char* what) {
    throw std::system_error(errno, std::generic_category(), what);
}

bool send_all(int socket, ByteView bytes) {
    while (!bytes.empty()) {
        const ssize_t sent = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) continue;
        if (sent <= 0) return false;
        bytes = bytes.subspan(static_cast<size_t>(sent));
    }
    return true;
}

bool send_frame(int socket, Bytes body) {
    CHECK(body.size() <= frame_bytes_max, "sim: a run's outcome is of moderate size");
    Writer out(body.size() + 4);
    out.bytes(body);
    return send_all(socket, out.take());
}

bool receive_exactly(int socket, std::span<uint8_t> into) {
    while (!into.empty()) {
        const ssize_t got = ::recv(socket, into.data(), into.size(), 0);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return false;
        into = into.subspan(static_cast<size_t>(got));
    }
    return true;
}

// ------------------------------------------------------------------------------ the child's side

void answer(int socket, Saying saying, const Outcome& outcome, const Recorder* recorder) {
    Writer out;
    out.u8(static_cast<uint8_t>(saying));
    write(out, outcome);
    out.boolean(recorder != nullptr);
    if (recorder != nullptr) write(out, *recorder);
    send_frame(socket, out.take());
}

void run_one_plan(int socket, const Plan& plan, bool record, const Runner& run) {
    Recorder recorder;
    RunOptions options;
    if (record) options.recorder = &recorder;
    const Recorder* recorded = options.recorder;
    options.last_outcome = [&](const Outcome& outcome) {
        answer(socket, Saying::last_words, outcome, recorded);
    };
    Outcome outcome;
    try {
        outcome = run(plan, options);
    } catch (const std::exception& error) {
        outcome.verdict = Verdict::crash;
        outcome.violations = {{.checker = "exception", .what = error.what()}};
    }
    outcome.seed = plan.seed;
    answer(socket, Saying::finished, outcome, recorded);
}

[[noreturn]] void live_as_child(int socket, int words, const Runner& run) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // whoever asked is gone: nobody wants the answer
    constexpr rlimit no_core{.rlim_cur = 0, .rlim_max = 0};
    ::setrlimit(RLIMIT_CORE, &no_core);
    ::dup2(words, STDERR_FILENO);
    while (true) {
        std::array<uint8_t, 4> length{};
        if (!receive_exactly(socket, length)) ::_exit(0);
        Bytes body(Reader(length).u32());
        if (!receive_exactly(socket, body)) ::_exit(0);
        Reader in(body);
        const bool record = in.boolean();
        const Plan plan = read_plan(in);
        CHECK(in.finish().has_value(), "sim: parent and child speak alike");
        // Only the words of this run.
        if (::ftruncate(words, 0) == 0) ::lseek(words, 0, SEEK_SET);
        run_one_plan(socket, plan, record, run);
    }
}

std::string signal_name(int signal) {
    const char* name = ::sigabbrev_np(signal);
    return name == nullptr ? fmt::format("signal {}", signal) : fmt::format("signal SIG{}", name);
}

/// The line that says most: a sanitizer's summary, else the last one.
std::string most_telling_line(std::string_view text) {
    std::string_view found;
    while (!text.empty()) {
        const size_t end = text.find('\n');
        const std::string_view line = text.substr(0, end);
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
        if (line.empty()) continue;
        if (line.starts_with("SUMMARY: ")) return std::string(line);
        if (line.find("runtime error: ") != std::string_view::npos) return std::string(line);
        found = line;
    }
    return std::string(found);
}

}  // namespace

// ----------------------------------------------------------------------------- the parent's side

class Pool::Child {
  public:
    explicit Child(const Runner& run) {
        std::array<int, 2> pair{};
        if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair.data()) != 0)
            throw_errno("a socket to a child");
        words_ = ::memfd_create("last words", MFD_CLOEXEC);
        if (words_ < 0) throw_errno("a file for a child's last words");
        // What is still buffered must not be written twice.
        std::fflush(nullptr);
        pid_ = ::fork();
        if (pid_ < 0) throw_errno("a child process");
        if (pid_ == 0) {
            ::close(pair[0]);
            live_as_child(pair[1], words_, run);
        }
        ::close(pair[1]);
        socket_ = pair[0];
    }
    ~Child() {
        if (!reaped_) {
            ::kill(pid_, SIGKILL);
            reap();
        }
        ::close(socket_);
        ::close(words_);
    }
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;

    void start(size_t number, const Request& request, Clock::time_point deadline) {
        number_ = number;
        seed_ = request.plan.seed;
        deadline_ = deadline;
        busy_ = true;
        stuck_ = false;
        in_.clear();
        last_words_.reset();
        ++runs_;
        Writer out;
        out.boolean(request.record);
        write(out, request.plan);
        send_frame(socket_, out.take());  // a child that is gone is noticed when it is read from
    }

    /// Takes in what is there. Something once the run is over, for whatever reason.
    std::optional<Finished> collect() {
        std::array<uint8_t, 65'536> chunk{};
        const ssize_t got = ::recv(socket_, chunk.data(), chunk.size(), MSG_DONTWAIT);
        if (got < 0 && (errno == EAGAIN || errno == EINTR)) return std::nullopt;
        if (got > 0) append(in_, ByteView(chunk).first(static_cast<size_t>(got)));
        if (auto whole = take_frame()) return whole;
        if (got > 0) return std::nullopt;
        return post_mortem();
    }
    /// Whoever is late is killed; `collect` then finds it dead.
    void look_at(Clock::time_point now) {
        if (!busy_ || stuck_ || now < deadline_) return;
        stuck_ = true;
        ::kill(pid_, SIGKILL);
    }

    [[nodiscard]] int socket() const { return socket_; }
    [[nodiscard]] bool busy() const { return busy_; }
    [[nodiscard]] bool spent() const { return reaped_ || runs_ >= runs_per_child_max; }
    [[nodiscard]] size_t number() const { return number_; }

  private:
    std::optional<Finished> take_frame() {
        if (in_.size() < 4) return std::nullopt;
        Reader head(in_);
        const size_t length = head.u32();
        if (head.left() < length) return std::nullopt;
        Reader in(ByteView(in_).subspan(4, length));
        const auto saying = static_cast<Saying>(in.u8());
        Finished finished{.outcome = read_outcome(in), .recorder = {}};
        if (in.boolean()) finished.recorder = read_recorder(in);
        CHECK(in.finish().has_value(), "sim: parent and child speak alike");
        in_.erase(in_.begin(), in_.begin() + static_cast<ptrdiff_t>(4 + length));
        if (saying == Saying::last_words) {
            last_words_ = std::move(finished);
            return std::nullopt;
        }
        busy_ = false;
        // Verdict and violations say the same, whoever runs the plan.
        Outcome& outcome = finished.outcome;
        if (outcome.verdict != Verdict::held && outcome.violations.empty())
            outcome.violations.push_back({.checker = "unnamed", .what = "no rule was named"});
        if (outcome.verdict == Verdict::held && !outcome.violations.empty())
            outcome.verdict = Verdict::safety;
        return finished;
    }

    Finished post_mortem() {
        const int status = reap();
        busy_ = false;
        Finished finished = last_words_.value_or(Finished{});
        Outcome& outcome = finished.outcome;
        outcome.seed = seed_;
        outcome.verdict = Verdict::crash;
        if (!outcome.violations.empty()) return finished;
        const std::string said = most_telling_line(words());
        Violation violation{.checker = {}, .what = said, .at = outcome.simulated};
        if (stuck_) {
            violation.checker = "watchdog";
            violation.what = "the run did not end in time and was killed";
        } else if (WIFSIGNALED(status)) {
            violation.checker = signal_name(WTERMSIG(status));
            if (said.starts_with("CHECK failed")) violation.checker = "CHECK";
        } else {
            violation.checker = fmt::format("exit {}", WEXITSTATUS(status));
        }
        if (violation.what.empty()) violation.what = "the process died without a word";
        outcome.violations.push_back(std::move(violation));
        return finished;
    }

    int reap() {
        int status = 0;
        while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
        }
        reaped_ = true;
        return status;
    }

    [[nodiscard]] std::string words() const {
        const off_t size = ::lseek(words_, 0, SEEK_END);
        if (size <= 0) return {};
        const auto tail = std::min(static_cast<size_t>(size), last_words_bytes);
        std::string text(tail, '\0');
        const ssize_t got = ::pread(words_, text.data(), tail, size - static_cast<off_t>(tail));
        text.resize(got < 0 ? 0 : static_cast<size_t>(got));
        return text;
    }

    pid_t pid_ = 0;
    int socket_ = -1, words_ = -1;
    bool busy_ = false, stuck_ = false, reaped_ = false;
    size_t number_ = 0, runs_ = 0;
    uint64_t seed_ = 0;
    Clock::time_point deadline_;
    Bytes in_;
    std::optional<Finished> last_words_;
};

Pool::Pool(IsolationOptions options) : options_(std::move(options)) {
    CHECK(options_.run && options_.jobs > 0, "sim: a pool has work and workers");
    children_.resize(options_.jobs);
}

Pool::~Pool() = default;

void Pool::wait_for_any() {
    std::vector<pollfd> sockets;
    for (const auto& child : children_)
        if (child && child->busy())
            sockets.push_back({.fd = child->socket(), .events = POLLIN, .revents = 0});
    ::poll(sockets.data(), sockets.size(), poll_ms);
    const auto now = Clock::now();
    for (const auto& child : children_)
        if (child) child->look_at(now);
    if (options_.waiting) options_.waiting();
}

void Pool::run(const Next& next, const Done& done) {
    size_t number = 0;
    bool more = true;
    while (true) {
        size_t busy = 0;
        for (auto& child : children_) {
            if (more && !(child && child->busy())) {
                const auto request = next();
                more = request.has_value();
                if (!more) continue;
                if (!child || child->spent()) {
                    child.reset();
                    child = std::make_unique<Child>(options_.run);
                    ++forked_;
                }
                child->start(number++, *request, Clock::now() + options_.stuck_after);
            }
            if (child && child->busy()) ++busy;
        }
        if (busy == 0) return;
        wait_for_any();
        for (auto& child : children_) {
            if (!child || !child->busy()) continue;
            auto finished = child->collect();
            if (!finished || done(child->number(), std::move(*finished))) continue;
            for (auto& other : children_)
                if (other && other->busy()) other.reset();
            return;
        }
    }
}

Finished Pool::run_one(Request request) {
    std::optional<Request> left(std::move(request));
    Finished result;
    run([&] { return std::exchange(left, std::nullopt); },
        [&](size_t, Finished finished) {
            result = std::move(finished);
            return true;
        });
    return result;
}

}  // namespace holdfast::sim
