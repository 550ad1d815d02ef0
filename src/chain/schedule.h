// Whose turn it is: the leader of each view, as engine and ledger must both know it.
#pragma once

#include <span>

#include "base/check.h"
#include "base/number.h"
#include "base/wide.h"

namespace holdfast::chain {

struct Turn {
    NodeId id;
    uint64_t weight = 1;
};

/// Proportional to weight and evenly spread: the multiples of the golden ratio, modulo 1, visit
/// every part of a line of length W as often as it is long, and hardly ever the same part twice
/// running [Weyl 1916]. `turns` by ascending id, with some weight among them,
/// less than 2^63 in all. No randomness: who leads is known long before.
inline NodeId leader_of(std::span<const Turn> turns, uint64_t epoch, uint64_t view) {
    uint64_t whole = 0;
    for (const Turn& turn : turns) whole += turn.weight;
    CHECK(whole > 0, "a schedule needs weight");
    constexpr uint64_t golden = 0x9e3779b97f4a7c15;  // 2^64 / 1.618...
    const uint64_t fraction = (view + epoch) * golden;
    auto place = static_cast<uint64_t>(static_cast<Wide>(fraction) * whole >> 64);
    for (const Turn& turn : turns) {
        if (place < turn.weight) return turn.id;
        place -= turn.weight;
    }
    CHECK(false, "a place is inside the line");
    return {};
}

}  // namespace holdfast::chain
