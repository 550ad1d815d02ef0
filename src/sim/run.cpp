// The course of a run: faults and load for as long as the plan says; then a core of the cluster is
// healed for good, everything else stays as bad as it is, and the core must get on; then everybody.
#include "sim/run.h"

#include <fmt/format.h>

#include "base/check.h"
#include "base/sometimes.h"
#include "crypto/verdicts.h"
#include "ledger/staking.h"
#include "sim/cast.h"
#include "sim/draw.h"

namespace holdfast::sim {
namespace {

/// Simulated time that a healed cluster has to settle what is open. Far above any honest need:
/// sessions notice a dead connection after five seconds, and election timeouts are below one.
constexpr Duration time_to_settle = 60s;
/// A run that handles this many events at one microsecond does not get on.
constexpr uint64_t events_at_once_max = 1'000'000;

/// The run that a failing CHECK belongs to.
Run* running = nullptr;
const RunOptions* running_options = nullptr;

void on_last_words(std::string_view message) {
    if (running == nullptr) return;
    running->check_failed(message);
    if (running_options->last_outcome) running_options->last_outcome(running->outcome());
}

}  // namespace

Run::Run(const Plan& plan, const RunOptions& options)
    : plan_(plan),
      options_(options),
      genesis_(make_genesis(plan)),
      network_(plan_, schedule_),
      watch_(*this, options.recorder),
      around_{.plan = plan_,
              .genesis = genesis_,
              .genesis_hash = chain::genesis_hash(genesis_),
              .schedule = schedule_,
              .network = network_,
              .watch = watch_,
              .executed =
                  [this](NodeId node, const ledger::Executed& it) {
                      if (plan_.lies(node)) return;
                      judge_committee(it);
                      clients_.on_executed(node, it);
                  },
              .dying = [this](const Machine& machine) { on_dying(machine); }},
      clients_(around_, machines_),
      atlas_(plan_.engine == "bft"     ? make_bft_atlas(plan_, genesis_, machines_)
             : plan_.engine == "paxos" ? make_paxos_atlas(plan_, machines_)
                                       : make_raft_atlas(plan_, machines_)) {
    if (options.onlooker) watch_.add(options.onlooker(*this));
    running = this;
    running_options = &options_;
    set_last_words(on_last_words);
    crypto::remember_verdicts();
    SometimesMark::forget();
}

Run::~Run() {
    set_last_words(nullptr);
    running = nullptr;
}

std::vector<NodeId> Run::nodes() const {
    std::vector<NodeId> ids;
    for (const auto& [id, machine] : machines_)
        if (!plan_.lies(id)) ids.push_back(id);
    return ids;
}

NodeView Run::view(NodeId node) const {
    const Machine& machine = *machines_.at(node);
    return {.id = node,
            .up = machine.up(),
            .paused = machine.paused(),
            .lives = machine.lives(),
            .engine = machine.engine(),
            .node = machine.node(),
            .store = &machine.store_disk()};
}

void Run::set_the_stage() {
    for (uint64_t id = 1; id <= plan_.nodes + plan_.spares; ++id) {
        const NodeId node(id);
        const auto twin = plan_.lies(node) ? Machine::Twin::first : Machine::Twin::none;
        const auto& machine =
            machines_.emplace(node, std::make_unique<Machine>(around_, node, twin)).first->second;
        machine->install();
        Random dice = draw(plan_.seed, "start", id);
        const Duration after(static_cast<int64_t>(dice.below(200'000)));
        schedule_.at(after, dice.next(), [&machine = *machine] { machine.start(); });
        if (plan_.lies(node)) add_twin(node);
    }
    if (plan_.liars != 0) {
        clients_.stay_with(nodes());
        go_on_lying();
    }
    if (too_many_lie(plan_)) part_the_honest();
    for (size_t i = 0; i < plan_.faults.size(); ++i)
        schedule_.at(plan_.faults[i].at, i, [this, i] {
            if (!calm_) begin(plan_.faults[i]);
        });
    for (size_t i = 0; i < plan_.operations.size(); ++i)
        schedule_.at(plan_.operations[i].at, i, [this, i] {
            if (!calm_) begin(plan_.operations[i]);
        });
}

void Run::begin(const Operation& operation) {
    if (!is_about_stakes(operation.kind)) return clients_.begin(operation);
    if (plan_.engine == "bft" && atlas_->forbids_stakes(operation).empty())
        clients_.begin_stakes(operation);
}

// The honest may leave, or lose their seats; those who lie may then weigh a third of what is left.
void Run::judge_committee(const ledger::Executed& executed) {
    if (!executed.members_changed) return;
    if (plan_.has_stakes() && executed.members.epoch > newest_committee_) {
        newest_committee_ = executed.members.epoch;
        clients_.members_are(executed.members);
    }
    uint64_t lying = 0, whole = 0;
    for (const chain::Member& member : executed.members.members) {
        whole += member.weight;
        if (plan_.lies(member.id)) lying += member.weight;
    }
    overpowered_ = overpowered_ || (lying * 3 >= whole && !too_many_lie(plan_));
}

void Run::add_twin(NodeId liar) {
    const auto& set =
        twins_.emplace(liar, std::make_unique<TwinSet>(around_, *machines_.at(liar))).first->second;
    set->machine.install();
    Random dice = draw(plan_.seed, "start", liar.value + twin_offset);
    const Duration after(static_cast<int64_t>(dice.below(200'000)));
    schedule_.at(after, dice.next(), [&machine = set->machine] { machine.start(); });
}

// Those who talk to the one twin hear nothing of those who talk to the other.
void Run::part_the_honest() {
    const Machine& second = twins_.begin()->second->machine;
    for (const NodeId from : nodes())
        for (const NodeId to : nodes())
            if (second.talks_to(from) != second.talks_to(to))
                network_.begin({.kind = FaultKind::cut, .node = from, .peer = to});
}

// A node that finds its key in other hands falls silent, which is not what a liar does. And a dead
// one tells no lies.
void Run::go_on_lying() {
    constexpr Duration now_and_then = 500ms;
    killing_ = true;
    for (const auto& [id, set] : twins_)
        for (Machine* machine : {machines_.at(id).get(), &set->machine}) {
            if (machine->up() && machine->engine()->status().role == "abstaining")
                machine->die(Death::killed);
            if (!machine->up() && schedule_.now() > now_and_then) machine->start();
        }
    killing_ = false;
    schedule_.at(schedule_.now() + now_and_then, 0, [this] { go_on_lying(); });
}

bool Run::play(Duration deadline, const std::function<bool()>& until) {
    uint64_t at_once = 0;
    Duration last{};
    while (watch_.violations().empty()) {
        if (overpowered_ || (until && until())) return true;
        const auto next = schedule_.next();
        if (!next || *next >= deadline) return false;
        const auto action = schedule_.take();
        at_once = schedule_.now() == last ? at_once + 1 : 0;
        last = schedule_.now();
        if (at_once > events_at_once_max) {
            watch_.violation("liveness", "events follow each other and time stands still");
            return false;
        }
        ++events_;
        watch_.note(static_cast<uint64_t>(schedule_.now().count()));
        action();
    }
    return true;
}

Outcome Run::go() {
    set_the_stage();
    play(plan_.lasts, {});
    calm_ = true;
    unrecoverable_ = overpowered_ || too_many_lie(plan_);
    if (unrecoverable_) return outcome();
    if (watch_.violations().empty() && demand_progress()) watch_.end();
    return outcome();
}

void Run::heal(const std::vector<NodeId>& nodes) {
    network_.heal(nodes);
    for (const NodeId id : nodes) {
        Machine& machine = *machines_.at(id);
        machine.journal_disk().repair();
        machine.set_slowness(1);
        machine.set_sync_latency({});
        machine.clock().set_rate(1000);
        machine.spare();
        machine.resume();
        if (!machine.up()) machine.start();
        machine.clock_changed();
    }
    clients_.stay_with(nodes);
}

void Run::on_dying(const Machine& machine) {
    if (machine.twin() != Machine::Twin::none) return;  // it is seen to
    atlas_->remember(machine);
    if (killing_) return;
    // By its own fault or its disk's: whoever runs it starts it again.
    Random dice = draw(plan_.seed, "again", machine.id().value, machine.lives());
    restart_later(machine.id(), std::chrono::milliseconds(dice.between(50, 2000)));
}

// What the ledger says of a candidate: on the list, with enough at stake, and not barred for ever.
bool Run::is_candidate(NodeId id, const Machine& machine) const {
    if (!plan_.has_stakes()) return false;
    const ledger::Reader reader(machine.store_disk().snapshot());
    const auto answer = ledger::simulate(
        reader, genesis_, reader.head(),
        {.to = ledger::staking_address(), .data = ledger::encode_candidate_call(id)});
    if (!answer || !answer->success) return false;
    const auto word = [&](size_t index) {
        return *U256::from_big_endian(ByteView(answer->output).subspan(32 * index, 32));
    };
    return word(2) >= genesis_.bft.stake_min && word(4) == U256(1) && word(7) == U256(0);
}

// Nobody has to serve who is no member any more, and it may never hear of that.
std::vector<NodeId> Run::core() const {
    std::vector<NodeId> members;
    const Machine* newest = unrecoverable_ ? nullptr : newest_machine();
    if (newest == nullptr) return members;
    for (const NodeId id : core_)
        if (newest->node()->members().find(id) != nullptr) members.push_back(id);
    return members;
}

const Machine* Run::newest_machine() const {
    const Machine* newest = nullptr;
    for (const auto& [id, machine] : machines_)
        if (const node::Node* it = machine->node(); it != nullptr && !plan_.lies(id))
            if (newest == nullptr || it->head() > newest->node()->head()) newest = machine.get();
    return newest;
}

// Once all are healed, candidates without a seat follow, if anybody whom they know is a member yet.
std::vector<NodeId> Run::followers() const {
    std::vector<NodeId> following;
    const Machine* newest = unrecoverable_ ? nullptr : newest_machine();
    if (newest == nullptr || core_ != nodes()) return following;
    const chain::MemberSet& members = newest->node()->members();
    const auto is_honest_member = [&](const chain::Member& it) {
        return members.find(it.id) != nullptr && !plan_.lies(it.id);
    };
    for (const NodeId id : core_) {
        const node::Node* node = machines_.at(id)->node();
        if (node == nullptr || members.find(id) != nullptr || !is_candidate(id, *newest)) continue;
        if (std::ranges::any_of(node->members().members, is_honest_member)) following.push_back(id);
    }
    return following;
}

// Whoever leads may be outside the core and out of touch with some of it, and goes on; so what is
// demanded of everybody is a height, not to be level at one instant: the highest that anybody has
// executed when the last client has its answer, for that answer may be of a leader just removed.
bool Run::settled(std::optional<Height>& goal) const {
    if (clients_.waiting() != 0 || !watch_.waits_for().empty()) return false;
    const auto head = [this](NodeId id) {
        const Machine& machine = *machines_.at(id);
        return machine.up() ? machine.node()->head() : Height{};
    };
    if (!goal) {
        goal = Height{};
        for (const NodeId id : nodes()) goal = std::max(*goal, head(id));
    }
    const auto is_there = [&](NodeId id) { return head(id) >= *goal; };
    return std::ranges::all_of(core(), is_there) && std::ranges::all_of(followers(), is_there);
}

bool Run::demand_progress() {
    if (options_.recorder != nullptr) options_.recorder->healed_at = schedule_.now();
    Random dice = draw(plan_.seed, "core");
    core_.clear();
    for (uint64_t id = 1; id <= plan_.nodes + plan_.spares; ++id)
        if ((plan_.core >> (id - 1) & 1) != 0 && !plan_.lies(NodeId(id)))
            core_.push_back(NodeId(id));
    if (core_.empty()) core_ = atlas_->draw_core(dice);
    if (plan_.engine == "bft") look_after_nodes();

    for (const bool everybody : {false, true}) {
        if (everybody) core_ = nodes();
        heal(core_);
        // Something new must get through as well, from wherever it comes.
        for (const NodeId id : core_)
            clients_.begin({.kind = OperationKind::transfer,
                            .account = id.value % plan_.accounts,
                            .node = id});
        std::optional<Height> goal;
        const bool done =
            play(schedule_.now() + time_to_settle, [this, &goal] { return settled(goal); });
        if (!watch_.violations().empty()) return false;
        if (overpowered_) unrecoverable_ = true;
        if (overpowered_) return false;
        if (done) continue;
        const std::string excuse = atlas_->hopeless(core_);
        if (excuse.empty()) {
            watch_.violation("liveness", fmt::format("{} after {} s without faults: {}",
                                                     everybody ? "the cluster did not settle"
                                                               : "the healed core did not settle",
                                                     time_to_settle / 1s, picture()));
            return false;
        }
        watch_.line(NodeId{}, "nothing more is demanded: " + excuse);
        unrecoverable_ = true;
        return true;
    }
    return true;
}

std::string Run::picture() const {
    std::string text = clients_.oldest() + ";";
    if (const std::string unsettled = watch_.waits_for(); !unsettled.empty())
        text += " " + unsettled + ";";
    for (const NodeId id : nodes()) {
        const Machine& machine = *machines_.at(id);
        if (!machine.up()) {
            text += fmt::format(" node {} is down;", id);
            continue;
        }
        const node::NodeStatus status = machine.node()->status();
        text += fmt::format(" node {}{} {} view {} head {} certified {} epoch {}/{} pool {} {};",
                            id, std::ranges::find(core_, id) == core_.end() ? " (not healed)" : "",
                            status.agreement.role, status.agreement.view, status.head,
                            status.certified, status.members.epoch, status.agreement.members_epoch,
                            status.pending_transactions, status.agreement.note);
    }
    return text;
}

void Run::check_failed(std::string_view message) {
    watch_.violation("CHECK", std::string(message));
}

Outcome Run::outcome() const {
    Outcome outcome;
    outcome.seed = plan_.seed;
    outcome.violations = watch_.violations();
    if (!outcome.violations.empty())
        outcome.verdict =
            outcome.violations.front().checker == "liveness" ? Verdict::liveness : Verdict::safety;
    outcome.trace = watch_.trace();
    outcome.simulated = schedule_.now();
    outcome.events = events_;
    outcome.engine_steps = watch_.engine_steps;
    for (const auto& [id, machine] : machines_)
        if (machine->up() && !plan_.lies(id))
            outcome.blocks = std::max(outcome.blocks, machine->node()->head().value);
    outcome.transfers_acknowledged = clients_.acknowledged;
    outcome.transfers_unknown = clients_.waiting();
    outcome.reads_answered = clients_.reads_answered;
    outcome.elections = watch_.views_led();
    outcome.unrecoverable = unrecoverable_;
    outcome.faults = watch_.faults;
    outcome.marks = SometimesMark::passed();
    return outcome;
}

Outcome run_plan(const Plan& plan, const RunOptions& options) {
    Run run(plan, options);
    return run.go();
}

std::string_view to_string(Verdict verdict) {
    switch (verdict) {
        case Verdict::held:
            return "held";
        case Verdict::crash:
            return "crash";
        case Verdict::safety:
            return "safety";
        case Verdict::liveness:
            return "liveness";
    }
    return "";
}

}  // namespace holdfast::sim
