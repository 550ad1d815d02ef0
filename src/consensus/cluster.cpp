// The cluster in memory: the ordering rule in miniature, and the checkers between nodes.
#include "consensus/cluster.h"

#include <fmt/format.h>

#include "base/overload.h"

namespace holdfast::consensus {
namespace {

std::string quoted(const Buffer& payload) {
    return fmt::format("\"{}\"", text_of(*payload));
}

// A payload says of itself what the host finds.
Verdict verdict_of(const Buffer& payload) {
    const std::string_view text = text_of(*payload);
    if (text.starts_with("bad")) return Verdict::bad;
    return text.starts_with("late") ? Verdict::later : Verdict::ok;
}

std::vector<bool> verdicts_of(const Verify& verify) {
    std::vector<bool> valid;
    for (const VerifyItem& item : verify.items)
        valid.push_back(crypto::verify(item.key, item.message, item.signature));
    return valid;
}

}  // namespace

void Cluster::add(NodeId id, const Members& members) {
    Machine& machine = machines_[id];
    machine.founding = machine.members = members;
    machine.incarnation = next_incarnation_++;
    restart(id);
}

void Cluster::feed(NodeId id, Input input) {
    Machine& machine = machines_.at(id);
    step(id, std::move(input));
    if (!machine.disk_waits) sync(id);
    if (!machine.workers_wait) answer(id);
}

void Cluster::answer(NodeId id, size_t count) {
    Machine& machine = machines_.at(id);
    for (; machine.engine && !machine.answers.empty() && count > 0; --count) {
        Input input = std::move(machine.answers.front());
        machine.answers.pop_front();
        step(id, std::move(input));
        if (!machine.disk_waits) sync(id);
    }
}

void Cluster::step(NodeId id, Input input) {
    Machine& machine = machines_.at(id);
    if (!machine.engine) return;
    const EngineStatus before = machine.engine->status();
    Effects effects;
    machine.engine->step(now_, std::move(input), effects);
    print_role(id, before, machine.engine->status());
    run(id, machine, effects);
    check(id, machine);
}

void Cluster::print_role(NodeId id, const EngineStatus& before, const EngineStatus& after) {
    if (before.role == after.role && before.view == after.view) return;
    if (before.role == after.role) {
        print(fmt::format("{}: {}, {} {}", id, after.role, family_.view_word, after.view));
    } else {
        print(fmt::format("{}: {} -> {}, {} {}", id, before.role, after.role, family_.view_word,
                          after.view));
    }
}

void Cluster::ring(NodeId id) {
    Machine& machine = machines_.at(id);
    if (!machine.engine || !machine.alarm) return;
    set_now(*machine.alarm);
    machine.alarm.reset();
    feed(id, Tick{});
}

void Cluster::run(NodeId id, Machine& machine, const Effects& effects) {
    Token barrier;
    for (const Effect& effect : effects) {
        if (const auto* persist = std::get_if<Persist>(&effect)) {
            release(id, machine);
            if (persist->token <= machine.last_token) problem("a token was not above the last");
            machine.last_token = barrier = persist->token;
            machine.writing.push_back({persist->token, persist->record});
            print(fmt::format("{}: persist {}", id, family_.describe_record(*persist->record)));
        } else {
            machine.held.push_back({barrier, effect});
        }
    }
    release(id, machine);
}

// Lets go of everything whose records are durable. Blocks and their like moreover keep their order.
void Cluster::release(NodeId id, Machine& machine) {
    const Token durable = machine.journal.empty() ? Token{} : machine.journal.back().token;
    bool order_waits = false;
    std::deque<Machine::Held> waiting;
    for (auto& held : machine.held) {
        const bool waits = held.after > durable || (order_waits && is_ordered(held.effect));
        if (!waits) {
            carry_out(id, machine, held.effect);
        } else {
            order_waits = order_waits || is_ordered(held.effect);
            waiting.push_back(std::move(held));
        }
    }
    machine.held = std::move(waiting);
}

void Cluster::carry_out(NodeId id, Machine& machine, const Effect& effect) {
    std::visit(
        Overload{
            [&](const Send& e) {
                print(fmt::format("{} -> {}: {}", id, e.to, family_.describe_message(*e.bytes)));
                packets_.push_back({id, e.to, e.bytes});
            },
            [&](const SetTimer& e) { machine.alarm = e.at; },
            [&](const NeedPayload& e) {
                if (machine.need) problem("two payloads were asked for at once");
                machine.need = e;
                std::string after;
                for (const Buffer& payload : e.ancestors) after += " " + quoted(payload);
                print(
                    fmt::format("{}: need payload{}{}", id, after.empty() ? "" : " after", after));
            },
            [&](const Cancel& e) {
                if (machine.need && machine.need->ask == e.ask) machine.need.reset();
                print(fmt::format("{}: cancel the ask", id));
            },
            [&](const Check& e) {
                machine.answers.emplace_back(Checked{e.ask, verdict_of(e.payload)});
            },
            [&](const Verify& e) { machine.answers.emplace_back(Verified{e.ask, verdicts_of(e)}); },
            [&](const Accuse& e) {
                print(fmt::format("{}: accuse {}", id, family_.describe_evidence(e.evidence)));
                accused_.insert(e.evidence);
            },
            [&](const Deliver& e) { take_block(id, machine, e); },
            [&](const Final& e) {
                if (e.upto.value > machine.chain.size()) problem("final beyond the chain");
            },
            [&](const CatchUp& e) {
                machine.catch_up = e;
                print(fmt::format("{}: catch up from {} to {}, source {}", id, e.from, e.upto,
                                  e.source));
            },
            [&](const Forget& e) {
                print(fmt::format("{}: forget through token {}", id, e.upto));
                machine.forgets.emplace_back(e.upto, Height(machine.chain.size()));
                forget(machine);
            },
            [&](const ReadAt& e) {
                print(fmt::format("{}: read {} at {}", id, e.id, e.height));
                ++reads_answered_;
                if (e.height < reads_[{id, e.id}])
                    problem(fmt::format("read {} at node {} misses what was final before it", e.id,
                                        id));
            },
            [&](const ReadRefused& e) {
                print(fmt::format("{}: read {} refused: {}", id, e.id, e.why));
            },
            [](const auto&) {},
        },
        effect);
}

void Cluster::take_block(NodeId id, Machine& machine, const Deliver& deliver) {
    const uint64_t height = deliver.position.value;
    print(fmt::format("{}: deliver {} {}", id, height, quoted(deliver.payload)));
    if (height != machine.chain.size() + 1)
        return problem(
            fmt::format("node {} delivered {} after {}", id, height, machine.chain.size()));
    const Block block{deliver.payload, deliver.origin, deliver.mark};
    machine.chain.push_back(block);
    if (!machine.store_waits) machine.flushed = machine.chain.size();
    if (history_.size() < height) history_.push_back(block);
    // Agreement and durability in one: nobody ever takes another block at a height once taken by
    // one.
    const Block& known = history_[height - 1];
    if (*known.payload != *block.payload || known.origin != block.origin ||
        (!family_.marks_differ && known.mark != block.mark))
        problem(fmt::format("node {} disagrees at height {}", id, height));
    if (epoch_blocks() == 0 || height % epoch_blocks() != 0) return;
    machine.answers.emplace_back(
        MembersChanged{.boundary = Height(height), .members = members_at(Height(height))});
}

uint64_t Cluster::epoch_blocks() const {
    const auto option = options_.find("epoch");
    return option == options_.end() ? 0 : option->second;
}

// In force in the state after the block at `height`: as it was decided at the boundary before.
Members Cluster::members_at(Height height) {
    const Height boundary(height.value - height.value % epoch_blocks());
    if (boundary == Height{}) return machines_.begin()->second.founding;
    const auto [at, is_new] = decided_.try_emplace(boundary);
    if (is_new) at->second = planned_ ? *planned_ : members_at(boundary.previous());
    return at->second;
}

void Cluster::check(NodeId id, const Machine& machine) {
    for (const std::string& broken : family_.broken_invariants(*machine.engine))
        problem(fmt::format("node {}: {}", id, broken));
    const EngineStatus status = machine.engine->status();
    if (status.role != "leader" || family_.views_are_shared) return;
    const auto [leader, is_new] = leaders_.try_emplace(status.view, id);
    if (leader->second != id)
        problem(fmt::format("nodes {} and {} both led view {}", leader->second, id, status.view));
}

void Cluster::sync(NodeId id, size_t count) {
    Machine& machine = machines_.at(id);
    while (machine.engine && !machine.writing.empty() && count > 0) {
        machine.journal.push_back(std::move(machine.writing.front()));
        machine.writing.pop_front();
        --count;
        const Token token = machine.journal.back().token;
        release(id, machine);
        step(id, Durable{token});
    }
}

void Cluster::flush(NodeId id) {
    Machine& machine = machines_.at(id);
    machine.flushed = machine.chain.size();
    forget(machine);
}

// A prefix of the journal goes only once the store has flushed what the engine had delivered by
// then.
void Cluster::forget(Machine& machine) {
    while (!machine.forgets.empty() && machine.forgets.front().second.value <= machine.flushed) {
        const Token upto = machine.forgets.front().first;
        std::erase_if(machine.journal,
                      [&](const JournalRecord& record) { return record.token <= upto; });
        machine.forgets.erase(machine.forgets.begin());
    }
}

void Cluster::crash(NodeId id, size_t kept) {
    Machine& machine = machines_.at(id);
    for (; kept > 0 && !machine.writing.empty(); --kept) {
        machine.journal.push_back(std::move(machine.writing.front()));
        machine.writing.pop_front();
    }
    machine.engine.reset();
    machine.writing.clear();
    machine.held.clear();
    machine.answers.clear();
    machine.alarm.reset();
    machine.need.reset();
    machine.catch_up.reset();
    machine.forgets.clear();
    machine.chain.resize(std::min(machine.chain.size(), machine.flushed));
}

void Cluster::restart(NodeId id) {
    Machine& machine = machines_.at(id);
    Base base{.applied = Height(machine.chain.size()), .mark = {}, .members = machine.founding};
    if (!machine.chain.empty()) {
        base.mark = machine.chain.back().mark;
        base.members = epoch_blocks() == 0 ? machine.members : members_at(base.applied);
    }
    machine.last_token = machine.journal.empty() ? Token{} : machine.journal.back().token;
    Effects effects;
    machine.engine = family_.restore({.self = id,
                                      .incarnation = machine.incarnation,
                                      .base = base,
                                      .records = machine.journal,
                                      .health = machine.health,
                                      .now = now_,
                                      .options = options_},
                                     effects);
    run(id, machine, effects);
    check(id, machine);
    if (!machine.disk_waits) sync(id);
    if (!machine.workers_wait) answer(id);
    if (base.members.epoch < machine.members.epoch)
        feed(id, MembersChanged{.boundary = Height{}, .members = machine.members});
}

void Cluster::lose_disk(NodeId id, bool with_store) {
    Machine& machine = machines_.at(id);
    machine.journal.clear();
    machine.health = JournalHealth::lost;
    machine.incarnation = next_incarnation_++;
    if (!with_store) return;
    machine.chain.clear();
    machine.flushed = 0;
}

void Cluster::copy_blocks(NodeId from, NodeId to) {
    const Machine& source = machines_.at(from);
    Machine& machine = machines_.at(to);
    if (source.chain.size() <= machine.chain.size()) return;
    for (size_t h = machine.chain.size(); h < source.chain.size(); ++h)
        machine.chain.push_back(source.chain[h]);
    machine.flushed = machine.chain.size();
    machine.catch_up.reset();
    if (source.members.epoch > machine.members.epoch) machine.members = source.members;
    feed(to, Synced{.position = Height(machine.chain.size()),
                    .mark = machine.chain.back().mark,
                    .members = epoch_blocks() == 0 ? machine.members
                                                   : members_at(Height(machine.chain.size()))});
}

void Cluster::change_members(NodeId id, const Members& members) {
    Machine& machine = machines_.at(id);
    if (members.epoch <= machine.members.epoch) return;
    machine.members = members;
    feed(id, MembersChanged{.boundary = Height(machine.chain.size()), .members = members});
}

void Cluster::read(NodeId id, ReadId read) {
    reads_[{id, read}] = Height(history_.size());
    feed(id, Read{read});
}

void Cluster::deliver_packet(size_t at) {
    const Packet packet = packets_.at(at);
    packets_.erase(packets_.begin() + static_cast<std::ptrdiff_t>(at));
    if (machines_.contains(packet.to)) feed(packet.to, Received{packet.from, packet.bytes});
}

}  // namespace holdfast::consensus
