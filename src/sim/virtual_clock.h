// A machine's clocks: one that drifts and one that also jumps.
#pragma once

#include "env/clock.h"
#include "sim/schedule.h"

namespace holdfast::sim {

class VirtualClock final : public env::Clock {
  public:
    explicit VirtualClock(const Schedule& schedule) : schedule_(schedule) {}

    [[nodiscard]] Instant now() const override {
        return base_ + (schedule_.now() - anchor_) * rate_ / 1000;
    }
    [[nodiscard]] WallMillis wall_millis() const override {
        constexpr int64_t start_ms = 1'700'000'000'000;
        const int64_t ms = start_ms + now().time_since_epoch() / 1ms + wall_offset_ms_;
        return static_cast<WallMillis>(ms);
    }
    /// Real time at which this clock will show `local`.
    [[nodiscard]] Duration when(Instant local) const {
        if (local <= now()) return schedule_.now();
        return anchor_ + ((local - base_) * 1000 + Duration(rate_ - 1)) / rate_;
    }
    /// Runs `per_mille` of real time from now on; above 0.
    void set_rate(int64_t per_mille) {
        base_ = now();
        anchor_ = schedule_.now();
        rate_ = per_mille;
    }
    void step_wall(int64_t ms) { wall_offset_ms_ += ms; }

  private:
    const Schedule& schedule_;
    Instant base_{Duration(1'000'000)};
    Duration anchor_{};
    int64_t rate_ = 1000;
    int64_t wall_offset_ms_ = 0;
};

}  // namespace holdfast::sim
