// What may be said: the one place that decides whether this node may sign a statement, for the live
// path, for replay and for catching up alike; and, with the same record, whether others lie.
#pragma once

#include <array>
#include <map>

#include "consensus/bft/values.h"

namespace holdfast::bft {

/// What one validator has said in one view: at most one statement of each kind.
class Said {
  public:
    /// Null if an honest node may say this beside all of that; saying the same again is honest.
    [[nodiscard]] const SignedStatement* contradiction(const Statement& statement) const;
    /// Null if nothing of the kind was said.
    [[nodiscard]] const SignedStatement* find(StatementKind kind) const;
    /// Calls `visit` for each statement, by ascending kind.
    template <class Visit>
    void each(Visit visit) const {
        for (const auto& said : by_kind_)
            if (said) visit(*said);
    }
    /// The first of a kind stays.
    void add(const SignedStatement& said);

  private:
    std::array<std::optional<SignedStatement>, 4> by_kind_;
};

/// A node's own statements. What is not remembered any more must not be said any more, so there is
/// a floor that only rises: at final views, and above what a lost journal may have held.
class Gate {
  public:
    [[nodiscard]] bool allows(const Statement& statement) const;
    /// The statement must be allowed.
    void record(const SignedStatement& said);
    /// Said in the view, or null.
    [[nodiscard]] const SignedStatement* said(Place place, StatementKind kind) const;
    /// Nothing is said at or below `floor` from now on.
    void raise_floor(Place floor);
    [[nodiscard]] Place floor() const { return floor_; }
    /// The highest place at which this node said anything, or its floor.
    [[nodiscard]] Place highest() const;
    /// Everything above the floor, by ascending place.
    [[nodiscard]] const std::map<Place, Said>& all() const { return said_; }

  private:
    std::map<Place, Said> said_;
    Place floor_;
};

}  // namespace holdfast::bft
