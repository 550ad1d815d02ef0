// A5: a node that comes back knows what it knew on its platter: every record that it had not
// forgotten, every block that it had shown and had on disk, and no lower term than it has spoken
// in. A journal that the world took from it or damaged is excused: it comes back as another voter.
#include <fmt/format.h>

#include "sim/checkers.h"
#include "sim/recollection.h"
#include "sim/short_messages.h"

namespace holdfast::sim {
namespace {

class Stability final : public Checker {
  public:
    explicit Stability(const Sight& sight) : raft_(sight.raft) {}
    [[nodiscard]] std::string_view name() const override { return "stability"; }

    void on_start(NodeId node, const consensus::Base& base,
                  const std::vector<consensus::JournalRecord>& records,
                  consensus::JournalHealth health, uint64_t incarnation) override;
    void on_journal_lost(NodeId node) override { machines_[node].lost = true; }
    void on_effects(NodeId node, const consensus::Engine& engine,
                    std::span<const consensus::Effect> effects) override;
    void on_send(NodeId from, NodeId to, ByteView message) override;
    void on_platter(NodeId node, consensus::Token token) override;
    void on_block(NodeId node, const ledger::Executed& executed) override {
        Machine& machine = machines_[node];
        machine.shown = std::max(machine.shown, executed.block.header.number);
        note_held(node, machine);
    }

  private:
    struct Machine {
        bool began = false, lost = false;
        uint64_t incarnation = 0;
        std::deque<consensus::JournalRecord> records;  ///< written and not forgotten
        consensus::Token platter, forgotten;
        Height shown;  ///< executed, so visible to clients
        Height held;   ///< shown, and its entry was on the platter
        uint64_t said_term = 0;
        NodeId said_vote;  ///< granted to, in that term
        uint64_t term = 0;
    };
    void note_held(NodeId node, Machine& machine);

    std::shared_ptr<const RaftSight> raft_;
    ShortMessages messages_;
    std::map<NodeId, Machine> machines_;
};

void Stability::note_held(NodeId node, Machine& machine) {
    const auto place = raft_->nodes().find(node);
    if (place == raft_->nodes().end()) return;
    const SightLog& log = place->second.log;
    // Entries alone count: a start only says that the ledger had it, flushed or not.
    for (uint64_t index = log.last(); index > log.start() && machine.held < machine.shown;
         --index) {
        const SightEntry& entry = *log.at(index);
        if (entry.position <= machine.held.value) return;
        if (entry.token > place->second.platter || entry.position > machine.shown.value) continue;
        machine.held = Height(entry.position);
        return;
    }
}

void Stability::on_start(NodeId node, const consensus::Base& base,
                         const std::vector<consensus::JournalRecord>& records,
                         consensus::JournalHealth health, uint64_t incarnation) {
    Machine& machine = machines_[node];
    // "Lost" is said of a journal for the whole of its life: only its number tells that it is new.
    const bool anew =
        health == consensus::JournalHealth::damaged || incarnation != machine.incarnation;
    if (machine.began && !machine.lost) {
        if (anew)
            violated(fmt::format("node {} begins its journal anew, and nobody harmed it", node));
        if (const auto lost = lost_record(machine.records, machine.platter, records); !lost.empty())
            violated(fmt::format("node {} comes back {}", node, lost));
        const SightLog& log = raft_->node(node).log;
        const Height reaches(std::max(base.applied.value, log.last_position()));
        if (reaches < machine.held)
            violated(fmt::format("node {} comes back knowing blocks up to {}, and has shown {}",
                                 node, reaches, machine.held));
    }
    if (machine.lost || anew) machine = {};
    machine.began = true;
    machine.incarnation = incarnation;
    machine.records.assign(records.begin(), records.end());
    machine.term = 0;
    for (const auto& record : records) machine.platter = std::max(machine.platter, record.token);
}

void Stability::on_effects(NodeId node, const consensus::Engine& /*engine*/,
                           std::span<const consensus::Effect> effects) {
    Machine& machine = machines_[node];
    for (const consensus::Effect& effect : effects) {
        if (const auto* persist = std::get_if<consensus::Persist>(&effect))
            machine.records.push_back({persist->token, persist->record});
        if (const auto* forget = std::get_if<consensus::Forget>(&effect)) {
            while (!machine.records.empty() && machine.records.front().token <= forget->upto)
                machine.records.pop_front();
        }
    }
    const SightProbe& now = raft_->step().after;
    if (now.term < machine.term)
        violated(fmt::format("node {} goes from term {} back to {}", node, machine.term, now.term));
    if (machine.term == 0 && now.term < machine.said_term)
        violated(fmt::format("node {} comes back in term {}, and has spoken in {}", node, now.term,
                             machine.said_term));
    if (now.term == machine.said_term && machine.said_vote != NodeId{} &&
        now.vote != machine.said_vote.value)
        violated(fmt::format("node {} voted for node {} in term {}, and now has voted for {}", node,
                             machine.said_vote, now.term, now.vote));
    machine.term = now.term;
}

void Stability::on_send(NodeId from, NodeId to, ByteView message) {
    const auto said = messages_.read(message);
    if (!said) return;
    Machine& machine = machines_[from];
    if (said->header.term.value > machine.said_term) {
        machine.said_term = said->header.term.value;
        machine.said_vote = {};
    }
    const auto* reply = std::get_if<raft::VoteReply>(&said->body);
    if (reply != nullptr && reply->granted && reply->ballot == raft::Ballot::vote &&
        said->header.term.value == machine.said_term)
        machine.said_vote = to;
}

void Stability::on_platter(NodeId node, consensus::Token token) {
    Machine& machine = machines_[node];
    machine.platter = std::max(machine.platter, token);
    note_held(node, machine);
}

}  // namespace

CheckerPtr make_stability(const Sight& sight) {
    return std::make_unique<Stability>(sight);
}

}  // namespace holdfast::sim
