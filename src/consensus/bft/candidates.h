// The proposals that a member holds: those under way, which every step looks through, and those
// delivered, which it only keeps for slower peers.
#pragma once

#include <deque>
#include <map>

#include "consensus/bft/books.h"

namespace holdfast::bft {

class Candidates {
  public:
    using Map = std::map<Hash32, Known>;

    /// Keeps delivered ones until they have more than `settled_bytes_max` bytes of payload; the
    /// last of them always.
    explicit Candidates(size_t settled_bytes_max) : settled_bytes_max_(settled_bytes_max) {}

    /// Null if it is not here.
    [[nodiscard]] const Known* find(const Hash32& digest) const;
    [[nodiscard]] Known* find(const Hash32& digest);
    /// Not delivered yet.
    [[nodiscard]] const Map& open() const { return open_; }
    [[nodiscard]] Map& open() { return open_; }
    [[nodiscard]] size_t size() const { return open_.size() + settled_.size(); }

    /// The one that is here already, if so.
    Known& add(const Candidate& candidate);
    /// Delivered, by a certificate that it keeps from now on.
    const Certificate& settle(const Hash32& digest, const Certificate& certificate);
    /// Lets go what was delivered long ago.
    void forget_old();

  private:
    Map open_, settled_;
    std::deque<Hash32> order_;  ///< of the settled, oldest first
    size_t settled_bytes_ = 0;
    size_t settled_bytes_max_;
};

}  // namespace holdfast::bft
