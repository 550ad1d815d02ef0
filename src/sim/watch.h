// Everybody who looks on: the checkers, the trace, the recorder. Everything that happens in a run
// is told here once.
#pragma once

#include <memory>
#include <set>
#include <vector>

#include "sim/disk.h"
#include "sim/observer.h"
#include "sim/recorder.h"

namespace holdfast::sim {

class Watch {
  public:
    Watch(const Stage& stage, Recorder* recorder)
        : stage_(stage), recorder_(recorder), checkers_(make_checkers(stage)) {}

    void add(std::unique_ptr<Checker> checker) { checkers_.push_back(std::move(checker)); }
    void started(NodeId node, const consensus::Base& base,
                 const std::vector<consensus::JournalRecord>& records,
                 consensus::JournalHealth health, uint64_t incarnation);
    void unsynced_start(NodeId node);
    void life_ended(NodeId node, Death why);
    void journal_lost(NodeId node);
    void input(NodeId node, const consensus::Input& input);
    void effects(NodeId node, const consensus::Engine& engine,
                 std::span<const consensus::Effect> effects);
    void timer(NodeId node, Duration wait);
    void sent(NodeId from, NodeId to, ByteView message);
    void session(NodeId node, NodeId peer);
    void connected(NodeId node, NodeId peer, uint64_t connection);
    void queued(NodeId from, NodeId to, env::Priority priority, ByteView message);
    void handed(NodeId node, NodeId from, uint64_t connection, ByteView message);
    void platter(NodeId node, consensus::Token token);
    void block(NodeId node, const ledger::Executed& executed);
    void stopped(NodeId node, const Error& reason);
    void made(const Hash32& transaction);
    void admitted(NodeId node, const chain::RecoveredTransaction& taken);
    void call(const Call& call);
    void answer(const Call& call, const Answer& answer);
    void fault(const Fault& fault, std::string why_not);
    void line(NodeId node, std::string text);
    void event_is_over();
    void end();
    /// What a checker waits for before the run may end; empty: nothing.
    [[nodiscard]] std::string waits_for() const;

    /// Anything at all, into the trace.
    void note(uint64_t value);
    [[nodiscard]] uint64_t trace() const { return trace_; }
    [[nodiscard]] bool recording() const { return recorder_ != nullptr; }
    [[nodiscard]] Recorder* recorder() { return recorder_; }
    [[nodiscard]] const std::vector<Violation>& violations() const { return violations_; }
    void violation(std::string_view checker, std::string what);
    /// Views in which somebody was seen to lead.
    [[nodiscard]] uint64_t views_led() const { return views_led_.size(); }

    uint64_t engine_steps = 0;
    std::map<std::string, uint64_t> faults;

  private:
    template <class Call>
    void each(Call&& call) {
        for (const auto& checker : checkers_) call(*checker);
    }
    /// Of what a liar does nothing is told but what others hear of it.
    template <class Call>
    void each_of(NodeId node, Call&& call) {
        if (!stage_.plan().lies(node)) each(std::forward<Call>(call));
    }
    template <class Call>
    void each_of(NodeId node, NodeId peer, Call&& call) {
        if (!stage_.plan().lies(peer)) each_of(node, std::forward<Call>(call));
    }

    const Stage& stage_;
    Recorder* recorder_;
    std::vector<std::unique_ptr<Checker>> checkers_;
    std::vector<Violation> violations_;
    std::set<uint64_t> views_led_;
    std::map<NodeId, std::pair<std::string, uint64_t>> roles_;
    std::map<NodeId, Duration> up_since_;
    uint64_t trace_ = 0;
};

/// The production engine with the watch around it: it passes everything on, and tells.
/// Records to persist are announced to the disk. Once `alive` says no, nobody looks any more.
std::unique_ptr<consensus::Engine> watched(std::unique_ptr<consensus::Engine> engine, NodeId node,
                                           Watch& watch, JournalDisk& disk,
                                           std::function<bool()> alive);

}  // namespace holdfast::sim
