// A5 and A6 for Byzantine agreement. A node that comes back holds every record that was on its
// platter and that it had not forgotten, and the payload of every block that it had shown and had
// on disk. While it lives, neither its view nor what it knows to be final goes back. And when a
// block is first delivered anywhere, validators of more than two thirds of the weight, counting
// those who lie, hold its payload on disk.
#include <deque>

#include <fmt/format.h>

#include "sim/checkers.h"
#include "sim/recollection.h"

namespace holdfast::sim {
namespace {

class BftStability final : public Checker {
  public:
    [[nodiscard]] std::string_view name() const override { return "bft-stability"; }

    void on_start(NodeId node, const consensus::Base& base,
                  const std::vector<consensus::JournalRecord>& records,
                  consensus::JournalHealth health, uint64_t incarnation) override;
    void on_journal_lost(NodeId node) override { machines_[node].lost = true; }
    void on_effects(NodeId node, const consensus::Engine& engine,
                    std::span<const consensus::Effect> effects) override;
    void on_platter(NodeId node, consensus::Token token) override {
        Machine& machine = machines_[node];
        machine.platter = std::max(machine.platter, token);
        note_held(machine);
    }
    void on_block(NodeId node, const ledger::Executed& executed) override {
        Machine& machine = machines_[node];
        machine.shown = std::max(machine.shown, executed.block.header.number);
        note_held(machine);
    }

  private:
    struct Record {
        consensus::JournalRecord stored;
        Height highest;  ///< block of which it holds a payload
    };
    struct Machine {
        bool began = false, lost = false;
        uint64_t incarnation = 0;
        std::deque<Record> records;  ///< written and not forgotten
        consensus::Token platter;
        Height shown;  ///< executed, so visible to clients
        Height held;   ///< shown, and its payload was on the platter
        bft::Place view, final;
        Height delivered;
    };
    static Record read(const consensus::JournalRecord& stored);
    static void note_held(Machine& machine);

    std::map<NodeId, Machine> machines_;
};

BftStability::Record BftStability::read(const consensus::JournalRecord& stored) {
    Record record{.stored = stored, .highest = {}};
    if (const auto decoded = bft::decode_record(*stored.bytes))
        for (const bft::Candidate& candidate : decoded->candidates)
            record.highest = std::max(record.highest, candidate.proposal.height);
    return record;
}

void BftStability::note_held(Machine& machine) {
    for (auto at = machine.records.rbegin(); at != machine.records.rend(); ++at) {
        if (at->highest == Height{}) continue;
        if (at->highest <= machine.held) return;
        if (at->stored.token > machine.platter || at->highest > machine.shown) continue;
        machine.held = at->highest;
        return;
    }
}

void BftStability::on_start(NodeId node, const consensus::Base& base,
                            const std::vector<consensus::JournalRecord>& records,
                            consensus::JournalHealth health, uint64_t incarnation) {
    Machine& machine = machines_[node];
    // "Lost" is said of a journal for the whole of its life: only its number tells that it is new.
    const bool anew =
        health == consensus::JournalHealth::damaged || incarnation != machine.incarnation;
    if (machine.began && !machine.lost) {
        if (anew)
            violated(fmt::format("node {} begins its journal anew, and nobody harmed it", node));
        if (const auto lost =
                lost_record(machine.records, machine.platter, records, &Record::stored);
            !lost.empty())
            violated(fmt::format("node {} comes back {}", node, lost));
        Height reaches = base.applied;
        for (const consensus::JournalRecord& stored : records)
            reaches = std::max(reaches, read(stored).highest);
        if (reaches < machine.held)
            violated(fmt::format("node {} comes back with blocks up to {}, and has shown {}", node,
                                 reaches, machine.held));
    }
    if (machine.lost || anew) machine = {};
    machine.began = true;
    machine.incarnation = incarnation;
    machine.view = machine.final = {};
    machine.delivered = {};
    machine.records.clear();
    for (const auto& stored : records) {
        machine.records.push_back(read(stored));
        machine.platter = std::max(machine.platter, stored.token);
    }
}

void BftStability::on_effects(NodeId node, const consensus::Engine& engine,
                              std::span<const consensus::Effect> effects) {
    Machine& machine = machines_[node];
    for (const consensus::Effect& effect : effects) {
        if (const auto* persist = std::get_if<consensus::Persist>(&effect))
            machine.records.push_back(read({persist->token, persist->record}));
        if (const auto* forget = std::get_if<consensus::Forget>(&effect)) {
            while (!machine.records.empty() && machine.records.front().stored.token <= forget->upto)
                machine.records.pop_front();
        }
    }
    bft::Place view, final;
    Height delivered;
    for (const auto& [name, value] : engine.probe()) {
        if (name == "epoch") view.epoch = final.epoch = value;
        if (name == "view") view.view = value;
        if (name == "final_view") final.view = value;
        if (name == "delivered") delivered = Height(value);
    }
    if (view < machine.view || final < machine.final || delivered < machine.delivered)
        violated(
            fmt::format("node {} goes back from view {}.{}, final {}, block {} to {}.{}, {}, "
                        "{}",
                        node, machine.view.epoch, machine.view.view, machine.final.view,
                        machine.delivered, view.epoch, view.view, final.view, delivered));
    machine.view = view;
    machine.final = final;
    machine.delivered = delivered;
}

class BftDurability final : public Checker {
  public:
    explicit BftDurability(const Sight& sight) : bft_(sight.bft) {}
    [[nodiscard]] std::string_view name() const override { return "bft-durability"; }

    void on_effects(NodeId node, const consensus::Engine& /*engine*/,
                    std::span<const consensus::Effect> effects) override {
        for (const consensus::Effect& effect : effects) {
            const auto* deliver = std::get_if<consensus::Deliver>(&effect);
            if (deliver == nullptr || deliver->position <= delivered_) continue;
            delivered_ = deliver->position;
            if (const auto mark = bft::decode_mark(deliver->mark))
                check(node, deliver->position, mark->proposal);
        }
    }

  private:
    void check(NodeId node, Height position, const bft::Proposal& proposal) {
        const chain::MemberSet* set = bft_->set(proposal.place.epoch);
        if (set == nullptr || !bft_->is_sound(*set)) return;
        const std::set<NodeId>& holders = bft_->holders(proposal.digest());
        uint64_t part = 0, whole = 0;
        for (const chain::Member& member : set->members) {
            whole += member.weight;
            if (bft_->is_liar(member.id) || holders.contains(member.id)) part += member.weight;
        }
        if (!is_quorum(part, whole))
            violated(
                fmt::format("node {} delivers {}, whose payload a weight of {} of {} has on "
                            "disk",
                            node, position, part, whole));
    }
    std::shared_ptr<BftSight> bft_;
    Height delivered_;
};

}  // namespace

CheckerPtr make_bft_stability(const Sight& /*sight*/) {
    return std::make_unique<BftStability>();
}
CheckerPtr make_bft_durability(const Sight& sight) {
    return std::make_unique<BftDurability>(sight);
}

}  // namespace holdfast::sim
