// The schedule of targets, and the work that they stand for.
#include "consensus/pow/difficulty.h"

#include <array>

namespace holdfast::pow {
namespace {

constexpr unsigned fraction_bits = 16;
/// Beyond so many halvings or doublings every target has reached a bound.
constexpr int64_t shifts_max = 512;

/// 2^(fraction / 2^16) in units of 2^-16, for a fraction below 2^16. [ASERT, Target computation]
uint64_t power_of_two(uint64_t fraction) {
    const uint64_t cubic = 195'766'423'245'049 * fraction + 971'821'376 * fraction * fraction +
                           5'127 * fraction * fraction * fraction + (uint64_t{1} << 47);
    return (uint64_t{1} << fraction_bits) + (cubic >> 48);
}

/// The product of a target and a factor of 17 bits does not fit a target.
struct Product {
    U256 low;
    uint64_t high = 0;

    Product(const U256& target, uint64_t factor) {
        for (size_t i = 0; i < low.limbs.size(); ++i) {
            const Wide sum = Wide{target.limbs[i]} * factor + high;
            low.limbs[i] = static_cast<uint64_t>(sum);
            high = static_cast<uint64_t>(sum >> 64);
        }
    }
    [[nodiscard]] unsigned bit_length() const {
        return high == 0 ? low.bit_length() : 256 + U256(high).bit_length();
    }
    [[nodiscard]] U256 shifted_right(unsigned bits) const {
        const U256 upper = bits <= 256 ? U256(high) << (256 - bits) : U256(high) >> (bits - 256);
        return upper + (low >> bits);
    }
};

}  // namespace

std::string_view problem_of(const Rules& rules) {
    if (rules.genesis.is_zero()) return "the hash of genesis is missing";
    if (rules.genesis_target.is_zero() || rules.genesis_target > rules.target_max)
        return "the first target is 0 or easier than the easiest";
    if ((rules.target_max >> 255).low64() != 0) return "the easiest target is no work at all";
    if (rules.interval_ms == 0 || rules.half_life_ms == 0) return "a time of the schedule is 0";
    if (rules.interval_ms > schedule_ms_max || rules.half_life_ms > schedule_ms_max)
        return "a time of the schedule is beyond reason";
    if (rules.final_depth == 0) return "nothing may be final before it is built upon";
    return {};
}

U256 next_target(const Rules& rules, uint64_t height, WallMillis time_ms) {
    // Genesis came as planned, whatever was before it: so the specification's time and height of
    // the anchor's parent, one interval and one block earlier, take each other away.
    const Int128 drift = static_cast<Int128>(time_ms) - static_cast<Int128>(rules.genesis_time_ms) -
                         static_cast<Int128>(Wide{rules.interval_ms} * height);
    return scaled_target(rules.genesis_target, drift, rules.half_life_ms, rules.target_max);
}

U256 scaled_target(const U256& anchor, Int128 drift, uint64_t half_life, const U256& target_max) {
    // Truncated towards zero, as the specification's reference divides; then split so that the
    // fraction is never negative.
    const Int128 exponent = drift * (1 << fraction_bits) / static_cast<Int128>(half_life);
    const Int128 whole = exponent >> fraction_bits;
    if (whole > shifts_max) return target_max;
    if (whole < -shifts_max) return 1;
    const auto fraction = static_cast<uint64_t>(exponent & ((1 << fraction_bits) - 1));
    const Product product(anchor, power_of_two(fraction));
    const int64_t shift = static_cast<int64_t>(whole) - static_cast<int64_t>(fraction_bits);
    if (static_cast<int64_t>(product.bit_length()) + shift > 256) return target_max;
    const U256 target = shift <= 0 ? product.shifted_right(static_cast<unsigned>(-shift))
                                   : product.low << static_cast<unsigned>(shift);
    if (target.is_zero()) return 1;
    return std::min(target, target_max);
}

U256 work_of(const U256& target) {
    // 2^256 needs one bit more than there are; 2^256 / (t + 1) is (2^256 - 1 - t) / (t + 1) + 1.
    const U256 divisor = target + 1;
    if (divisor.is_zero()) return 1;
    return (U256{} - divisor) / divisor + 1;
}

}  // namespace holdfast::pow
