// Seeded randomness, the only kind below the I/O line. Not for keys.
#pragma once

#include <cstdint>

#include "base/wide.h"

namespace holdfast {

/// SplitMix64: small, fast, and the same on every compiler, which std:: distributions are not.
class Random {
  public:
    explicit Random(uint64_t seed) : state_(seed) {}

    uint64_t next() {
        uint64_t z = state_ += 0x9e3779b97f4a7c15;
        z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
        z = (z ^ z >> 27) * 0x94d049bb133111eb;
        return z ^ z >> 31;
    }
    /// Uniform in [0, bound); bound > 0. The bias, below bound / 2^64, is of no consequence here.
    uint64_t below(uint64_t bound) {
        return static_cast<uint64_t>(static_cast<Wide>(next()) * bound >> 64);
    }
    /// Uniform in [low, high].
    uint64_t between(uint64_t low, uint64_t high) { return low + below(high - low + 1); }
    /// True `part` times out of `whole`.
    bool chance(uint64_t part, uint64_t whole) { return below(whole) < part; }

  private:
    uint64_t state_;
};

}  // namespace holdfast
