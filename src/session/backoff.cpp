// Reconnect delays.
#include "base/random.h"
#include "session/session.h"

namespace holdfast::session {

Backoff::Backoff(Duration first, Duration cap, uint64_t seed)
    : first_(std::max(first, Duration{1})),
      cap_(std::max(cap, first_)),
      current_(first_),
      state_(seed) {}

Duration Backoff::next() {
    // Jitter keeps nodes that lost each other at one moment from calling again at one moment.
    Random random(state_);
    state_ = random.next();
    const auto whole = static_cast<uint64_t>(current_.count());
    const Duration drawn(static_cast<Duration::rep>(random.between(whole - whole / 2, whole)));
    current_ = std::min(current_ * 2, cap_);
    return drawn;
}

void Backoff::reset() {
    current_ = first_;
}

}  // namespace holdfast::session
