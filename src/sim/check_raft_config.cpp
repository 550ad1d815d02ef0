// R-CF: configurations change one at a time, from a committed one, in steps that keep every
// majority of the old in touch with every majority of the new; and whoever leads was elected by a
// majority of each set in force in its log. [Raft §6] [RaftDiss §4]
#include <set>

#include <fmt/format.h>

#include "sim/checkers.h"

namespace holdfast::sim {
namespace {

using raft::Configuration;
using raft::Seat;

bool same_voters(const std::vector<Seat>& old_seats, const std::vector<Seat>& new_seats) {
    // A founder's seat may be given its journal's number: it stays the same voter.
    return std::ranges::equal(old_seats, new_seats, [](const Seat& a, const Seat& b) {
        return a.id == b.id && (a.incarnation == b.incarnation || a.incarnation == 0);
    });
}

class RaftConfig final : public Checker {
  public:
    explicit RaftConfig(const Sight& sight) : raft_(sight.raft) {}
    [[nodiscard]] std::string_view name() const override { return "raft-config"; }

    void on_effects(NodeId node, const consensus::Engine& /*engine*/,
                    std::span<const consensus::Effect> effects) override;

  private:
    void check_vote(NodeId node, std::span<const consensus::Effect> effects);
    void check_election(NodeId node);
    void check_change(NodeId node);
    void check_step(NodeId node, const Configuration& from, const Configuration& to);

    std::shared_ptr<const RaftSight> raft_;
    /// Term and candidate -> the journals whose promise says so.
    std::map<std::pair<uint64_t, NodeId>, std::set<Voice>> votes_;
};

void RaftConfig::on_effects(NodeId node, const consensus::Engine& /*engine*/,
                            std::span<const consensus::Effect> effects) {
    check_vote(node, effects);
    const SightStep& step = raft_->step();
    if (!step.after.leads) return;
    if (!step.before.leads || step.before.term != step.after.term) check_election(node);
    if (step.appended != 0) check_change(node);
}

void RaftConfig::check_vote(NodeId node, std::span<const consensus::Effect> effects) {
    const SightNode& seen = raft_->node(node);
    const bool wrote = std::ranges::any_of(effects, [](const consensus::Effect& effect) {
        return std::holds_alternative<consensus::Persist>(effect);
    });
    if (wrote && seen.promise.vote != NodeId{})
        votes_[{seen.promise.term.value, seen.promise.vote}].insert(seen.voice);
}

void RaftConfig::check_election(NodeId node) {
    const SightStep& step = raft_->step();
    const auto votes = votes_.find({step.after.term, node});
    const auto granted = [&](const SightNode& voter) {
        return votes != votes_.end() && votes->second.contains(voter.voice);
    };
    if (!raft_->quorum(*step.configuration_before, granted))
        violated(fmt::format("node {} leads in term {} without a majority of each set in its log",
                             node, step.after.term));
    // Terms long gone are of no more use.
    while (votes_.size() > 1024) votes_.erase(votes_.begin());
}

void RaftConfig::check_change(NodeId node) {
    const SightStep& step = raft_->step();
    const SightLog& log = raft_->node(node).log;
    ConfigurationPtr now = step.configuration_before;
    uint64_t at = step.configuration_index_before;
    for (const auto& [index, next] : log.configurations()) {
        if (index < step.appended) continue;
        if (at > step.after.commit)
            violated(
                fmt::format("node {} changes the configuration at {}, and the last change, at "
                            "{}, is not committed",
                            node, index, at));
        // Or two leaders could each change what the other does not know of. [RaftDiss §4.1]
        const auto committed = log.term_at(step.after.commit);
        if (committed && *committed != step.after.term)
            violated(fmt::format(
                "node {} changes the configuration before it commits an entry of term {}", node,
                step.after.term));
        check_step(node, *now, *next);
        now = next;
        at = index;
    }
}

void RaftConfig::check_step(NodeId node, const Configuration& from, const Configuration& to) {
    const bool begins = from.outgoing.empty() && to.outgoing == from.voters;
    const bool ends = !from.outgoing.empty() && to.outgoing.empty() && to.voters == from.voters;
    const bool names =
        from.outgoing.empty() && to.outgoing.empty() && same_voters(from.voters, to.voters);
    if (!begins && !ends && !names)
        violated(fmt::format("node {} takes a step between configurations that joins no majorities",
                             node));
    if (to.epoch < from.epoch)
        violated(fmt::format("node {} goes from epoch {} back to {}", node, from.epoch, to.epoch));
}

}  // namespace

CheckerPtr make_raft_config(const Sight& sight) {
    return std::make_unique<RaftConfig>(sight);
}

}  // namespace holdfast::sim
