// The fault atlas: what may be damaged now without destroying the last good copy of anything, and
// what may be demanded of the cluster when the faults end. Each engine has its judge, who goes by
// the engine's own books as the all-seeing eye reads them, and never by what a node believes of
// others.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "sim/machine.h"

namespace holdfast::sim {

class Atlas {
  public:
    using Machines = std::map<NodeId, std::unique_ptr<Machine>>;

    virtual ~Atlas() = default;

    /// Empty, or why this journal must not be harmed now.
    [[nodiscard]] virtual std::string forbids_damage(NodeId node) = 0;
    /// Empty, or why the membership must not change now.
    [[nodiscard]] virtual std::string forbids_change(FaultKind kind, NodeId node) = 0;
    /// Empty, or why this must not become of a stake now.
    [[nodiscard]] virtual std::string forbids_stakes(const Operation& /*operation*/) { return {}; }
    virtual void damaged(NodeId node) = 0;

    /// Members whose recovery suffices: a quorum of intact voters and perhaps more, drawn.
    [[nodiscard]] virtual std::vector<NodeId> draw_core(Random& random) = 0;
    /// The oracle: could these nodes, all up and in touch, get on? Else why not.
    [[nodiscard]] virtual std::string hopeless(const std::vector<NodeId>& core) = 0;

    /// A process is about to end: what it knew to be decided stays true.
    virtual void remember(const Machine& machine) = 0;
};

std::unique_ptr<Atlas> make_raft_atlas(const Plan& plan, const Atlas::Machines& machines);
std::unique_ptr<Atlas> make_paxos_atlas(const Plan& plan, const Atlas::Machines& machines);
std::unique_ptr<Atlas> make_bft_atlas(const Plan& plan, const chain::Genesis& genesis,
                                      const Atlas::Machines& machines);

/// All machines, shuffled.
std::vector<NodeId> shuffled(const Atlas::Machines& machines, Random& random);

}  // namespace holdfast::sim
