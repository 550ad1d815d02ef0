// Passing on what happens, and keeping the trace and the record of it.
#include "sim/watch.h"

#include <fmt/format.h>

#include "node/trace.h"
#include "sim/cast.h"
#include "sim/draw.h"

namespace holdfast::sim {
namespace {

class Watched final : public consensus::Engine {
  public:
    Watched(std::unique_ptr<consensus::Engine> engine, NodeId node, Watch& watch, JournalDisk& disk,
            std::function<bool()> alive)
        : engine_(std::move(engine)),
          node_(node),
          watch_(watch),
          disk_(disk),
          alive_(std::move(alive)) {}

    void step(Instant now, consensus::Input input, consensus::Effects& out) override {
        const bool alive = alive_();
        if (alive) watch_.input(node_, input);
        const size_t before = out.size();
        engine_->step(now, std::move(input), out);
        if (!alive) return;
        const std::span effects = std::span(out).subspan(before);
        for (const consensus::Effect& effect : effects)
            if (const auto* persist = std::get_if<consensus::Persist>(&effect))
                disk_.expect(*persist);
        for (const consensus::Effect& effect : effects)
            if (const auto* timer = std::get_if<consensus::SetTimer>(&effect))
                watch_.timer(node_, timer->at - now);
        watch_.effects(node_, *engine_, effects);
    }
    [[nodiscard]] consensus::EngineStatus status() const override { return engine_->status(); }
    [[nodiscard]] NodeId leader() const override { return engine_->leader(); }
    [[nodiscard]] std::vector<NodeId> counted() const override { return engine_->counted(); }
    [[nodiscard]] consensus::Probe probe() const override { return engine_->probe(); }

  private:
    std::unique_ptr<consensus::Engine> engine_;
    NodeId node_;
    Watch& watch_;
    JournalDisk& disk_;
    std::function<bool()> alive_;
};

std::string_view to_string(Death why) {
    switch (why) {
        case Death::killed:
            return "killed";
        case Death::power_lost:
            return "lost power";
        case Death::disk_failed:
            return "disk failed";
    }
    return "";
}

constexpr uint64_t role_is_looked_at_every = 8;  ///< steps of an engine

}  // namespace

std::unique_ptr<consensus::Engine> watched(std::unique_ptr<consensus::Engine> engine, NodeId node,
                                           Watch& watch, JournalDisk& disk,
                                           std::function<bool()> alive) {
    return std::make_unique<Watched>(std::move(engine), node, watch, disk, std::move(alive));
}

void Watch::note(uint64_t value) {
    trace_ = mix(trace_, value);
}

void Watch::violation(std::string_view checker, std::string what) {
    violations_.push_back(
        {.checker = std::string(checker), .what = std::move(what), .at = stage_.now()});
}

void Watch::started(NodeId node, const consensus::Base& base,
                    const std::vector<consensus::JournalRecord>& records,
                    consensus::JournalHealth health, uint64_t incarnation) {
    note(mix(node.value, incarnation));
    up_since_[node] = stage_.now();
    if (recording())
        line(node, fmt::format("starts at block {} with {} records", base.applied, records.size()));
    each_of(node, [&](Checker& it) { it.on_start(node, base, records, health, incarnation); });
}

void Watch::unsynced_start(NodeId node) {
    each([&](Checker& it) { it.on_unsynced_start(node); });
}

void Watch::life_ended(NodeId node, Death why) {
    note(mix(node.value, static_cast<uint64_t>(why)));
    if (recorder_ != nullptr) {
        recorder_->lives.push_back({.from = up_since_[node],
                                    .to = stage_.now(),
                                    .node = node,
                                    .end = std::string(to_string(why))});
        line(node, std::string(to_string(why)));
    }
    roles_.erase(node);
    each_of(node, [&](Checker& it) { it.on_end(node, why); });
}

void Watch::journal_lost(NodeId node) {
    line(node, "its journal is not what it was");
    each_of(node, [&](Checker& it) { it.on_journal_lost(node); });
}

void Watch::input(NodeId node, const consensus::Input& input) {
    trace_ = node::mix(mix(trace_, node.value), input);
    ++engine_steps;
    each_of(node, [&](Checker& it) { it.on_input(node, input); });
}

void Watch::effects(NodeId node, const consensus::Engine& engine,
                    std::span<const consensus::Effect> effects) {
    for (const consensus::Effect& effect : effects) trace_ = node::mix(trace_, effect);
    each_of(node, [&](Checker& it) { it.on_effects(node, engine, effects); });
    if (engine_steps % role_is_looked_at_every != 0) return;
    const consensus::EngineStatus status = engine.status();
    if (status.role == "leader") views_led_.insert(status.view);
    // Validators take turns, in each epoch anew.
    if (status.role == "validator" && status.leader == node)
        views_led_.insert(mix(status.members_epoch, status.view));
    if (recorder_ == nullptr) return;
    auto& known = roles_[node];
    if (known.first == status.role && known.second == status.view) return;
    known = {status.role, status.view};
    recorder_->roles.push_back(
        {.at = stage_.now(), .node = node, .role = status.role, .view = status.view});
    line(node, fmt::format("{} in view {}", status.role, status.view));
}

void Watch::timer(NodeId node, Duration wait) {
    each_of(node, [&](Checker& it) { it.on_timer(node, wait); });
}

void Watch::sent(NodeId from, NodeId to, ByteView message) {
    if (stage_.plan().lies(from))
        each([&](Checker& it) { it.on_lie(from, to, message); });
    else
        each([&](Checker& it) { it.on_send(from, to, message); });
}

void Watch::session(NodeId node, NodeId peer) {
    each_of(node, peer, [&](Checker& it) { it.on_session(node, peer); });
}

void Watch::connected(NodeId node, NodeId peer, uint64_t connection) {
    each_of(node, peer, [&](Checker& it) { it.on_connected(node, peer, connection); });
}

void Watch::queued(NodeId from, NodeId to, env::Priority priority, ByteView message) {
    each_of(from, to, [&](Checker& it) { it.on_queued(from, to, priority, message); });
}

void Watch::handed(NodeId node, NodeId from, uint64_t connection, ByteView message) {
    each_of(node, from, [&](Checker& it) { it.on_handed(node, from, connection, message); });
}

void Watch::platter(NodeId node, consensus::Token token) {
    each_of(node, [&](Checker& it) { it.on_platter(node, token); });
}

void Watch::block(NodeId node, const ledger::Executed& executed) {
    for (const uint8_t byte : executed.block.hash.bytes) note(byte);
    if (recorder_ != nullptr) {
        recorder_->progress.push_back(
            {.at = stage_.now(), .node = node, .height = executed.block.header.number});
        line(node, fmt::format("executes block {} with {} transactions",
                               executed.block.header.number, executed.block.transactions.size()));
    }
    each_of(node, [&](Checker& it) { it.on_block(node, executed); });
}

void Watch::stopped(NodeId node, const Error& reason) {
    line(node, "stopped: " + describe(reason));
    if (stage_.plan().lies(node) || too_many_lie(stage_.plan())) return;
    violation("stopped", fmt::format("node {} stopped: {}", node, describe(reason)));
    each_of(node, [&](Checker& it) { it.on_stopped(node, reason); });
}

void Watch::made(const Hash32& transaction) {
    each([&](Checker& it) { it.on_made(transaction); });
}

void Watch::admitted(NodeId node, const chain::RecoveredTransaction& taken) {
    each_of(node, [&](Checker& it) { it.on_admitted(node, taken); });
}

void Watch::call(const Call& call) {
    each([&](Checker& it) { it.on_call(call); });
}

void Watch::answer(const Call& call, const Answer& answer) {
    note(mix(call.id, answer.height.value));
    each([&](Checker& it) { it.on_answer(call, answer); });
}

void Watch::fault(const Fault& fault, std::string why_not) {
    if (why_not.empty()) ++faults[std::string(sim::to_string(fault.kind))];
    if (recorder_ == nullptr) return;
    line(NodeId{}, describe(fault) + (why_not.empty() ? "" : " - not done: " + why_not));
    recorder_->faults.push_back(
        {.at = stage_.now(), .lasts = fault.lasts, .fault = fault, .why_not = std::move(why_not)});
}

void Watch::line(NodeId node, std::string text) {
    if (recorder_ != nullptr) recorder_->line(stage_.now(), node, std::move(text));
}

void Watch::event_is_over() {
    each([](Checker& it) { it.after_event(); });
    each([this](Checker& it) {
        for (std::string& what : it.take_findings()) violation(it.name(), std::move(what));
    });
}

std::string Watch::waits_for() const {
    for (const auto& checker : checkers_)
        if (std::string text = checker->waits_for(); !text.empty()) return text;
    return {};
}

void Watch::end() {
    each([](Checker& it) { it.at_end(); });
    event_is_over();
    if (recorder_ == nullptr) return;
    for (const NodeId node : stage_.nodes())
        if (stage_.view(node).up)
            recorder_->lives.push_back(
                {.from = up_since_[node], .to = stage_.now(), .node = node, .end = {}});
}

}  // namespace holdfast::sim
