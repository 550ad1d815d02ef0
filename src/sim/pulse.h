// The pulse of one life of a process: every effect on the world outside goes through it, so that a
// life can end between any two of them. After the end nothing has an effect any more; the process
// is taken away when the event that it was handling is over.
#pragma once

#include <optional>

#include "sim/observer.h"

namespace holdfast::sim {

class Pulse {
  public:
    /// Whether the effect that is about to happen still happens.
    bool beat() {
        if (end_) return false;
        if (left_ && (*left_)-- == 0) end(why_then_);
        return !end_;
    }
    void end(Death why) {
        if (!end_) end_ = why;
    }
    /// Only `effects` more effects.
    void end_after(uint64_t effects, Death why) {
        left_ = effects;
        why_then_ = why;
    }
    /// Never mind.
    void go_on() { left_.reset(); }
    [[nodiscard]] const std::optional<Death>& ended() const { return end_; }

  private:
    std::optional<Death> end_;
    std::optional<uint64_t> left_;
    Death why_then_ = Death::killed;
};

}  // namespace holdfast::sim
