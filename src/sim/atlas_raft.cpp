// Raft's judge: majorities of voters whose journals are what they were.
#include <set>

#include "consensus/raft/core.h"
#include "sim/atlas.h"

namespace holdfast::sim {
namespace {

class RaftAtlas final : public Atlas {
  public:
    RaftAtlas(const Plan& plan, const Machines& machines) : plan_(plan), machines_(machines) {}

    [[nodiscard]] std::string forbids_damage(NodeId node) override;
    [[nodiscard]] std::string forbids_change(FaultKind kind, NodeId node) override;
    void damaged(NodeId node) override;
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

const raft::Core* core_of(const Machine& machine) {
    return dynamic_cast<const raft::Core*>(machine.engine());
}

/// Does it vote, by a configuration that it knows to be committed?
bool is_voter(const raft::Core& core) {
    const auto role = core.status().role;
    return (role == "leader" || role == "follower") && !core.log().configuration().joint() &&
           core.log().configuration_index() <= core.commit();
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
    for (const auto& [id, machine] : machines_) {
        const auto known = committed_at(*machine);
        if (known && known->at >= best.at) best = *known;
    }
    return best;
}

bool RaftAtlas::intact(const raft::Seat& seat) const {
    const auto at = machines_.find(seat.id);
    if (at == machines_.end() || damaged_.contains(seat.id)) return false;
    const Machine& machine = *at->second;
    return seat.incarnation == 0 ? machine.journals_lost() == 0
                                 : seat.incarnation == machine.incarnation();
}

bool RaftAtlas::enough(const std::vector<raft::Seat>& seats, const std::set<NodeId>& nodes) const {
    const auto there = std::ranges::count_if(
        seats, [&](const raft::Seat& seat) { return nodes.contains(seat.id) && intact(seat); });
    return 2 * static_cast<size_t>(there) > seats.size();
}

bool RaftAtlas::settled() const {
    const Committed now = newest();
    if (now.configuration.voters.empty() || now.configuration.joint()) return false;
    for (const auto& [id, machine] : machines_) {
        const raft::Core* core = core_of(*machine);
        if (core == nullptr || now.configuration.find(id) == nullptr) continue;
        if (core->log().configuration() != now.configuration) return false;
        if (machine->node()->members().epoch != now.configuration.epoch) return false;
    }
    return true;
}

void RaftAtlas::forget_healed() {
    std::erase_if(damaged_, [this](const auto& item) {
        const auto& [id, life] = item;
        const Machine& machine = *machines_.at(id);
        const raft::Core* core = core_of(machine);
        return core != nullptr && machine.lives() > life && is_voter(*core);
    });
}

void RaftAtlas::damaged(NodeId node) {
    damaged_[node] = machines_.at(node)->lives();
}

std::string RaftAtlas::forbids_damage(NodeId node) {
    forget_healed();
    if (damaged_.contains(node)) return "it is damaged already";
    if (!settled()) return "the membership is changing";
    const Committed now = newest();
    if (now.configuration.find(node) == nullptr) return {};
    std::set<NodeId> others;
    for (const auto& [id, machine] : machines_)
        if (id != node) others.insert(id);
    return enough(now.configuration.voters, others) ? "" : "it has one of the last good copies";
}

std::string RaftAtlas::forbids_change(FaultKind kind, NodeId node) {
    forget_healed();
    if (!damaged_.empty()) return "a journal is damaged";
    if (!settled()) return "the membership is changing";
    const Committed now = newest();
    const bool member = now.configuration.find(node) != nullptr;
    if (kind == FaultKind::add_member) return member ? "it is a member already" : "";
    if (!member) return "it is no member";
    const size_t least = std::max<size_t>(2, plan_.nodes - 1);
    return now.configuration.voters.size() <= least ? "too few members would be left" : "";
}

std::vector<NodeId> RaftAtlas::draw_core(Random& random) {
    forget_healed();
    const std::vector<NodeId> order = shuffled(machines_, random);
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
