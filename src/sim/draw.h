// Counter-based randomness: every draw is named by what it is for, so taking one fault out of a
// plan does not shift all the draws after it. That is what makes a failing run minimisable.
#pragma once

#include <string_view>

#include "base/random.h"
#include "base/wide.h"

namespace holdfast::sim {

/// Pairs of small numbers, in this order, never collide.
constexpr uint64_t mix(uint64_t hash, uint64_t value) {
    hash = hash * 0x9e3779b97f4a7c15 + value;
    hash = (hash ^ hash >> 30) * 0xbf58476d1ce4e5b9;
    hash = (hash ^ hash >> 27) * 0x94d049bb133111eb;
    return hash ^ hash >> 31;
}

constexpr uint64_t name_hash(std::string_view name) {
    uint64_t hash = 0xcbf29ce484222325;
    for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
    return hash;
}

/// The stream of draws number (a, b, c) for the purpose `name` in the run of `seed`.
inline Random draw(uint64_t seed, std::string_view name, uint64_t a = 0, uint64_t b = 0,
                   uint64_t c = 0) {
    return Random(mix(mix(mix(mix(seed, name_hash(name)), a), b), c));
}

/// Exponential with the given mean, by table-free integer arithmetic: the same on every compiler.
/// Cut off at sixteen means.
inline uint64_t exponential(Random& random, uint64_t mean) {
    // The number of leading zeros of a uniform word is geometric; the bits behind interpolate.
    const uint64_t word = random.next() | 1;
    const auto zeros = static_cast<uint64_t>(__builtin_clzll(word));
    const uint64_t fraction = zeros == 63 ? 0 : (word << (zeros + 1)) >> 44;   // 20 bits
    const uint64_t scaled = (zeros << 20) + ((uint64_t{1} << 20) - fraction);  // in units of ln 2
    const auto value = static_cast<uint64_t>(Wide{scaled} * mean * 693'147 / 1'000'000 >> 20);
    return value < 16 * mean ? value : 16 * mean;
}

}  // namespace holdfast::sim
