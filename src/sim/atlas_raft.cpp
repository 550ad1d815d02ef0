// Raft's judge: majorities of voters whose journals are what they were.
#include "consensus/raft/core.h"
#include "sim/atlas_majority.h"

namespace holdfast::sim {
namespace {

class RaftAtlas final : public MajorityAtlas {
  public:
    using MajorityAtlas::MajorityAtlas;

    [[nodiscard]] std::vector<NodeId> draw_core(Random& random) override;
    [[nodiscard]] std::string hopeless(const std::vector<NodeId>& core) override;
    void remember(const Machine& machine) override;

  private:
    /// The newest configuration known to be committed, by whomever.
    struct Committed {
        raft::Index at;
        raft::Configuration configuration;
    };
    [[nodiscard]] std::optional<Committed> committed_at(const Machine& machine) const;
    [[nodiscard]] Committed newest() const;
    [[nodiscard]] bool settled() const override;
    [[nodiscard]] Seats voters() const override { return newest().configuration.voters; }
    [[nodiscard]] bool votes(const Machine& machine) const override;

    Committed remembered_;
};

const raft::Core* core_of(const Machine& machine) {
    return dynamic_cast<const raft::Core*>(machine.engine());
}

// By a configuration that it knows to be committed.
bool RaftAtlas::votes(const Machine& machine) const {
    const raft::Core* core = core_of(machine);
    if (core == nullptr) return false;
    const auto role = core->status().role;
    return (role == "leader" || role == "follower") && !core->log().configuration().joint() &&
           core->log().configuration_index() <= core->commit();
}

std::optional<RaftAtlas::Committed> RaftAtlas::committed_at(const Machine& machine) const {
    const raft::Core* core = core_of(machine);
    if (core == nullptr || core->commit() < core->log().start().index) return std::nullopt;
    return Committed{core->commit(), core->log().mark_at(core->commit()).configuration};
}

void RaftAtlas::remember(const Machine& machine) {
    const auto known = committed_at(machine);
    if (known && known->at >= remembered_.at) remembered_ = *known;
}

RaftAtlas::Committed RaftAtlas::newest() const {
    Committed best = remembered_;
    for (const auto& [id, machine] : machines()) {
        const auto known = committed_at(*machine);
        if (known && known->at >= best.at) best = *known;
    }
    return best;
}

bool RaftAtlas::settled() const {
    const Committed now = newest();
    if (now.configuration.voters.empty() || now.configuration.joint()) return false;
    for (const auto& [id, machine] : machines()) {
        const raft::Core* core = core_of(*machine);
        if (core == nullptr || now.configuration.find(id) == nullptr) continue;
        if (core->log().configuration() != now.configuration) return false;
        if (machine->node()->members().epoch != now.configuration.epoch) return false;
    }
    return true;
}

std::vector<NodeId> RaftAtlas::draw_core(Random& random) {
    forget_healed();
    const std::vector<NodeId> order = shuffled(machines(), random);
    const raft::Configuration now = newest().configuration;
    const auto is_enough = [&](const std::set<NodeId>& nodes) {
        return enough(now.voters, nodes) && (!now.joint() || enough(now.outgoing, nodes));
    };
    std::set<NodeId> core;
    for (const NodeId id : order) {
        const raft::Seat* seat = now.find(id);
        const raft::Seat* old_seat = now.find_outgoing(id);
        const bool useful =
            (seat != nullptr && intact(*seat)) || (old_seat != nullptr && intact(*old_seat));
        if (!is_enough(core) ? useful : random.chance(1, 4)) core.insert(id);
    }
    if (!is_enough(core)) core.insert(order.begin(), order.end());
    return {core.begin(), core.end()};
}

std::string RaftAtlas::hopeless(const std::vector<NodeId>& core) {
    forget_healed();
    const std::set<NodeId> nodes(core.begin(), core.end());
    const raft::Configuration now = newest().configuration;
    if (now.voters.empty()) return {};
    if (!enough(now.voters, nodes)) return "no quorum of the voters has its journals";
    if (now.joint() && !enough(now.outgoing, nodes))
        return "no quorum of the outgoing voters has its journals";
    return {};
}

}  // namespace

std::unique_ptr<Atlas> make_raft_atlas(const Plan& plan, const Atlas::Machines& machines) {
    return std::make_unique<RaftAtlas>(plan, machines);
}

std::vector<NodeId> shuffled(const Atlas::Machines& machines, Random& random) {
    std::vector<NodeId> order;
    for (const auto& [id, machine] : machines) order.push_back(id);
    for (size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[random.below(i)]);
    return order;
}

}  // namespace holdfast::sim
