// R-LM, R-LA, R-CT, R-MI and state machine safety: what Raft promises of its logs, each checked
// where a log or a count changes. [Raft §5.3, §5.4]
#include <fmt/format.h>

#include "sim/checkers.h"
#include "sim/draw.h"
#include "sim/short_messages.h"

namespace holdfast::sim {
namespace {

/// Two logs with an entry of the same index and term agree in it and in everything before: enough
/// that such an entry is one and the same, and always follows an entry of the same term.
class LogMatching final : public Checker {
  public:
    explicit LogMatching(const Sight& sight) : raft_(sight.raft) {}
    [[nodiscard]] std::string_view name() const override { return "raft-log-matching"; }

    void on_effects(NodeId node, const consensus::Engine& /*engine*/,
                    std::span<const consensus::Effect> /*effects*/) override {
        if (raft_->step().appended == 0) return;
        const SightLog& log = raft_->node(node).log;
        for (uint64_t index = std::max(raft_->step().appended, log.start() + 1);
             index <= log.last(); ++index)
            check(node, index, *log.at(index), log.term_at(index - 1));
    }

  private:
    struct First {
        NodeId node;
        uint64_t print = 0;
        std::optional<uint64_t> before;
    };
    void check(NodeId node, uint64_t index, const SightEntry& entry,
               std::optional<uint64_t> before) {
        const auto [place, fresh] =
            firsts_.try_emplace(mix(index, entry.term), First{node, entry.print, before});
        First& first = place->second;
        if (fresh) return;
        if (!first.before) first.before = before;
        if (first.print != entry.print)
            violated(fmt::format("nodes {} and {} have different entries {} of term {}", first.node,
                                 node, index, entry.term));
        if (before && *first.before != *before)
            violated(fmt::format("nodes {} and {} have different entries before {} of term {}",
                                 first.node, node, index, entry.term));
    }
    std::shared_ptr<const RaftSight> raft_;
    std::unordered_map<uint64_t, First> firsts_;
};

class LeaderAppendOnly final : public Checker {
  public:
    explicit LeaderAppendOnly(const Sight& sight) : raft_(sight.raft) {}
    [[nodiscard]] std::string_view name() const override { return "raft-leader-append-only"; }

    void on_effects(NodeId node, const consensus::Engine& /*engine*/,
                    std::span<const consensus::Effect> /*effects*/) override {
        const SightStep& step = raft_->step();
        if (!step.after.leads) return;
        if (step.appended != 0 && step.truncated)
            violated(fmt::format("node {} leads in term {} and replaces its entries from {} on",
                                 node, step.after.term, step.appended));
        if (step.before.leads && step.before.term == step.after.term &&
            raft_->node(node).log.last() < step.last_before)
            violated(
                fmt::format("node {} leads in term {} and drops entries", node, step.after.term));
        const SightLog& log = raft_->node(node).log;
        for (uint64_t index = step.appended; index != 0 && index <= log.last(); ++index) {
            const SightEntry* entry = log.at(index);
            if (entry != nullptr && entry->term != step.after.term)
                violated(fmt::format("node {} leads in term {} and appends an entry of term {}",
                                     node, step.after.term, entry->term));
        }
    }

  private:
    std::shared_ptr<const RaftSight> raft_;
};

/// A leader commits by counting only entries of its own term; those before come along. [Raft
/// §5.4.2, Fig. 8]
class CommitTerm final : public Checker {
  public:
    explicit CommitTerm(const Sight& sight) : raft_(sight.raft) {}
    [[nodiscard]] std::string_view name() const override { return "raft-commit-term"; }

    void on_effects(NodeId node, const consensus::Engine& /*engine*/,
                    std::span<const consensus::Effect> /*effects*/) override {
        const SightStep& step = raft_->step();
        if (step.after.commit < step.before.commit)
            violated(fmt::format("node {} takes its commit index back from {} to {}", node,
                                 step.before.commit, step.after.commit));
        const bool counted = step.before.leads && step.before.term == step.after.term &&
                             step.after.commit > step.before.commit && !step.synced;
        if (!counted) return;
        const auto term = raft_->node(node).log.term_at(step.after.commit);
        if (term && *term != step.after.term)
            violated(fmt::format("node {} leads in term {} and commits entry {} of term {}", node,
                                 step.after.term, step.after.commit, *term));
    }

  private:
    std::shared_ptr<const RaftSight> raft_;
};

/// What one node knows to be committed at an index, no other knows to be different there.
class StateMachineSafety final : public Checker {
  public:
    explicit StateMachineSafety(const Sight& sight) : raft_(sight.raft) {}
    [[nodiscard]] std::string_view name() const override { return "raft-state-machine-safety"; }

    void on_effects(NodeId node, const consensus::Engine& /*engine*/,
                    std::span<const consensus::Effect> /*effects*/) override {
        const SightStep& step = raft_->step();
        const SightLog& log = raft_->node(node).log;
        const uint64_t from = std::max(step.before.commit, log.start()) + 1;
        for (uint64_t index = from; index <= step.after.commit; ++index) {
            const SightEntry* entry = log.at(index);
            if (entry == nullptr) return;
            if (committed_.size() <= index) committed_.resize(index + 1);
            uint64_t& first = committed_[index];
            if (first == 0) first = entry->print;
            if (first != entry->print)
                violated(
                    fmt::format("node {} commits another entry {} than others did", node, index));
        }
    }

  private:
    std::shared_ptr<const RaftSight> raft_;
    std::vector<uint64_t> committed_;  ///< by index; 0: not known
};

/// What a leader takes a peer to have, that peer has, on its platter and equal, and it has said so
/// in the leader's term: what it said in an earlier one it may have given up since.
class MatchIndex final : public Checker {
  public:
    explicit MatchIndex(const Sight& sight) : raft_(sight.raft) {}
    [[nodiscard]] std::string_view name() const override { return "raft-match-index"; }

    void on_effects(NodeId node, const consensus::Engine& /*engine*/,
                    std::span<const consensus::Effect> /*effects*/) override {
        const SightStep& step = raft_->step();
        if (!step.after.leads) return;
        for (const auto& match : step.after.matches) {
            const bool old =
                std::ranges::find(step.before.matches, match) != step.before.matches.end();
            if (!old || step.before.term != step.after.term)
                check(node, step.after.term, match.first, match.second);
        }
    }
    void on_send(NodeId from, NodeId /*to*/, ByteView message) override {
        const auto said = messages_.read(message);
        const auto* reply = said ? std::get_if<raft::AppendReply>(&said->body) : nullptr;
        if (reply == nullptr || !reply->accepted) return;
        const raft::Speaker& speaker = said->header.speaker;
        Said& most = said_[{from, speaker.incarnation, speaker.rejoined}];
        if (most.term != said->header.term.value) most = {.term = said->header.term.value};
        most.index = std::max(most.index, reply->index.value);
    }

  private:
    /// The highest entry that it has acknowledged in the newest term in which it did.
    struct Said {
        uint64_t term = 0, index = 0;
    };
    void check(NodeId leader, uint64_t term, const Voice& voice, uint64_t match) {
        if (match == 0) return;
        const Said& most = said_[voice];
        // In a later term it speaks of another leader's log.
        if (most.term < term || (most.term == term && most.index < match))
            violated(
                fmt::format("node {} takes {} to have entry {}, and in term {} it never said so",
                            leader, to_string(voice), match, term));
        const SightNode* peer = raft_->find(voice);
        if (peer == nullptr)
            return violated(
                fmt::format("node {} counts on {}, who never spoke", leader, to_string(voice)));
        // In a later term it may have given up, rightly, what it had acknowledged in this one.
        if (peer->promise.term.value != term) return;
        const auto mine = raft_->node(leader).log.term_at(match);
        const auto theirs = peer->log.term_at(match);
        const bool differs = mine && theirs && *mine != *theirs;
        if (!peer->has(match) || differs)
            violated(fmt::format("node {} takes {} to have entry {}, and it has not", leader,
                                 to_string(voice), match));
    }
    std::shared_ptr<const RaftSight> raft_;
    ShortMessages messages_;
    std::map<Voice, Said> said_;
};

}  // namespace

CheckerPtr make_raft_log_matching(const Sight& sight) {
    return std::make_unique<LogMatching>(sight);
}
CheckerPtr make_raft_leader_append_only(const Sight& sight) {
    return std::make_unique<LeaderAppendOnly>(sight);
}
CheckerPtr make_raft_commit_term(const Sight& sight) {
    return std::make_unique<CommitTerm>(sight);
}
CheckerPtr make_raft_state_machine_safety(const Sight& sight) {
    return std::make_unique<StateMachineSafety>(sight);
}
CheckerPtr make_raft_match_index(const Sight& sight) {
    return std::make_unique<MatchIndex>(sight);
}

}  // namespace holdfast::sim
