// The vote gate.
#include "consensus/bft/gate.h"

#include "base/check.h"

namespace holdfast::bft {

const SignedStatement* Said::contradiction(const Statement& statement) const {
    for (const auto& said : by_kind_)
        if (said && chain::conflict(said->statement, statement)) return &*said;
    return nullptr;
}

const SignedStatement* Said::find(StatementKind kind) const {
    const auto& said = by_kind_.at(static_cast<size_t>(kind));
    return said ? &*said : nullptr;
}

void Said::add(const SignedStatement& said) {
    auto& place = by_kind_.at(static_cast<size_t>(said.statement.kind));
    if (!place) place = said;
}

bool Gate::allows(const Statement& statement) const {
    if (place_of(statement) <= floor_) return false;
    const auto at = said_.find(place_of(statement));
    return at == said_.end() || at->second.contradiction(statement) == nullptr;
}

void Gate::record(const SignedStatement& said) {
    CHECK(allows(said.statement), "bft: a statement that contradicts an earlier one");
    said_[place_of(said.statement)].add(said);
}

const SignedStatement* Gate::said(Place place, StatementKind kind) const {
    const auto at = said_.find(place);
    return at == said_.end() ? nullptr : at->second.find(kind);
}

void Gate::raise_floor(Place floor) {
    if (floor <= floor_) return;
    floor_ = floor;
    said_.erase(said_.begin(), said_.upper_bound(floor));
}

Place Gate::highest() const {
    return said_.empty() ? floor_ : said_.rbegin()->first;
}

}  // namespace holdfast::bft
