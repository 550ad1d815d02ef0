// What happens next: events by time, and at the same instant in an order drawn by the seed.
#pragma once

#include <functional>
#include <optional>
#include <queue>
#include <vector>

#include "base/time.h"

namespace holdfast::sim {

class Schedule {
  public:
    using Action = std::function<void()>;

    /// `order` decides among events of the same instant: draw it.
    void at(Duration when, uint64_t order, Action action) {
        queue_.push({std::max(when, now_), order, next_++, std::move(action)});
    }
    /// When the next event is due; null if there is none.
    [[nodiscard]] std::optional<Duration> next() const {
        return queue_.empty() ? std::nullopt : std::optional(queue_.top().when);
    }
    /// Takes the next event and moves time on to it; null if there is none.
    [[nodiscard]] Action take() {
        if (queue_.empty()) return {};
        // A priority queue gives no way to move out of its top.
        auto& top =
            const_cast<Event&>(queue_.top());  // NOLINT(cppcoreguidelines-pro-type-const-cast)
        now_ = top.when;
        Action action = std::move(top.action);
        queue_.pop();
        return action;
    }
    [[nodiscard]] Duration now() const { return now_; }
    [[nodiscard]] size_t size() const { return queue_.size(); }

  private:
    struct Event {
        Duration when;
        uint64_t order = 0;
        uint64_t number = 0;
        Action action;
        bool operator<(const Event& other) const {
            if (when != other.when) return when > other.when;
            return order != other.order ? order > other.order : number > other.number;
        }
    };
    std::priority_queue<Event> queue_;
    Duration now_{};
    uint64_t next_ = 0;
};

}  // namespace holdfast::sim
