// Everything that happens to a node waits in one queue and is handled one after another. The slow
// work goes to lanes, threads of their own, and comes back through the same queue.
//
// Optimization: waking a thread costs more than most events do, so whoever posts to an idle queue
// handles the event itself. The loop's own thread takes over when events come faster than that.
#pragma once

#include <array>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "env/clock.h"
#include "env/lanes.h"

namespace holdfast::app {

/// The machine's clocks. Monotonic time starts with the process.
class SystemClock final : public env::Clock {
  public:
    SystemClock();
    [[nodiscard]] Instant now() const override;
    [[nodiscard]] WallMillis wall_millis() const override;

  private:
    std::chrono::steady_clock::time_point start_;
};

/// What an event is, and so which bound it counts against.
enum class Source : uint8_t {
    message,  ///< from a peer
    call,     ///< from a client or the operator
    inner,    ///< from our own lanes and links: bounded by what was begun
};
inline constexpr size_t source_count = 3;

/// One lane: work in order on one thread, or on any of several.
class LaneThreads {
  public:
    using Post = std::function<void(std::function<void()>)>;

    LaneThreads(const char* name, size_t threads, Post post);
    ~LaneThreads() { stop(); }
    LaneThreads(const LaneThreads&) = delete;
    LaneThreads& operator=(const LaneThreads&) = delete;

    void run(std::function<void()> work, std::function<void()> done);
    /// Finishes what was begun or is queued, then joins.
    void stop();
    [[nodiscard]] size_t depth() const { return depth_.load(std::memory_order_relaxed); }

  private:
    struct Job {
        std::function<void()> work, done;
    };
    void work();

    Post post_;
    std::mutex mutex_;
    std::condition_variable wake_;
    std::deque<Job> jobs_;
    std::atomic<size_t> depth_ = 0;
    bool stopping_ = false;
    std::vector<std::thread> threads_;
};

class CoreLoop final : public env::Lanes {
  public:
    struct Limits {
        size_t messages_max = 16'384;
        size_t calls_max = 65'536;
        size_t verify_threads = 1;
    };
    /// What the loop drives. `deadline` is asked after every round.
    struct Driven {
        std::function<void()> on_tick;
        std::function<void()> on_idle;
        std::function<std::optional<Instant>()> deadline;
    };

    CoreLoop(const env::Clock& clock, const Limits& limits);
    ~CoreLoop() override { stop_lanes(); }

    /// Thread-safe; may handle the event, and a few that follow, before it returns: so a caller
    /// holds no lock that an event takes. False if the queue of this source is full, or the loop
    /// has ended: the event is dropped then, and counted.
    bool post(Source source, std::function<void()> event);
    void run(env::Lane lane, std::function<void()> work, std::function<void()> done) override;

    /// Handles events, on the calling thread if no other does, until `stop`.
    void loop(const Driven& driven);
    /// Thread-safe, and safe from an event.
    void stop();
    /// After the loop has ended: what the lanes have is finished, and what comes back is dropped.
    void stop_lanes();

    /// Thread-safe. Name -> how many wait.
    [[nodiscard]] std::vector<std::pair<std::string_view, uint64_t>> depths() const;
    [[nodiscard]] uint64_t dropped(Source source) const {
        return dropped_[static_cast<size_t>(source)].load(std::memory_order_relaxed);
    }

  private:
    struct Event {
        Source source;
        std::function<void()> run;
    };
    using Lock = std::unique_lock<std::mutex>;

    /// Handles what waits, with the lock let go meanwhile; stops for lack of events, or after
    /// about `events_max`.
    void handle(Lock& lock, size_t events_max);
    /// Until something is to be done that nobody is doing.
    void wait(Lock& lock);
    void tick_if_due() const;

    const env::Clock& clock_;
    std::array<size_t, source_count> limits_;
    std::mutex mutex_;
    std::condition_variable wake_;  ///< of the loop's thread
    std::vector<Event> events_;
    std::vector<Event> batch_;        ///< being handled
    const Driven* driven_ = nullptr;  ///< while the loop runs
    bool handling_ = false;           ///< some thread is: the state is its own
    std::optional<Instant> deadline_;
    std::optional<Instant> asleep_until_;  ///< the loop's thread is waiting, so long
    std::array<std::atomic<size_t>, source_count> waiting_{};
    std::array<std::atomic<uint64_t>, source_count> dropped_{};
    bool stopping_ = false;
    LaneThreads journal_, execute_, verify_, bulk_;
};

}  // namespace holdfast::app
