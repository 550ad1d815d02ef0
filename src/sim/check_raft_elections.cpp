// R-ES, R-LC, R-V: one leader a term over all history, who has all that was committed before; one
// vote a term of each journal; and nothing is said that a crash could still take back. Not checked:
// that a voter has its candidate's committed prefix, which correct Raft does not promise.
#include <set>

#include <fmt/format.h>

#include "sim/checkers.h"
#include "sim/short_messages.h"

namespace holdfast::sim {
namespace {

class ElectionSafety final : public Checker {
  public:
    explicit ElectionSafety(const Sight& sight) : raft_(sight.raft) {}
    [[nodiscard]] std::string_view name() const override { return "raft-election-safety"; }

    void on_effects(NodeId node, const consensus::Engine& /*engine*/,
                    std::span<const consensus::Effect> /*effects*/) override {
        const SightStep& step = raft_->step();
        if (step.before.leads) led(node, step.before.term);
        if (step.after.leads) led(node, step.after.term);
    }
    void on_send(NodeId from, NodeId /*to*/, ByteView message) override {
        const auto said = messages_.read(message);
        if (!said) return;
        // Only leaders say these.
        if (std::holds_alternative<raft::Append>(said->body) ||
            std::holds_alternative<raft::Behind>(said->body))
            led(from, said->header.term.value);
    }

  private:
    void led(NodeId node, uint64_t term) {
        const auto [place, fresh] = leaders_.try_emplace(term, node);
        if (!fresh && place->second != node)
            violated(
                fmt::format("nodes {} and {} both lead in term {}", place->second, node, term));
    }
    std::shared_ptr<const RaftSight> raft_;
    ShortMessages messages_;
    std::map<uint64_t, NodeId> leaders_;
};

class LeaderCompleteness final : public Checker {
  public:
    explicit LeaderCompleteness(const Sight& sight) : raft_(sight.raft) {}
    [[nodiscard]] std::string_view name() const override { return "raft-leader-completeness"; }

    void on_effects(NodeId node, const consensus::Engine& /*engine*/,
                    std::span<const consensus::Effect> /*effects*/) override {
        const SightStep& step = raft_->step();
        const SightLog& log = raft_->node(node).log;
        const bool elected =
            step.after.leads && (!step.before.leads || step.before.term != step.after.term);
        if (elected) check(node, step.after.term, log);
        if (step.first_of_life) return;  // what its ledger held was committed long before
        for (uint64_t index = step.before.commit + 1; index <= step.after.commit; ++index) {
            if (top() < index) committed_.resize(index);
            // Of what a sync has jumped over, nothing is known here.
            const SightEntry* entry = log.at(index);
            Committed& first = committed_[index - 1];
            if (first.term == 0 && entry != nullptr) first = {entry->term, step.after.term};
        }
    }

  private:
    struct Committed {
        uint64_t term = 0;  ///< of the entry; 0: not known
        uint64_t in = 0;    ///< the term in which it was first known to be committed
    };
    [[nodiscard]] uint64_t top() const { return committed_.size(); }
    void check(NodeId node, uint64_t term, const SightLog& log) {
        for (uint64_t index = log.start() + 1; index <= top(); ++index) {
            const Committed& was = committed_[index - 1];
            if (was.term == 0 || was.in >= term) continue;
            const auto has = log.term_at(index);
            if (has == was.term) continue;
            return violated(fmt::format(
                "node {} leads in term {} and lacks entry {} of term {}, committed in term {}",
                node, term, index, was.term, was.in));
        }
    }
    std::shared_ptr<const RaftSight> raft_;
    std::vector<Committed> committed_;  ///< by index, from 1
};

class OneVote final : public Checker {
  public:
    explicit OneVote(const Sight& sight) : raft_(sight.raft) {}
    [[nodiscard]] std::string_view name() const override { return "raft-one-vote"; }

    // A vote that was torn off before anybody heard of it was never given.
    void on_platter(NodeId node, consensus::Token /*token*/) override {
        const SightNode& seen = raft_->node(node);
        if (seen.durable_promise.vote != NodeId{})
            voted(seen.voice, seen.durable_promise.term.value, seen.durable_promise.vote);
    }
    void on_send(NodeId from, NodeId to, ByteView message) override {
        const auto said = messages_.read(message);
        if (!said) return;
        const auto* reply = std::get_if<raft::VoteReply>(&said->body);
        if (reply == nullptr || !reply->granted || reply->ballot != raft::Ballot::vote) return;
        const raft::Speaker& speaker = said->header.speaker;
        const Voice voice{from, speaker.incarnation, speaker.rejoined};
        if (speaker.incarnation == 0 && speaker.rejoined)
            violated(fmt::format("node {} votes, and nobody may know what it promised", from));
        voted(voice, said->header.term.value, to);
    }

  private:
    void voted(const Voice& voice, uint64_t term, NodeId whom) {
        const auto [place, fresh] = votes_.try_emplace({voice, term}, whom);
        if (!fresh && place->second != whom)
            violated(fmt::format("{} votes for node {} and for node {} in term {}",
                                 to_string(voice), place->second, whom, term));
    }
    std::shared_ptr<const RaftSight> raft_;
    ShortMessages messages_;
    std::map<std::pair<Voice, uint64_t>, NodeId> votes_;
};

/// Terms, votes and acknowledgements are on the platter before anybody hears of them.
class RaftPromise final : public Checker {
  public:
    explicit RaftPromise(const Sight& sight) : raft_(sight.raft) {}
    [[nodiscard]] std::string_view name() const override { return "raft-promise"; }

    void on_send(NodeId from, NodeId to, ByteView message) override {
        const auto said = messages_.read(message);
        if (!said) return;
        const SightNode& node = raft_->node(from);
        const uint64_t term = said->header.term.value;
        const raft::Promise& kept = node.durable_promise;
        if (term > kept.term.value)
            violated(fmt::format("node {} speaks in term {}, with {} on its platter", from, term,
                                 kept.term));
        const auto* vote = std::get_if<raft::VoteReply>(&said->body);
        if (vote != nullptr && vote->granted && vote->ballot == raft::Ballot::vote &&
            term == kept.term.value && kept.vote != to)
            violated(fmt::format("node {} votes for node {} in term {}, not on its platter", from,
                                 to, term));
        const auto* reply = std::get_if<raft::AppendReply>(&said->body);
        if (reply != nullptr && reply->accepted && !node.has(reply->index.value) &&
            term == node.promise.term.value)
            violated(fmt::format("node {} acknowledges entry {}, not on its platter", from,
                                 reply->index));
    }

  private:
    std::shared_ptr<const RaftSight> raft_;
    ShortMessages messages_;
};

}  // namespace

CheckerPtr make_raft_election_safety(const Sight& sight) {
    return std::make_unique<ElectionSafety>(sight);
}
CheckerPtr make_raft_leader_completeness(const Sight& sight) {
    return std::make_unique<LeaderCompleteness>(sight);
}
CheckerPtr make_raft_one_vote(const Sight& sight) {
    return std::make_unique<OneVote>(sight);
}
CheckerPtr make_raft_promise(const Sight& sight) {
    return std::make_unique<RaftPromise>(sight);
}

}  // namespace holdfast::sim
