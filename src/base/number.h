// Strong integers: a Height is not a Term, and neither is a count.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>

#include <fmt/format.h>

namespace holdfast {

/// An ordinal with a type of its own. The difference of two is a plain count.
template <class Tag>
struct Ordinal {
    uint64_t value = 0;

    constexpr Ordinal() = default;
    constexpr explicit Ordinal(uint64_t v) : value(v) {}
    auto operator<=>(const Ordinal&) const = default;

    [[nodiscard]] constexpr Ordinal next() const { return Ordinal(value + 1); }
    /// Undefined at zero: ask first.
    [[nodiscard]] constexpr Ordinal previous() const { return Ordinal(value - 1); }
    constexpr Ordinal& operator++() {
        ++value;
        return *this;
    }
    friend constexpr Ordinal operator+(Ordinal a, uint64_t count) {
        return Ordinal(a.value + count);
    }
    friend constexpr Ordinal operator-(Ordinal a, uint64_t count) {
        return Ordinal(a.value - count);
    }
    friend constexpr uint64_t operator-(Ordinal a, Ordinal b) { return a.value - b.value; }
};

/// A member of the ledger. Never reused: a replaced machine gets a new one.
using NodeId = Ordinal<struct NodeIdTag>;
/// The number of a block; genesis is 0.
using Height = Ordinal<struct HeightTag>;

}  // namespace holdfast

template <class Tag>
struct fmt::formatter<holdfast::Ordinal<Tag>> : fmt::formatter<uint64_t> {
    template <class Context>
    auto format(const holdfast::Ordinal<Tag>& ordinal, Context& context) const {
        return fmt::formatter<uint64_t>::format(ordinal.value, context);
    }
};

template <class Tag>
struct std::hash<holdfast::Ordinal<Tag>> {
    size_t operator()(const holdfast::Ordinal<Tag>& ordinal) const noexcept {
        return std::hash<uint64_t>{}(ordinal.value);
    }
};
