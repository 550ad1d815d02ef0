// Paxos' judge: majorities of voters whose journals are what they were, in each set that still
// governs an open slot.
#include <set>

#include "consensus/paxos/core.h"
#include "sim/atlas.h"

namespace holdfast::sim {
namespace {

class PaxosAtlas final : public Atlas {
  public:
    PaxosAtlas(const Plan& plan, const Machines& machines) : plan_(plan), machines_(machines) {}

    [[nodiscard]] std::string forbids_damage(NodeId node) override;
    [[nodiscard]] std::string forbids_change(FaultKind kind, NodeId node) override;
    void damaged(NodeId node) override;
    [[nodiscard]] std::vector<NodeId> draw_core(Random& random) override;
    [[nodiscard]] std::string hopeless(const std::vector<NodeId>& core) override;
    void remember(const Machine& machine) override;

  private:
    /// Who votes on the slots that are open, as whoever knows most has it: the first governs the
    /// next slot, others come after it.
    struct Known {
        paxos::Slot chosen;
        std::vector<paxos::Term> terms;
        [[nodiscard]] const paxos::Configuration& newest() const {
            return terms.back().configuration;
        }
    };
    [[nodiscard]] std::optional<Known> known_to(const Machine& machine) const;
    [[nodiscard]] Known newest() const;
    [[nodiscard]] bool intact(const paxos::Seat& seat) const;
    [[nodiscard]] bool enough(const Known& known, const std::set<NodeId>& nodes) const;
    [[nodiscard]] bool settled() const;
    void forget_healed();

    const Plan& plan_;
    const Machines& machines_;
    Known remembered_;
    std::map<NodeId, uint64_t> damaged_;  ///< node -> its lives when that happened
};

const paxos::Core* paxos_of(const Machine& machine) {
    return dynamic_cast<const paxos::Core*>(machine.engine());
}

std::optional<PaxosAtlas::Known> PaxosAtlas::known_to(const Machine& machine) const {
    const paxos::Core* core = paxos_of(machine);
    if (core == nullptr) return std::nullopt;
    const paxos::Slots& slots = core->slots();
    return Known{slots.chosen(), slots.mark_at(slots.chosen()).terms};
}

void PaxosAtlas::remember(const Machine& machine) {
    const auto known = known_to(machine);
    if (known && known->chosen >= remembered_.chosen) remembered_ = *known;
}

PaxosAtlas::Known PaxosAtlas::newest() const {
    Known best = remembered_;
    for (const auto& [id, machine] : machines_) {
        const auto known = known_to(*machine);
        if (known && known->chosen >= best.chosen) best = *known;
    }
    return best;
}

bool PaxosAtlas::intact(const paxos::Seat& seat) const {
    const auto at = machines_.find(seat.id);
    if (at == machines_.end() || damaged_.contains(seat.id)) return false;
    const Machine& machine = *at->second;
    return seat.incarnation == 0 ? machine.journals_lost() == 0
                                 : seat.incarnation == machine.incarnation();
}

bool PaxosAtlas::enough(const Known& known, const std::set<NodeId>& nodes) const {
    return std::ranges::all_of(known.terms, [&](const paxos::Term& term) {
        const auto& voters = term.configuration.voters;
        const auto there = std::ranges::count_if(voters, [&](const paxos::Seat& seat) {
            return nodes.contains(seat.id) && intact(seat);
        });
        return 2 * static_cast<size_t>(there) > voters.size();
    });
}

/// One set of voters, in force for some slots already, and known to every voter that is up.
bool PaxosAtlas::settled() const {
    const Known now = newest();
    if (now.terms.size() != 1) return false;
    for (const auto& [id, machine] : machines_) {
        const paxos::Core* core = paxos_of(*machine);
        if (now.newest().find(id) == nullptr) continue;
        if (core == nullptr) return false;
        const paxos::Slots& slots = core->slots();
        if (slots.schedule().newest() != now.terms.front()) return false;
        if (slots.chosen() < now.terms.front().from) return false;
        if (machine->node()->members().epoch != now.newest().epoch) return false;
        for (paxos::Slot slot = slots.chosen().next(); slot <= slots.last(); ++slot) {
            const paxos::Slots::Cell* cell = slots.find(slot);
            if (cell != nullptr && cell->value.kind == paxos::Kind::configuration) return false;
        }
    }
    return true;
}

void PaxosAtlas::forget_healed() {
    const Known now = newest();
    std::erase_if(damaged_, [&](const auto& item) {
        const auto& [id, life] = item;
        const Machine& machine = *machines_.at(id);
        const paxos::Core* core = paxos_of(machine);
        if (core == nullptr || machine.lives() <= life || now.terms.empty()) return false;
        const auto role = core->status().role;
        return (role == "leader" || role == "follower") &&
               now.newest().seats(id, core->vow().speaker);
    });
}

void PaxosAtlas::damaged(NodeId node) {
    damaged_[node] = machines_.at(node)->lives();
}

std::string PaxosAtlas::forbids_damage(NodeId node) {
    forget_healed();
    if (damaged_.contains(node)) return "it is damaged already";
    if (!settled()) return "the membership is changing";
    const Known now = newest();
    if (now.newest().find(node) == nullptr) return {};
    std::set<NodeId> others;
    for (const auto& [id, machine] : machines_)
        if (id != node) others.insert(id);
    return enough(now, others) ? "" : "it has one of the last good copies";
}

std::string PaxosAtlas::forbids_change(FaultKind kind, NodeId node) {
    forget_healed();
    if (!damaged_.empty()) return "a journal is damaged";
    if (!settled()) return "the membership is changing";
    const Known now = newest();
    const bool member = now.newest().find(node) != nullptr;
    if (kind == FaultKind::add_member) return member ? "it is a member already" : "";
    if (!member) return "it is no member";
    const size_t least = std::max<size_t>(2, plan_.nodes - 1);
    return now.newest().voters.size() <= least ? "too few members would be left" : "";
}

std::vector<NodeId> PaxosAtlas::draw_core(Random& random) {
    forget_healed();
    const std::vector<NodeId> order = shuffled(machines_, random);
    const Known now = newest();
    std::set<NodeId> core;
    for (const NodeId id : order) {
        const bool useful = std::ranges::any_of(now.terms, [&](const paxos::Term& term) {
            const paxos::Seat* seat = term.configuration.find(id);
            return seat != nullptr && intact(*seat);
        });
        const bool complete = !now.terms.empty() && hopeless({core.begin(), core.end()}).empty();
        if (!complete ? useful : random.chance(1, 4)) core.insert(id);
    }
    if (!hopeless({core.begin(), core.end()}).empty()) core.insert(order.begin(), order.end());
    return {core.begin(), core.end()};
}

std::string PaxosAtlas::hopeless(const std::vector<NodeId>& core) {
    forget_healed();
    const std::set<NodeId> nodes(core.begin(), core.end());
    const Known now = newest();
    if (now.terms.empty()) return {};
    return enough(now, nodes) ? "" : "no quorum of the voters has its journals";
}

}  // namespace

std::unique_ptr<Atlas> make_paxos_atlas(const Plan& plan, const Atlas::Machines& machines) {
    return std::make_unique<PaxosAtlas>(plan, machines);
}

}  // namespace holdfast::sim
