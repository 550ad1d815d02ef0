// Tallies over distinct voters.
#include "consensus/quorum.h"

namespace holdfast::consensus {

Weight total_weight(const Members& members) {
    Weight whole = 0;
    for (const Voter& voter : members.voters) whole += voter.weight;
    return whole;
}

void VoteTally::record(size_t seat, bool granted) {
    CHECK(seat < answers_.size(), "a vote for a seat that does not exist");
    if (answers_[seat] != Answer::none) return;
    answers_[seat] = granted ? Answer::granted : Answer::refused;
}

Outcome VoteTally::outcome() const {
    const auto granted = static_cast<size_t>(std::ranges::count(answers_, Answer::granted));
    const auto refused = static_cast<size_t>(std::ranges::count(answers_, Answer::refused));
    const size_t needed = majority(answers_.size());
    if (granted >= needed) return Outcome::won;
    if (answers_.size() - refused < needed) return Outcome::lost;
    return Outcome::pending;
}

Outcome joint_outcome(Outcome incoming, Outcome outgoing) {
    if (incoming == Outcome::lost || outgoing == Outcome::lost) return Outcome::lost;
    if (incoming == Outcome::won && outgoing == Outcome::won) return Outcome::won;
    return Outcome::pending;
}

WeightTally::WeightTally(const Members& members)
    : voters_(members.voters),
      counted_(members.voters.size(), false),
      whole_(total_weight(members)) {}

const Voter* WeightTally::voter(NodeId id) const {
    const auto found = std::ranges::lower_bound(voters_, id, {}, &Voter::id);
    return found != voters_.end() && found->id == id ? &*found : nullptr;
}

bool WeightTally::add(NodeId id) {
    const Voter* found = voter(id);
    if (found == nullptr) return false;
    const auto seat = static_cast<size_t>(found - voters_.data());
    if (counted_[seat]) return false;
    counted_[seat] = true;
    gathered_ += found->weight;
    return true;
}

}  // namespace holdfast::consensus
