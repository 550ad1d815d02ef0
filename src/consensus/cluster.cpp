// The cluster in memory: the ordering rule in miniature, and the checkers between nodes.
#include "consensus/cluster.h"

#include <charconv>

#include <fmt/format.h>

#include "base/overload.h"
#include "consensus/seal.h"

namespace holdfast::consensus {
namespace {

std::string quoted(const Buffer& payload) {
    return fmt::format("\"{}\"", text_of(*payload));
}

/// So far may a payload be ahead of the clock.
constexpr WallMillis ahead_max_ms = 2000;

/// "text@1500" was made when clocks showed 1500 ms; without that, no time is told.
std::optional<WallMillis> time_of(ByteView payload) {
    const std::string_view text = text_of(payload);
    const size_t at = text.rfind('@');
    WallMillis time = 0;
    if (at == std::string_view::npos) return std::nullopt;
    std::from_chars(text.data() + at + 1, text.data() + text.size(), time);
    return time;
}

std::vector<bool> verdicts_of(const Verify& verify) {
    std::vector<bool> valid;
    for (const VerifyItem& item : verify.items)
        valid.push_back(crypto::verify(item.key, item.message, item.signature));
    return valid;
}

}  // namespace

WallMillis Cluster::wall_ms() const {
    return static_cast<WallMillis>(now_.time_since_epoch() / 1ms);
}

PayloadReady Cluster::payload_for(const NeedPayload& need, std::string text) const {
    if (!family_.may_revert) return {need.ask, make_buffer(to_bytes(std::string_view(text)))};
    if (text.find('@') == std::string::npos)
        text += fmt::format("@{}", std::max(wall_ms(), need.time_min_ms));
    const Buffer payload = make_buffer(to_bytes(std::string_view(text)));
    return {need.ask, payload, time_of(*payload).value_or(0)};
}

// A payload says of itself what the host finds.
Verdict Cluster::verdict_of(const Buffer& payload) const {
    const std::string_view text = text_of(*payload);
    if (text.starts_with("bad")) return Verdict::bad;
    const bool is_ahead = time_of(*payload).value_or(0) > wall_ms() + ahead_max_ms;
    return is_ahead || text.starts_with("late") ? Verdict::later : Verdict::ok;
}

Neighbours Cluster::neighbours_of(NodeId id) const {
    Neighbours neighbours;
    for (const auto& [other, machine] : machines_)
        if (other != id) neighbours.reachable.push_back(other);
    return neighbours;
}

void Cluster::add(NodeId id, const Members& members) {
    Machine& machine = machines_[id];
    machine.founding = machine.members = members;
    machine.incarnation = next_incarnation_++;
    restart(id);
    if (!family_.may_revert) return;
    for (const auto& [other, unused] : machines_)
        if (other != id) feed(other, neighbours_of(other));
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
                if (machine.seal && machine.seal->ask == e.ask) machine.seal.reset();
                print(fmt::format("{}: cancel the ask", id));
            },
            [&](const Seal& e) {
                print(fmt::format("{}: seal {}", id, family_.describe_header(e.header)));
                machine.seal = e;
            },
            [&](const Check& e) {
                machine.answers.emplace_back(
                    Checked{e.ask, verdict_of(e.payload), time_of(*e.payload).value_or(0)});
            },
            [&](const Verify& e) { machine.answers.emplace_back(Verified{e.ask, verdicts_of(e)}); },
            [&](const Accuse& e) {
                print(fmt::format("{}: accuse {}", id, family_.describe_evidence(e.evidence)));
                accused_.insert(e.evidence);
            },
            [&](const Deliver& e) { take_block(id, machine, e); },
            [&](const Revert& e) { take_back(id, machine, e.above); },
            [&](const Final& e) { take_final(id, machine, e.upto); },
            [&](const CatchUp& e) {
                machine.catch_up = e;
                print(fmt::format("{}: catch up from {} to {}, source {}", id, e.from, e.upto,
                                  e.source));
            },
            [&](const Forget& e) {
                print(fmt::format("{}: forget through token {}", id, e.upto));
                machine.forgets.emplace_back(e.upto, machine.changes);
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
    print(fmt::format("{}: deliver {} {}{}", id, height, quoted(deliver.payload),
                      family_.may_revert ? fmt::format(" by {}", deliver.origin.proposer) : ""));
    if (height != machine.chain.size() + 1)
        return problem(
            fmt::format("node {} delivered {} after {}", id, height, machine.chain.size()));
    const Block block{deliver.payload, deliver.origin, deliver.mark};
    machine.chain.push_back(block);
    ++machine.changes;
    if (!machine.store_waits) flush(id);
    if (!family_.may_revert) compare(id, height, block);
    if (epoch_blocks() == 0 || height % epoch_blocks() != 0) return;
    machine.answers.emplace_back(
        MembersChanged{.boundary = Height(height), .members = members_at(Height(height))});
}

// Agreement and durability in one: nobody ever takes another block at a height once taken by one.
void Cluster::compare(NodeId id, size_t height, const Block& block) {
    if (history_.size() < height) history_.push_back(block);
    const Block& known = history_[height - 1];
    if (*known.payload != *block.payload || known.origin != block.origin ||
        (!family_.marks_differ && known.mark != block.mark))
        problem(fmt::format("node {} disagrees at height {}", id, height));
}

std::vector<Bytes> Cluster::earlier_marks(const Machine& machine) const {
    std::vector<Bytes> marks;
    if (!family_.may_revert) return marks;
    for (size_t i = std::max<size_t>(machine.final, 1) - 1; i + 1 < machine.chain.size(); ++i)
        marks.push_back(machine.chain[i].mark);
    return marks;
}

void Cluster::take_back(NodeId id, Machine& machine, Height above) {
    print(fmt::format("{}: revert above {}", id, above));
    if (!family_.may_revert || above.value >= machine.chain.size() || above.value < machine.final)
        return problem(fmt::format("node {} takes back what it may not", id));
    if (machine.flushed > above.value && !machine.stored) machine.stored = machine.chain;
    machine.chain.resize(above.value);
    ++machine.changes;
    if (!machine.store_waits) flush(id);
}

void Cluster::take_final(NodeId id, Machine& machine, Height upto) {
    if (upto.value > machine.chain.size()) return problem("final beyond the chain");
    if (!family_.may_revert) return;
    print(fmt::format("{}: final {}", id, upto));
    if (upto.value < machine.final) problem(fmt::format("node {}: final went back", id));
    // A script may want to see what comes of an assumption that does not hold.
    const bool may_differ = options_.contains("apart");
    for (size_t height = machine.final + 1; height <= upto.value && !may_differ; ++height)
        compare(id, height, machine.chain[height - 1]);
    machine.final = std::max<size_t>(machine.final, upto.value);
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
    machine.flushed_changes = machine.changes;
    machine.stored.reset();
    forget(machine);
}

// A prefix of the journal goes only once the store has flushed what the engine had delivered by
// then.
void Cluster::forget(Machine& machine) {
    while (!machine.forgets.empty() && machine.forgets.front().second <= machine.flushed_changes) {
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
    machine.seal.reset();
    machine.catch_up.reset();
    machine.forgets.clear();
    if (machine.stored) machine.chain = std::move(*machine.stored);
    machine.stored.reset();
    machine.chain.resize(std::min(machine.chain.size(), machine.flushed));
    machine.changes = machine.flushed_changes;
    // What the store never had is for the engine to know.
    machine.final = std::min(machine.final, machine.chain.size());
    while (machine.final > 0 && machine.final <= history_.size() &&
           machine.chain[machine.final - 1].mark != history_[machine.final - 1].mark)
        --machine.final;
}

void Cluster::restart(NodeId id) {
    Machine& machine = machines_.at(id);
    Base base{.applied = Height(machine.chain.size()), .mark = {}, .members = machine.founding};
    if (!machine.chain.empty()) {
        base.mark = machine.chain.back().mark;
        base.members = epoch_blocks() == 0 ? machine.members : members_at(base.applied);
    }
    base.earlier = earlier_marks(machine);
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
    if (family_.may_revert) feed(id, neighbours_of(id));
}

void Cluster::lose_disk(NodeId id, bool with_store) {
    Machine& machine = machines_.at(id);
    machine.journal.clear();
    machine.health = JournalHealth::lost;
    machine.incarnation = next_incarnation_++;
    if (!with_store) return;
    machine.chain.clear();
    machine.flushed = machine.final = 0;
}

void Cluster::copy_blocks(NodeId from, NodeId to) {
    const Machine& source = machines_.at(from);
    Machine& machine = machines_.at(to);
    if (source.chain.size() <= machine.chain.size()) return;
    // What the engine has said about the ledger goes first.
    if (std::ranges::any_of(machine.held, [](const auto& one) { return is_ordered(one.effect); }))
        return;
    // A block that is not the source's gives way, down to what is final.
    while (family_.may_revert && machine.chain.size() > machine.final &&
           machine.chain.back().mark != source.chain[machine.chain.size() - 1].mark)
        machine.chain.pop_back();
    for (size_t h = machine.chain.size(); h < source.chain.size(); ++h)
        machine.chain.push_back(source.chain[h]);
    ++machine.changes;
    flush(to);
    machine.catch_up.reset();
    if (source.members.epoch > machine.members.epoch) machine.members = source.members;
    feed(to, Synced{.position = Height(machine.chain.size()),
                    .mark = machine.chain.back().mark,
                    .members = epoch_blocks() == 0 ? machine.members
                                                   : members_at(Height(machine.chain.size())),
                    .earlier = earlier_marks(machine)});
}

void Cluster::seal(NodeId id, bool rightly) {
    Machine& machine = machines_.at(id);
    if (!machine.engine || !machine.seal) return;
    const Seal work = *machine.seal;
    machine.seal.reset();
    uint64_t nonce = 0;
    if (rightly) {
        nonce = find_nonce(work.header, work.target, 0, UINT64_MAX).value_or(0);
    } else {
        while (find_nonce(work.header, work.target, nonce, 1)) ++nonce;
    }
    feed(id, Sealed{work.ask, nonce});
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
