// What the judges of engines have in common that go by majorities of seats.
#pragma once

#include <set>

#include "consensus/seats.h"
#include "sim/atlas.h"

namespace holdfast::sim {

class MajorityAtlas : public Atlas {
  public:
    MajorityAtlas(const Plan& plan, const Machines& machines) : plan_(plan), machines_(machines) {}

    [[nodiscard]] std::string forbids_damage(NodeId node) override;
    [[nodiscard]] std::string forbids_change(FaultKind kind, NodeId node) override;
    void damaged(NodeId node) override;

  protected:
    using Seats = std::vector<consensus::Seat>;
    /// One set of voters is in force, and known to whoever is in it and up.
    [[nodiscard]] virtual bool settled() const = 0;
    /// That set, once it is settled.
    [[nodiscard]] virtual Seats voters() const = 0;
    /// It lives again after damage: does it vote?
    [[nodiscard]] virtual bool votes(const Machine& machine) const = 0;

    /// Whether the journal that sits there is what it was.
    [[nodiscard]] bool intact(const consensus::Seat& seat) const;
    /// Whether these nodes hold a majority of intact journals.
    [[nodiscard]] bool enough(const Seats& seats, const std::set<NodeId>& nodes) const;
    void forget_healed();
    [[nodiscard]] const Machines& machines() const { return machines_; }

  private:
    const Plan& plan_;
    const Machines& machines_;
    std::map<NodeId, uint64_t> damaged_;  ///< node -> its lives when that happened
};

}  // namespace holdfast::sim
