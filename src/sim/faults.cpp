// What each fault of a plan does to the world.
#include <tuple>

#include <fmt/format.h>

#include "ledger/validators.h"
#include "sim/cast.h"
#include "sim/draw.h"
#include "sim/run.h"

namespace holdfast::sim {

void Run::later(Duration after, std::function<void()> action) {
    Random dice = draw(plan_.seed, "later", events_);
    schedule_.at(schedule_.now() + after, dice.next(), [this, action = std::move(action)] {
        if (!calm_) action();
    });
}

void Run::begin(const Fault& fault) {
    std::string why_not = strike(fault);
    watch_.note(mix(static_cast<uint64_t>(fault.kind), why_not.size()));
    watch_.fault(fault, std::move(why_not));
    watch_.event_is_over();
}

std::string Run::strike(const Fault& fault) {
    const FaultKind kind = fault.kind;
    if (kind <= FaultKind::bandwidth) {
        network_.begin(fault);
        later(fault.lasts, [this, fault] { network_.end(fault); });
        return {};
    }
    if (kind == FaultKind::power_all) {
        for (const auto& [id, machine] : machines_) kill(*machine, Death::power_lost, fault.lasts);
        return {};
    }
    const auto at = machines_.find(fault.node);
    if (at == machines_.end()) return "there is no such node";
    Machine& machine = *at->second;
    if (kind == FaultKind::disconnect) {
        network_.drop_connections(fault.node, false);
        return {};
    }
    if (kind == FaultKind::replay)
        return network_.replay(fault) ? "" : "connections repeat nothing";
    if (kind <= FaultKind::slow) return strike_process(fault, machine);
    if (kind <= FaultKind::wipe) return strike_disk(fault, machine);
    if (kind <= FaultKind::clock_step) return strike_clock(fault, machine);
    return operate(fault, machine);
}

std::string Run::strike_clock(const Fault& fault, Machine& machine) {
    if (fault.kind == FaultKind::clock_step) {
        machine.clock().step_wall(static_cast<int64_t>(fault.amount) - 1'000'000'000);
        return {};
    }
    machine.clock().set_rate(static_cast<int64_t>(fault.amount));
    machine.clock_changed();
    later(fault.lasts, [&machine] {
        machine.clock().set_rate(1000);
        machine.clock_changed();
    });
    return {};
}

void Run::kill(Machine& machine, Death why, Duration down) {
    if (!machine.up()) return;
    killing_ = true;
    machine.die(why);
    killing_ = false;
    restart_later(machine.id(), down);
}

void Run::restart_later(NodeId node, Duration after) {
    later(after, [this, node] {
        Machine& machine = *machines_.at(node);
        if (!machine.up()) machine.start();
    });
}

std::string Run::strike_process(const Fault& fault, Machine& machine) {
    if (fault.kind == FaultKind::slow) {
        machine.set_slowness(fault.amount);
        later(fault.lasts, [&machine] { machine.set_slowness(1); });
        return {};
    }
    const bool within = fault.kind == FaultKind::kill_within;
    if (!machine.up() && !within) return "it is down";
    const Death death = loses_power(fault) ? Death::power_lost : Death::killed;
    if (fault.kind == FaultKind::pause) {
        machine.pause();
        later(fault.lasts, [&machine] { machine.resume(); });
    } else if (within) {
        machine.die_within(fault.amount, death);
    } else {
        kill(machine, death, fault.lasts);
    }
    return {};
}

std::string Run::strike_disk(const Fault& fault, Machine& machine) {
    if (fault.kind == FaultKind::disk_slow) {
        machine.set_sync_latency(std::chrono::milliseconds(fault.amount));
        later(fault.lasts, [&machine] { machine.set_sync_latency({}); });
        return {};
    }
    if (fault.kind == FaultKind::disk_error) {
        machine.journal_disk().fail_next_sync();
        return {};
    }
    if (fault.kind == FaultKind::disk_full) {
        machine.journal_disk().set_full(true);
        later(fault.lasts,
              [this, node = fault.node] { machines_.at(node)->journal_disk().set_full(false); });
        return {};
    }
    if (plan_.lies(fault.node)) return "it lies, which is worse";
    if (std::string why_not = atlas_->forbids_damage(fault.node); !why_not.empty()) return why_not;
    // It may have been ordered, and then the good copy that is left may be the one that goes.
    if (clients_.operators_wait()) return "the membership is about to change";
    Random dice =
        draw(plan_.seed, "damage", fault.node.value, static_cast<uint64_t>(fault.at.count()));
    if (fault.kind == FaultKind::bit_rot || fault.kind == FaultKind::misdirected) {
        const bool harmed = fault.kind == FaultKind::bit_rot
                                ? machine.journal_disk().flip_a_bit(dice)
                                : machine.journal_disk().misdirect_a_write(dice);
        if (!harmed) return "nothing is there to be harmed";
        machine.note_harm();
    } else {
        kill(machine, Death::killed, fault.lasts);
        machine.lose_journal(fault.kind == FaultKind::wipe);
    }
    atlas_->damaged(fault.node);
    return {};
}

std::string Run::operate(const Fault& fault, Machine& machine) {
    if (fault.kind == FaultKind::transfer_leadership) {
        // Only the leader knows what to do with it; the others refuse.
        for (const auto& [id, other] : machines_)
            other->handle([&it = *other, to = fault.node] {
                std::ignore = it.node()->transfer_leadership(to);
            });
        return {};
    }
    if (std::string why_not = atlas_->forbids_change(fault.kind, machine.id()); !why_not.empty())
        return why_not;
    if (plan_.has_stakes()) {
        // A newcomer's operator bonds; who leaves takes everything back.
        const bool joins = fault.kind == FaultKind::add_member;
        constexpr uint64_t joining_amount = 2000;
        begin(Operation{.kind = joins ? OperationKind::stake : OperationKind::unstake,
                        .node = NodeId(1),
                        .candidate = machine.id(),
                        .amount = joins ? joining_amount : 0});
        return {};
    }
    clients_.propose(fault.kind == FaultKind::add_member
                         ? ledger::encode_add_member(member(plan_, machine.id()))
                         : ledger::encode_remove_member(machine.id()));
    return {};
}

}  // namespace holdfast::sim
