// The fault atlas: what may be damaged now without destroying the last good copy of anything, and
// what may be demanded of the cluster when the faults end. It judges by the engine's own books as
// the all-seeing eye reads them, and never by what a node believes of others.
#pragma once

#include <map>
#include <set>
#include <string>

#include "consensus/raft/core.h"
#include "sim/machine.h"

namespace holdfast::sim {

class Atlas {
  public:
    using Machines = std::map<NodeId, std::unique_ptr<Machine>>;

    Atlas(const Plan& plan, const Machines& machines) : plan_(plan), machines_(machines) {}

    /// Empty, or why this journal must not be harmed now.
    [[nodiscard]] std::string forbids_damage(NodeId node);
    /// Empty, or why the membership must not change now.
    [[nodiscard]] std::string forbids_change(FaultKind kind, NodeId node);
    void damaged(NodeId node);

    /// Members whose recovery suffices: a quorum of intact voters and perhaps more, drawn.
    [[nodiscard]] std::vector<NodeId> draw_core(Random& random);
    /// The oracle: could these nodes, all up and in touch, get on? Else why not.
    [[nodiscard]] std::string hopeless(const std::vector<NodeId>& core);

    /// A process is about to end: what it knew to be committed stays true.
    void remember(const Machine& machine);

  private:
    /// The newest configuration known to be committed, by whomever.
    struct Committed {
        raft::Index at;
        raft::Configuration configuration;
    };
    [[nodiscard]] std::optional<Committed> committed_at(const Machine& machine) const;
    [[nodiscard]] Committed newest() const;
    [[nodiscard]] bool intact(const raft::Seat& seat) const;
    [[nodiscard]] bool enough(const std::vector<raft::Seat>& seats,
                              const std::set<NodeId>& nodes) const;
    [[nodiscard]] bool settled() const;
    void forget_healed();

    const Plan& plan_;
    const Machines& machines_;
    Committed remembered_;
    std::map<NodeId, uint64_t> damaged_;  ///< node -> its lives when that happened
};

}  // namespace holdfast::sim
