// Field by field, in the order of the structs.
#include "sim/wire.h"

#include <array>

#include "base/codec.h"

namespace holdfast::sim {
namespace {

constexpr size_t text_max = size_t{1} << 20;
constexpr size_t count_max = size_t{1} << 26;

void write(Writer& out, Duration time) {
    out.u64(static_cast<uint64_t>(time.count()));
}
Duration read_time(Reader& in) {
    return Duration(static_cast<int64_t>(in.u64()));
}
std::string read_text(Reader& in) {
    return in.text(text_max);
}
// A CHECK can print a whole message in its words: longer ones are cut, not refused.
void write_text(Writer& out, std::string_view text) {
    out.text(text.substr(0, text_max));
}

void write(Writer& out, const Fault& fault) {
    write(out, fault.at);
    out.u8(static_cast<uint8_t>(fault.kind));
    write(out, fault.lasts);
    out.ordinal(fault.node);
    out.ordinal(fault.peer);
    out.u64(fault.amount);
}
Fault read_fault(Reader& in) {
    Fault fault;
    fault.at = read_time(in);
    const uint8_t kind = in.u8();
    if (kind >= fault_kind_count)
        in.fail_with(codec_errc::bad_value);
    else
        fault.kind = static_cast<FaultKind>(kind);
    fault.lasts = read_time(in);
    fault.node = in.ordinal<NodeId>();
    fault.peer = in.ordinal<NodeId>();
    fault.amount = in.u64();
    return fault;
}

void write(Writer& out, const Operation& operation) {
    write(out, operation.at);
    out.u8(static_cast<uint8_t>(operation.kind));
    out.u64(operation.account);
    out.ordinal(operation.node);
    out.ordinal(operation.candidate);
    out.ordinal(operation.other);
    out.u64(operation.amount);
}
Operation read_operation(Reader& in) {
    Operation operation;
    operation.at = read_time(in);
    operation.kind = static_cast<OperationKind>(in.u8());
    operation.account = in.u64();
    operation.node = in.ordinal<NodeId>();
    operation.candidate = in.ordinal<NodeId>();
    operation.other = in.ordinal<NodeId>();
    operation.amount = in.u64();
    return operation;
}

constexpr auto plan_numbers = std::to_array({&Plan::seed,
                                             &Plan::nodes,
                                             &Plan::spares,
                                             &Plan::accounts,
                                             &Plan::segment_bytes,
                                             &Plan::blocks_kept,
                                             &Plan::log_bytes_retained,
                                             &Plan::delay_us,
                                             &Plan::jitter_percent,
                                             &Plan::sync_us,
                                             &Plan::outbid_percent,
                                             &Plan::epoch_blocks,
                                             &Plan::delta_us,
                                             &Plan::weight_max,
                                             &Plan::liars,
                                             &Plan::reporters,
                                             &Plan::evidence_epochs,
                                             &Plan::committee_max,
                                             &Plan::unbonding_epochs,
                                             &Plan::block_reward,
                                             &Plan::slash_per_mille,
                                             &Plan::accuser_per_mille,
                                             &Plan::missed_per_mille,
                                             &Plan::jail_epochs,
                                             &Plan::guilts_max,
                                             &Plan::core});

constexpr auto outcome_numbers =
    std::to_array({&Outcome::seed, &Outcome::trace, &Outcome::events, &Outcome::engine_steps,
                   &Outcome::blocks, &Outcome::transfers_acknowledged, &Outcome::transfers_unknown,
                   &Outcome::reads_answered, &Outcome::elections});

template <class Items, class ReadOne>
void read_each(Reader& in, Items& items, ReadOne&& read_one) {
    for (size_t i = in.count(count_max); i > 0 && !in.failed(); --i) items.push_back(read_one(in));
}

void write(Writer& out, const Recorder::Life& life) {
    write(out, life.from);
    write(out, life.to);
    out.ordinal(life.node);
    write_text(out, life.end);
}
void write(Writer& out, const Recorder::Role& role) {
    write(out, role.at);
    out.ordinal(role.node);
    write_text(out, role.role);
    out.u64(role.view);
}
void write(Writer& out, const Recorder::Done& done) {
    write(out, done.at);
    write(out, done.lasts);
    write(out, done.fault);
    write_text(out, done.why_not);
}
void write(Writer& out, const Recorder::Progress& progress) {
    write(out, progress.at);
    out.ordinal(progress.node);
    out.ordinal(progress.height);
}
void write(Writer& out, const Recorder::Line& line) {
    write(out, line.at);
    out.ordinal(line.node);
    write_text(out, line.text);
}

template <class Items>
void write_each(Writer& out, const Items& items) {
    out.count(items.size());
    for (const auto& item : items) write(out, item);
}

}  // namespace

void write(Writer& out, const Plan& plan) {
    write_text(out, plan.engine);
    write_text(out, plan.profile);
    write_text(out, plan.policy);
    for (const auto field : plan_numbers) out.u64(plan.*field);
    write(out, plan.lasts);
    out.boolean(plan.streams);
    write_each(out, plan.faults);
    write_each(out, plan.operations);
}

Plan read_plan(Reader& in) {
    Plan plan;
    plan.engine = read_text(in);
    plan.profile = read_text(in);
    plan.policy = read_text(in);
    for (const auto field : plan_numbers) plan.*field = in.u64();
    plan.lasts = read_time(in);
    plan.streams = in.boolean();
    read_each(in, plan.faults, read_fault);
    read_each(in, plan.operations, read_operation);
    return plan;
}

void write(Writer& out, const Outcome& outcome) {
    out.u8(static_cast<uint8_t>(outcome.verdict));
    out.count(outcome.violations.size());
    for (const Violation& it : outcome.violations) {
        write_text(out, it.checker);
        write_text(out, it.what);
        write(out, it.at);
    }
    for (const auto field : outcome_numbers) out.u64(outcome.*field);
    write(out, outcome.simulated);
    out.boolean(outcome.unrecoverable);
    out.count(outcome.faults.size());
    for (const auto& [kind, count] : outcome.faults) {
        write_text(out, kind);
        out.u64(count);
    }
    out.count(outcome.marks.size());
    for (const std::string& mark : outcome.marks) write_text(out, mark);
}

Outcome read_outcome(Reader& in) {
    Outcome outcome;
    const uint8_t verdict = in.u8();
    if (verdict > static_cast<uint8_t>(Verdict::liveness)) in.fail_with(codec_errc::bad_value);
    outcome.verdict = static_cast<Verdict>(verdict);
    read_each(in, outcome.violations, [](Reader& it) {
        Violation violation;
        violation.checker = read_text(it);
        violation.what = read_text(it);
        violation.at = read_time(it);
        return violation;
    });
    for (const auto field : outcome_numbers) outcome.*field = in.u64();
    outcome.simulated = read_time(in);
    outcome.unrecoverable = in.boolean();
    for (size_t i = in.count(count_max); i > 0 && !in.failed(); --i) {
        std::string kind = read_text(in);
        outcome.faults[std::move(kind)] = in.u64();
    }
    read_each(in, outcome.marks, read_text);
    return outcome;
}

void write(Writer& out, const Recorder& recorder) {
    write_each(out, recorder.lives);
    write_each(out, recorder.roles);
    write_each(out, recorder.faults);
    write_each(out, recorder.progress);
    write_each(out, recorder.lines);
    write(out, recorder.healed_at);
}

Recorder read_recorder(Reader& in) {
    Recorder recorder;
    read_each(in, recorder.lives, [](Reader& it) {
        Recorder::Life life{.from = read_time(it), .to = read_time(it)};
        life.node = it.ordinal<NodeId>();
        life.end = read_text(it);
        return life;
    });
    read_each(in, recorder.roles, [](Reader& it) {
        Recorder::Role role{.at = read_time(it), .node = it.ordinal<NodeId>()};
        role.role = read_text(it);
        role.view = it.u64();
        return role;
    });
    read_each(in, recorder.faults, [](Reader& it) {
        Recorder::Done done{.at = read_time(it), .lasts = read_time(it)};
        done.fault = read_fault(it);
        done.why_not = read_text(it);
        return done;
    });
    read_each(in, recorder.progress, [](Reader& it) {
        return Recorder::Progress{
            .at = read_time(it), .node = it.ordinal<NodeId>(), .height = it.ordinal<Height>()};
    });
    read_each(in, recorder.lines, [](Reader& it) {
        Recorder::Line line{.at = read_time(it), .node = it.ordinal<NodeId>()};
        line.text = read_text(it);
        return line;
    });
    recorder.healed_at = read_time(in);
    return recorder;
}

}  // namespace holdfast::sim
