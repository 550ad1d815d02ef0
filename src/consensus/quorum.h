// Quorum arithmetic, shared by every family: how many is enough, and up to where enough have come.
// Pure functions over numbers; who may be counted is the caller's rule. No floating point.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include "base/check.h"
#include "consensus/members.h"

namespace holdfast::consensus {

/// Sums of 64-bit weights, and three times such sums, never overflow this.
__extension__ using Weight = unsigned __int128;

/// More than half: two majorities of one set share a voter.
constexpr size_t majority(size_t voters) {
    return voters / 2 + 1;
}

Weight total_weight(const Members& members);

/// Strictly more than two thirds of the whole, never its rounded-up form, which is too small
/// whenever the whole divides by three: two such parts share more than a third, so some honest
/// weight.
constexpr bool more_than_two_thirds(Weight part, Weight whole) {
    return part * 3 > whole * 2;
}
/// At least one honest voter is among them.
constexpr bool more_than_one_third(Weight part, Weight whole) {
    return part * 3 > whole;
}

/// The highest value that a majority has reached, given what each voter has reached. An empty side
/// holds nothing back: it is the absent half of a configuration that is not joint.
template <class T>
T reached_by_majority(std::vector<T> values, T if_empty) {
    if (values.empty()) return if_empty;
    const auto nth = values.begin() + static_cast<std::ptrdiff_t>(majority(values.size()) - 1);
    std::nth_element(values.begin(), nth, values.end(), std::greater<>());
    return *nth;
}

/// Joint agreement needs a majority of each side, not of their union. [Raft §6]
template <class T>
T reached_by_both(std::vector<T> incoming, std::vector<T> outgoing, T if_empty) {
    return std::min(reached_by_majority(std::move(incoming), if_empty),
                    reached_by_majority(std::move(outgoing), if_empty));
}

/// The highest value reached by more than two thirds of the weight; `if_none` without voters.
template <class T>
T reached_by_two_thirds(std::vector<std::pair<T, uint64_t>> values, T if_none) {
    std::ranges::sort(values, std::greater<>(), &std::pair<T, uint64_t>::first);
    Weight whole = 0;
    for (const auto& [value, weight] : values) whole += weight;
    Weight part = 0;
    for (const auto& [value, weight] : values) {
        part += weight;
        if (more_than_two_thirds(part, whole)) return value;
    }
    return if_none;
}

enum class Outcome : uint8_t { pending, won, lost };

/// A vote among equals. Each seat is heard once: a repeated or changed answer changes nothing.
class VoteTally {
  public:
    explicit VoteTally(size_t seats = 0) : answers_(seats, Answer::none) {}

    void record(size_t seat, bool granted);
    [[nodiscard]] Outcome outcome() const;

  private:
    enum class Answer : uint8_t { none, granted, refused };
    std::vector<Answer> answers_;
};

/// Both sides must win; one lost side loses. An election without voters is never won.
Outcome joint_outcome(Outcome incoming, Outcome outgoing);

/// Weight gathered for one statement, each voter once however often it repeats itself.
class WeightTally {
  public:
    explicit WeightTally(const Members& members);

    /// Null index for a stranger.
    [[nodiscard]] const Voter* voter(NodeId id) const;
    /// False if the voter is a stranger or was counted before.
    bool add(NodeId id);
    [[nodiscard]] Weight gathered() const { return gathered_; }
    [[nodiscard]] Weight whole() const { return whole_; }
    [[nodiscard]] bool has_two_thirds() const { return more_than_two_thirds(gathered_, whole_); }
    [[nodiscard]] bool has_one_third() const { return more_than_one_third(gathered_, whole_); }

  private:
    std::vector<Voter> voters_;
    std::vector<bool> counted_;
    Weight gathered_ = 0;
    Weight whole_ = 0;
};

}  // namespace holdfast::consensus
