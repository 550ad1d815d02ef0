// Raft as the all-seeing eye has it: for each journal, past or present, the log and the promise
// that its records tell, and how much of them is on the platter. Kept by the checker
// `raft-records` from effects alone; the others read it.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "consensus/engine.h"
#include "consensus/raft/records.h"

namespace holdfast::sim {

/// A voter in Raft's sense: a journal, not a machine. See docs/decisions/0003.
struct Voice {
    NodeId node;
    uint64_t incarnation = 0;
    bool rejoined = false;
    auto operator<=>(const Voice&) const = default;
};
bool sits(const raft::Seat& seat, const Voice& voice);
std::string to_string(const Voice& voice);

using ConfigurationPtr = std::shared_ptr<const raft::Configuration>;

struct SightEntry {
    uint64_t term = 0;
    raft::EntryKind kind{};
    uint64_t position = 0;
    uint64_t print = 0;  ///< of everything in it
    uint64_t token = 0;  ///< of the record that holds it
};

/// A log as its records tell it.
class SightLog {
  public:
    void reset(const raft::Mark& start);
    void drop_through(const raft::Mark& start);
    /// Null outside [start, last], or if only the start's index is known.
    [[nodiscard]] std::optional<uint64_t> term_at(uint64_t index) const;
    /// Null outside (start, last].
    [[nodiscard]] const SightEntry* at(uint64_t index) const;
    [[nodiscard]] uint64_t start() const { return start_; }
    [[nodiscard]] uint64_t last() const { return start_ + entries_.size(); }
    [[nodiscard]] uint64_t last_term() const { return term_at(last()).value_or(0); }
    [[nodiscard]] uint64_t last_position() const;
    [[nodiscard]] ConfigurationPtr configuration() const { return configurations_.back().second; }
    [[nodiscard]] uint64_t configuration_index() const { return configurations_.back().first; }
    /// (index, configuration), oldest first; the first is in force at the start.
    [[nodiscard]] const auto& configurations() const { return configurations_; }
    void truncate(uint64_t from);
    void append(const SightEntry& entry, ConfigurationPtr configuration);

    /// False if they do not follow on what is there. Replaying, a beginning in the midst is fine.
    bool take(const raft::Record& record, uint64_t token, bool replaying);
    /// What the ledger's store holds is trusted, and gives the start to a log that has none.
    void join(const raft::Mark& applied);

  private:
    bool take_entries(const raft::Record& record, uint64_t token, bool replaying);

    uint64_t start_ = 0, start_position_ = 0;
    std::optional<uint64_t> start_term_;
    std::deque<SightEntry> entries_;
    std::deque<std::pair<uint64_t, ConfigurationPtr>> configurations_{
        {0, std::make_shared<const raft::Configuration>()}};
};

/// Numbers of an engine's probe that checkers look at.
struct SightProbe {
    bool leads = false;
    uint64_t term = 0, vote = 0, start = 0, last = 0, last_term = 0, commit = 0, delivered = 0,
             durable = 0, reads = 0;
    /// Of a leader: peer, its speaker, and what it is known to have.
    std::vector<std::pair<Voice, uint64_t>> matches;
};
SightProbe read_probe(const consensus::Probe& probe);

struct SightNode {
    Voice voice;
    bool spoke = false;  ///< `voice` is known: its first record has been seen
    bool up = false;
    uint64_t incarnation = 0;  ///< of the journal, as its reader says
    SightLog log;
    uint64_t written = 0;                                     ///< newest token
    uint64_t platter = 0;                                     ///< newest token on the platter
    raft::Promise promise;                                    ///< as last written
    raft::Promise durable_promise;                            ///< as on the platter
    std::deque<std::pair<uint64_t, raft::Promise>> promises;  ///< on their way there
    SightProbe probe;

    /// Is the log up to `index` on the platter, or in the ledger's store?
    [[nodiscard]] bool has(uint64_t index) const;
};

/// The step being looked at.
struct SightStep {
    NodeId node;
    SightProbe before, after;
    uint64_t last_before = 0;
    ConfigurationPtr configuration_before;
    uint64_t configuration_index_before = 0;
    uint64_t appended = 0;  ///< first index appended; 0: none
    bool truncated = false;
    bool first_of_life = false;
    bool synced = false;  ///< its input was Synced
};

class RaftSight {
  public:
    void on_start(NodeId node, const consensus::Base& base,
                  const std::vector<consensus::JournalRecord>& records,
                  consensus::JournalHealth health, uint64_t incarnation);
    void on_end(NodeId node);
    void on_input(NodeId node, const consensus::Input& input);
    void on_effects(NodeId node, const consensus::Engine& engine,
                    std::span<const consensus::Effect> effects);
    void on_platter(NodeId node, consensus::Token token);

    [[nodiscard]] const SightNode& node(NodeId id) const { return nodes_.at(id); }
    [[nodiscard]] const std::map<NodeId, SightNode>& nodes() const { return nodes_; }
    /// Of journals that are gone: as they were when that was noticed.
    [[nodiscard]] const std::map<Voice, SightNode>& retired() const { return retired_; }
    [[nodiscard]] const SightStep& step() const { return step_; }
    /// Null: nobody has ever spoken so.
    [[nodiscard]] const SightNode* find(const Voice& voice) const;
    /// Do a majority of voters, and of a joint configuration's outgoing ones, satisfy `has`?
    template <class F>
    [[nodiscard]] bool quorum(const raft::Configuration& configuration, F has) const;

    std::vector<std::string> take_problems() { return std::exchange(problems_, {}); }

  private:
    void take_record(NodeId id, SightNode& node, const consensus::Persist& persist);
    template <class F>
    [[nodiscard]] bool majority_of(const std::vector<raft::Seat>& seats, F has) const;

    std::map<NodeId, SightNode> nodes_;
    std::map<Voice, SightNode> retired_;
    SightStep step_;
    std::optional<NodeId> started_, synced_;
    std::vector<std::string> problems_;
};

template <class F>
bool RaftSight::majority_of(const std::vector<raft::Seat>& seats, F has) const {
    size_t count = 0;
    for (const raft::Seat& seat : seats) {
        bool found = false;
        const auto live = nodes_.find(seat.id);
        if (live != nodes_.end() && live->second.spoke && sits(seat, live->second.voice))
            found = has(live->second);
        for (auto it = retired_.lower_bound({seat.id, 0, false});
             !found && it != retired_.end() && it->first.node == seat.id; ++it)
            found = sits(seat, it->first) && has(it->second);
        count += found ? 1 : 0;
    }
    return 2 * count > seats.size();
}

template <class F>
bool RaftSight::quorum(const raft::Configuration& configuration, F has) const {
    if (configuration.voters.empty() || !majority_of(configuration.voters, has)) return false;
    return configuration.outgoing.empty() || majority_of(configuration.outgoing, has);
}

}  // namespace holdfast::sim
