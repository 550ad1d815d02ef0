// The judge of Byzantine agreement: more than two thirds of the weight, counted in the set that is
// in force after the highest boundary known, and in the one before it, whose voices the boundary
// itself may still need.
#include <set>

#include "chain/epochs.h"
#include "ledger/reader.h"
#include "ledger/validators.h"
#include "sim/atlas.h"

namespace holdfast::sim {
namespace {

class BftAtlas final : public Atlas {
  public:
    BftAtlas(const Plan& plan, const chain::Genesis& genesis, const Machines& machines)
        : plan_(plan), genesis_(genesis), machines_(machines) {
        sets_.emplace(0, genesis.members);
    }

    [[nodiscard]] std::string forbids_damage(NodeId node) override;
    [[nodiscard]] std::string forbids_change(FaultKind kind, NodeId node) override;
    [[nodiscard]] std::string forbids_stakes(const Operation& operation) override;
    void damaged(NodeId node) override;
    [[nodiscard]] std::vector<NodeId> draw_core(Random& random) override;
    [[nodiscard]] std::string hopeless(const std::vector<NodeId>& core) override;
    void remember(const Machine& machine) override { learn(machine); }

  private:
    struct Damage {
        uint64_t life = 0;  ///< the life in which it happened
        Height head;        ///< the highest then: what its owner must have again
    };
    void learn(const Machine& machine);
    void look_around();
    [[nodiscard]] bool is_healed(const Machine& machine, const Damage& damage) const;
    [[nodiscard]] bool is_changing() const;
    [[nodiscard]] bool leaves_a_quorum(NodeId leaving) const;
    [[nodiscard]] bool enough(const std::set<NodeId>& nodes) const;
    [[nodiscard]] const chain::MemberSet& newest() const { return sets_.rbegin()->second; }

    const Plan& plan_;
    const chain::Genesis& genesis_;
    const Machines& machines_;
    Height head_;                                ///< the highest that any store has held
    std::map<uint64_t, chain::MemberSet> sets_;  ///< by epoch: the newest, and the one before
    std::map<NodeId, Damage> damaged_;
};

std::map<std::string_view, uint64_t> probe_of(const consensus::Engine& engine) {
    std::map<std::string_view, uint64_t> probe;
    for (const auto& [name, value] : engine.probe()) probe[name] = value;
    return probe;
}

bool is_more_than_two_thirds(const chain::MemberSet& set, const std::set<NodeId>& nodes) {
    uint64_t all = 0, there = 0;
    for (const chain::Member& member : set.members) {
        all += member.weight;
        if (nodes.contains(member.id)) there += member.weight;
    }
    return there * 3 > all * 2;
}

void BftAtlas::learn(const Machine& machine) {
    if (plan_.lies(machine.id())) return;
    const ledger::Reader reader = ledger::reader_at_head(machine.store_disk());
    const Height head = reader.head();
    if (head <= head_) return;
    head_ = head;
    const uint64_t epoch = head.value / plan_.epoch_blocks;
    for (const uint64_t known : {epoch - std::min<uint64_t>(epoch, 1), epoch})
        if (auto set = reader.members(Height(known * plan_.epoch_blocks)))
            sets_.insert_or_assign(known, std::move(*set));
    while (sets_.size() > 2 || sets_.begin()->first + 1 < sets_.rbegin()->first)
        sets_.erase(sets_.begin());
}

// It may speak again, has got beyond what it may have said, and holds again what it held.
bool BftAtlas::is_healed(const Machine& machine, const Damage& damage) const {
    if (!machine.up() || machine.harmed() || machine.lives() <= damage.life) return false;
    if (machine.engine()->status().role != "validator" && newest().find(machine.id()) != nullptr)
        return false;
    auto probe = probe_of(*machine.engine());
    // Where stakes move it may get its seat back, and perhaps weigh so much that without it nobody
    // can tell how far it has spoken.
    if (plan_.has_stakes() && probe["forgetful"] != 0) return false;
    const std::pair now(probe["epoch"], probe["view"]);
    const std::pair floor(probe["floor_epoch"], probe["floor_view"]);
    const node::NodeStatus status = machine.node()->status();
    const bool is_written = std::ranges::all_of(status.queues, [](const auto& queue) {
        return queue.first != "journal" || queue.second == 0;
    });
    return now > floor && probe["missing"] == 0 && is_written && status.head >= damage.head;
}

void BftAtlas::look_around() {
    for (const auto& [id, machine] : machines_) learn(*machine);
    std::erase_if(damaged_, [this](const auto& item) {
        return is_healed(*machines_.at(item.first), item.second);
    });
}

// A change that was decided waits for the end of the epoch; and whoever is behind counts by an
// older set than the others.
bool BftAtlas::is_changing() const {
    for (const auto& [id, machine] : machines_) {
        const ledger::Reader reader = ledger::reader_at_head(machine->store_disk());
        if (reader.head() != head_ || plan_.lies(id)) continue;
        const auto next = ledger::simulate(reader, genesis_, head_,
                                           {.from = {},
                                            .to = ledger::validators_address(),
                                            .data = ledger::encode_next_members_call()});
        const auto now = ledger::simulate(reader, genesis_, head_,
                                          {.from = {},
                                           .to = ledger::validators_address(),
                                           .data = ledger::encode_members_call()});
        if (!next || !now || !next->success || next->output != now->output) return true;
        break;
    }
    for (const auto& [id, machine] : machines_) {
        if (!machine->up() || plan_.lies(id) || newest().find(id) == nullptr) continue;
        if (machine->node()->members().epoch != newest().epoch) return true;
        if (probe_of(*machine->engine())["epoch"] != sets_.rbegin()->first) return true;
    }
    return false;
}

// Without any one more of the honest.
bool BftAtlas::leaves_a_quorum(NodeId leaving) const {
    chain::MemberSet rest = newest();
    std::erase_if(rest.members, [&](const chain::Member& it) { return it.id == leaving; });
    std::set<NodeId> honest;
    for (const chain::Member& it : rest.members)
        if (!plan_.lies(it.id)) honest.insert(it.id);
    return is_more_than_two_thirds(rest, honest);
}

bool BftAtlas::enough(const std::set<NodeId>& nodes) const {
    std::set<NodeId> intact = nodes;
    for (const auto& [id, damage] : damaged_) intact.erase(id);
    std::erase_if(intact, [this](NodeId id) { return plan_.lies(id); });
    return std::ranges::all_of(
        sets_, [&](const auto& item) { return is_more_than_two_thirds(item.second, intact); });
}

void BftAtlas::damaged(NodeId node) {
    damaged_[node] = {.life = machines_.at(node)->lives(), .head = head_};
}

std::string BftAtlas::forbids_damage(NodeId node) {
    look_around();
    if (damaged_.contains(node)) return "it is damaged already";
    if (is_changing()) return "the membership is changing";
    std::set<NodeId> others;
    for (const auto& [id, machine] : machines_)
        if (id != node) others.insert(id);
    return enough(others) ? "" : "it has one of the last good copies";
}

std::string BftAtlas::forbids_change(FaultKind kind, NodeId node) {
    look_around();
    if (!damaged_.empty()) return "a journal is damaged";
    if (is_changing()) return "the membership is changing";
    if (plan_.lies(node)) return "it lies";  // and weighs what it weighs
    const bool member = newest().find(node) != nullptr;
    if (kind == FaultKind::add_member) return member ? "it is a member already" : "";
    if (!member) return "it is no member";
    const size_t least = std::max<size_t>(4, plan_.nodes - 1);
    if (newest().members.size() <= least) return "too few members would be left";
    return leaves_a_quorum(node) ? "" : "those who lie would weigh too much";
}

// Whatever it does to the honest, they keep more than two thirds without the one whose stake
// shrinks. Who joins or grows may take the others' seats: then the run ends (run.cpp).
std::string BftAtlas::forbids_stakes(const Operation& operation) {
    using enum OperationKind;
    look_around();
    const OperationKind kind = operation.kind;
    if (kind == slander || kind == withdraw) return "";
    for (const auto& [id, damage] : damaged_) {
        if (newest().find(id) != nullptr) return "a journal is damaged";
        if (id == operation.candidate || id == operation.other) return "its journal is damaged";
    }
    if (kind == unjail) return "";
    const NodeId grows = kind == move ? operation.other : operation.candidate;
    if (kind != unstake && plan_.lies(grows)) return "it lies";
    const bool shrinks = kind != stake && !plan_.lies(operation.candidate);
    return shrinks && plan_.liars != 0 && !leaves_a_quorum(operation.candidate)
               ? "those who lie would weigh too much"
               : "";
}

std::vector<NodeId> BftAtlas::draw_core(Random& random) {
    look_around();
    const std::vector<NodeId> order = shuffled(machines_, random);
    std::set<NodeId> core;
    for (const NodeId id : order) {
        const bool is_member = std::ranges::any_of(
            sets_, [&](const auto& item) { return item.second.find(id) != nullptr; });
        const bool useful = is_member && !damaged_.contains(id);
        if (plan_.lies(id)) continue;
        if (!enough(core) ? useful : random.chance(1, 4)) core.insert(id);
    }
    if (!enough(core))
        for (const NodeId id : order)
            if (!plan_.lies(id)) core.insert(id);
    return {core.begin(), core.end()};
}

std::string BftAtlas::hopeless(const std::vector<NodeId>& core) {
    look_around();
    return enough({core.begin(), core.end()})
               ? ""
               : "no more than two thirds of the weight have their journals";
}

}  // namespace

std::unique_ptr<Atlas> make_bft_atlas(const Plan& plan, const chain::Genesis& genesis,
                                      const Atlas::Machines& machines) {
    return std::make_unique<BftAtlas>(plan, genesis, machines);
}

}  // namespace holdfast::sim
