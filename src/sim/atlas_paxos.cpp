// Paxos' judge: majorities of voters whose journals are what they were, in each set that still
// governs an open slot.
#include "consensus/paxos/core.h"
#include "sim/atlas_majority.h"

namespace holdfast::sim {
namespace {

class PaxosAtlas final : public MajorityAtlas {
  public:
    using MajorityAtlas::MajorityAtlas;

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
    [[nodiscard]] bool enough_of_each(const Known& known, const std::set<NodeId>& nodes) const;
    [[nodiscard]] bool settled() const override;
    [[nodiscard]] Seats voters() const override { return newest().newest().voters; }
    [[nodiscard]] bool votes(const Machine& machine) const override;

    Known remembered_;
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
    for (const auto& [id, machine] : machines()) {
        const auto known = known_to(*machine);
        if (known && known->chosen >= best.chosen) best = *known;
    }
    return best;
}

bool PaxosAtlas::enough_of_each(const Known& known, const std::set<NodeId>& nodes) const {
    return std::ranges::all_of(known.terms, [&](const paxos::Term& term) {
        return enough(term.configuration.voters, nodes);
    });
}

/// One set of voters, in force for some slots already, and known to every voter that is up.
bool PaxosAtlas::settled() const {
    const Known now = newest();
    if (now.terms.size() != 1) return false;
    for (const auto& [id, machine] : machines()) {
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

bool PaxosAtlas::votes(const Machine& machine) const {
    const paxos::Core* core = paxos_of(machine);
    const Known now = newest();
    if (core == nullptr || now.terms.empty()) return false;
    const auto role = core->status().role;
    return (role == "leader" || role == "follower") &&
           now.newest().seats(machine.id(), core->vow().speaker);
}

std::vector<NodeId> PaxosAtlas::draw_core(Random& random) {
    forget_healed();
    const std::vector<NodeId> order = shuffled(machines(), random);
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
    return enough_of_each(now, nodes) ? "" : "no quorum of the voters has its journals";
}

}  // namespace

std::unique_ptr<Atlas> make_paxos_atlas(const Plan& plan, const Atlas::Machines& machines) {
    return std::make_unique<PaxosAtlas>(plan, machines);
}

}  // namespace holdfast::sim
