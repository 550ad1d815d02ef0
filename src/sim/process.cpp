// The ports of a node, on the virtual world.
#include "sim/process.h"

#include "consensus/bft/bft.h"
#include "consensus/paxos/paxos.h"
#include "consensus/raft/raft.h"
#include "sim/cast.h"
#include "sim/draw.h"

namespace holdfast::sim {
namespace {

/// Of two connections made at about the same time, both ends keep the same one.
constexpr Duration racing = 5s;
constexpr Duration backoff_first = 100ms;
constexpr Duration backoff_cap = 2s;
constexpr size_t write_bytes_max = size_t{64} * 1024;
/// An alarm that is due already rings this much later: time moves on.
constexpr Duration alarm_spacing = 20us;

}  // namespace

Process::Process(Machine& machine, uint64_t life)
    : machine_(machine),
      around_(machine.around_),
      life_(life),
      journal_(machine.journal_disk_, machine.around_.plan.segment_bytes),
      identity_{.genesis = machine.around_.genesis_hash,
                .self = machine.id_,
                .incarnation =
                    draw(machine.around_.plan.seed, "process", machine.number(), life).next()} {}

// The node goes first: it holds snapshots of the store.
Process::~Process() {
    node_.reset();
}

Status Process::open() {
    const uint64_t seed = around_.plan.seed;
    node::Bootstrap bootstrap{.epoch = machine_.bootstrap_.epoch, .members = {}};
    for (const chain::Member& it : machine_.bootstrap_.members) bootstrap.members.push_back(it.id);
    node::Config config{
        .self = machine_.id_,
        .voting_seed = voting_seed(machine_.id_),
        .fee_recipient = machine_.twin() == Machine::Twin::second
                             ? account(0)  // so that no two proposals of twins are the same
                             : member(machine_.id_).operator_account,
        .report_key = around_.plan.reports(machine_.id_)
                          ? std::optional(secret_key(reporter_number(machine_.id_)))
                          : std::nullopt,
        .fresh_incarnation = draw(seed, "fresh", machine_.number(), life_).next() | 1,
        .mempool = {},
        .bootstrap = std::move(bootstrap),
        .blocks_kept = around_.plan.blocks_kept,
        .engine = [this](const node::RestoreArguments& it) { return make_engine(it); }};
    // Whoever is no member yet knows the founders, as from their genesis.
    const ledger::Reader reader(machine_.store_disk_.snapshot());
    set_peers({.members = reader.members(reader.head()).value_or(around_.genesis.members),
               .followers = {}});
    auto opened = node::Node::open(std::move(config),
                                   {.transport = *this,
                                    .lanes = *this,
                                    .clock = machine_.clock_,
                                    .store = machine_.store_disk_,
                                    .journal = journal_,
                                    .events = *this,
                                    .logger = logger()},
                                   around_.genesis);
    if (!opened) return std::unexpected(opened.error());
    node_ = std::move(*opened);
    return {};
}

template <class EngineConfig>
EngineConfig Process::crash_fault_config(const node::RestoreArguments& arguments) const {
    return {.self = machine_.id_,
            .seed = draw(around_.plan.seed, "engine", machine_.number(), life_).next(),
            .incarnation = arguments.incarnation,
            .election_timeout =
                std::chrono::milliseconds(around_.genesis.parameters.election_timeout_ms),
            .heartbeat = std::chrono::milliseconds(around_.genesis.parameters.heartbeat_ms),
            .payload_bytes_max = around_.genesis.parameters.payload_bytes_max};
}

std::unique_ptr<consensus::Engine> Process::restore_raft(
    const node::RestoreArguments& arguments) const {
    auto config = crash_fault_config<raft::Config>(arguments);
    config.log_bytes_retained = around_.plan.log_bytes_retained;
    return raft::restore(config, arguments.base, arguments.records, arguments.health, arguments.now,
                         arguments.effects);
}

std::unique_ptr<consensus::Engine> Process::restore_paxos(
    const node::RestoreArguments& arguments) const {
    auto config = crash_fault_config<paxos::Config>(arguments);
    config.retained_bytes_max = around_.plan.log_bytes_retained;
    return paxos::restore(config, arguments.base, arguments.records, arguments.health,
                          arguments.now, arguments.effects);
}

std::unique_ptr<consensus::Engine> Process::restore_bft(
    const node::RestoreArguments& arguments) const {
    bft::Config config = bft::config_for(around_.genesis);
    config.self = machine_.id_;
    config.voting_seed = voting_seed(machine_.id_);
    config.seed = draw(around_.plan.seed, "engine", machine_.number(), life_).next();
    config.incarnation = arguments.incarnation;
    config.journal_bytes_max = config.candidates_bytes_max = around_.plan.log_bytes_retained;
    return bft::restore(config, arguments.base, arguments.records, arguments.health, arguments.now,
                        arguments.effects);
}

std::unique_ptr<consensus::Engine> Process::make_engine(const node::RestoreArguments& arguments) {
    Watch& watch = around_.watch;
    const NodeId self = machine_.id_;
    // Who died while he read his journal never lived, and nobody looks at what he makes of it.
    const bool alive = !pulse_.ended();
    if (alive) {
        // Damage that nobody did is the journal's own fault, and the checkers shall see it. A life
        // that died while it set the bad journal aside has left a new one to this one.
        const bool anew =
            machine_.incarnation_ != 0 && machine_.incarnation_ != arguments.incarnation;
        if ((arguments.health == consensus::JournalHealth::damaged || anew) && machine_.harmed())
            machine_.note_journal_lost();
        machine_.incarnation_ = arguments.incarnation;
        watch.started(self, arguments.base, arguments.records, arguments.health,
                      arguments.incarnation);
        if (!machine_.journal_disk_.all_synced()) watch.unsynced_start(self);
    }
    const chain::EngineKind kind = around_.genesis.engine;
    auto engine = kind == chain::EngineKind::bft     ? restore_bft(arguments)
                  : kind == chain::EngineKind::paxos ? restore_paxos(arguments)
                                                     : restore_raft(arguments);
    engine_ = engine.get();
    for (const consensus::Effect& effect : arguments.effects)
        if (const auto* persist = std::get_if<consensus::Persist>(&effect))
            machine_.journal_disk_.expect(*persist);
    if (alive) watch.effects(self, *engine_, arguments.effects);
    return watched(std::move(engine), self, watch, machine_.journal_disk_,
                   [this] { return !pulse_.ended(); });
}

Logger Process::logger() {
    if (!around_.watch.recording()) return {};
    return Logger(
        [this](LogLevel, std::string_view component, std::string_view line) {
            around_.watch.line(machine_.id_, fmt::format("{}: {}", component, line));
        },
        LogLevel::info);
}

void Process::idle() {
    if (node_) node_->on_idle();
}

void Process::tick() {
    const Instant now = machine_.clock_.now();
    node_->on_tick();
    for (auto& [peer, link] : links_) {
        const auto deadline = link.session.deadline();
        if (!deadline || *deadline > now) continue;
        apply(peer, link, link.session.tick(now));
        pump(peer, link);
    }
}

void Process::rearm() {
    if (!node_) return;
    std::optional<Instant> earliest = node_->deadline();
    for (const auto& [peer, link] : links_) {
        const auto deadline = link.session.deadline();
        if (deadline && (!earliest || *deadline < *earliest)) earliest = deadline;
    }
    if (!earliest) return;
    const Duration when =
        std::max(machine_.clock_.when(*earliest), around_.schedule.now() + alarm_spacing);
    if (armed_ && *armed_ <= when) return;
    armed_ = when;
    machine_.handle_at(when, [this, when] {
        if (armed_ != when) return;
        armed_.reset();
        tick();
    });
}

// --------------------------------------------------------------------------------------- ports

void Process::send(NodeId to, env::Priority priority, Buffer message) {
    if (!pulse_.beat()) return;
    Liar* liar = machine_.liar();
    if (liar == nullptr) return dispatch(to, priority, std::move(message));
    if (!machine_.talks_to(to)) return;
    for (Buffer& other : liar->instead_of(to, message)) dispatch(to, priority, std::move(other));
}

void Process::hear(NodeId from, const Buffer& message) {
    Liar* liar = machine_.liar();
    const Buffer heard = liar == nullptr ? message : liar->hears(message);
    if (heard) node_->on_message(from, heard);
}

void Process::dispatch(NodeId to, env::Priority priority, Buffer message) {
    around_.watch.sent(machine_.id_, to, *message);
    if (!around_.plan.streams)
        return around_.network.send(machine_.address_for(to), machine_.address_of(to), message);
    const auto at = links_.find(to);
    if (at == links_.end()) return;
    around_.watch.queued(machine_.id_, to, priority, *message);
    apply(to, at->second,
          at->second.session.send(machine_.clock_.now(), priority, std::move(message)));
    pump(to, at->second);
}

void Process::run(env::Lane lane, std::function<void()> work, std::function<void()> done) {
    if (!pulse_.beat()) return;
    const Duration now = around_.schedule.now();
    Duration& free = lane_free_[static_cast<size_t>(lane)];
    const bool in_order = lane != env::Lane::verify;
    const Duration finish = (in_order ? std::max(free, now) : now) + machine_.lane_time(lane);
    if (in_order) free = finish;
    machine_.handle_at(finish, [this, work = std::move(work), done = std::move(done)] {
        work();
        // What was done may stand while its doer never hears of it.
        Random dice = machine_.random("hand-over");
        const auto us = static_cast<int64_t>(dice.between(1, 40));
        machine_.handle_at(around_.schedule.now() + Duration(us), [done] { done(); });
    });
}

void Process::on_block(const std::shared_ptr<const ledger::Executed>& executed) {
    if (!pulse_.beat()) return;
    around_.watch.block(machine_.id_, *executed);
    around_.executed(machine_.id_, *executed);
}

void Process::on_peers(const node::PeerSet& peers) {
    if (pulse_.beat()) set_peers(peers);
}

void Process::on_stopped(const Error& reason) {
    if (pulse_.beat()) around_.watch.stopped(machine_.id_, reason);
}

// ------------------------------------------------------------------------------------- sessions

void Process::set_peers(const node::PeerSet& peers) {
    std::map<NodeId, bool> wanted;  // and whether it is called
    const chain::MemberSet& told = machine_.bootstrap_;
    if (peers.members.epoch < told.epoch) {
        for (const chain::Member& it : told.members) wanted[it.id] = true;
    } else {
        for (const chain::Member& it : peers.followers) wanted[it.id] = false;
        for (const chain::Member& it : peers.members.members) wanted[it.id] = true;
    }
    wanted.erase(machine_.id_);
    std::erase_if(links_, [&](auto& item) {
        auto& [peer, link] = item;
        if (wanted.contains(peer)) return false;
        if (link.connection) around_.network.close(*link.connection, machine_.address_for(peer));
        return true;
    });
    for (const auto& [id, calls] : wanted) {
        const auto [at, fresh] = links_.try_emplace(
            id, Link{.session = session::Session(identity_, id, session::Limits{}),
                     .backoff = session::Backoff(backoff_first, backoff_cap,
                                                 identity_.incarnation ^ id.value),
                     .connection = {},
                     .calls = calls});
        const bool begins = calls && (fresh || !at->second.calls);
        at->second.calls = calls;
        if (fresh) ++identity_.incarnation;
        if (!around_.plan.streams) continue;
        if (fresh) around_.watch.session(machine_.id_, id);
        if (begins) dial_later(id);
    }
}

void Process::dial_later(NodeId peer) {
    const auto at = links_.find(peer);
    if (at == links_.end() || !at->second.calls || !machine_.talks_to(peer)) return;
    machine_.handle_at(around_.schedule.now() + at->second.backoff.next(), [this, peer] {
        const auto link = links_.find(peer);
        if (link != links_.end() && !link->second.connection)
            around_.network.dial(machine_.address_for(peer), machine_.address_of(peer));
    });
}

void Process::on_dial_failed(NodeId peer) {
    const auto at = links_.find(peer);
    if (at != links_.end() && !at->second.connection) dial_later(peer);
}

void Process::on_connected(NodeId peer, ConnectionId connection) {
    const auto at = links_.find(peer);
    if (at == links_.end()) return around_.network.close(connection, machine_.address_for(peer));
    Link& link = at->second;
    const Duration now = around_.schedule.now();
    if (link.connection) {
        if (now - link.since < racing && *link.connection < connection)
            return around_.network.close(connection, machine_.address_for(peer));
        around_.network.close(*link.connection, machine_.address_for(peer));
    }
    link.connection = connection;
    link.since = now;
    around_.watch.connected(machine_.id_, peer, connection.value);
    apply(peer, link, link.session.connected(machine_.clock_.now()));
}

void Process::on_bytes(NodeId peer, ConnectionId connection, ByteView bytes) {
    const auto at = links_.find(peer);
    if (at == links_.end() || at->second.connection != connection) return;
    apply(peer, at->second, at->second.session.received(machine_.clock_.now(), bytes));
    // A message may have changed whom we talk to.
    const auto still = links_.find(peer);
    if (still != links_.end()) pump(peer, still->second);
}

void Process::on_room(NodeId peer, ConnectionId connection) {
    const auto at = links_.find(peer);
    if (at != links_.end() && at->second.connection == connection) pump(peer, at->second);
}

void Process::on_broken(NodeId peer, ConnectionId connection) {
    const auto at = links_.find(peer);
    if (at != links_.end() && at->second.connection == connection) lost(peer, at->second);
}

void Process::apply(NodeId peer, Link& link, session::Output output) {
    const ConnectionId connection = link.connection.value_or(ConnectionId{});
    if (link.connection)
        for (const Buffer& frames : output.frames)
            around_.network.write(*link.connection, machine_.address_for(peer), frames);
    if (output.close && link.connection) {
        around_.watch.line(machine_.id_, fmt::format("closes the connection to node {}: {}", peer,
                                                     describe(*output.close)));
        around_.network.close(*link.connection, machine_.address_for(peer));
        lost(peer, link);
    }
    // Last: it may change everything, this link included.
    for (const Buffer& message : output.messages) {
        around_.watch.handed(machine_.id_, peer, connection.value, *message);
        hear(peer, message);
    }
}

void Process::pump(NodeId peer, Link& link) {
    while (link.connection) {
        const size_t room = around_.network.room(*link.connection, machine_.address_for(peer));
        if (room == 0) return;
        const session::Output output =
            link.session.writable(machine_.clock_.now(), std::min(room, write_bytes_max));
        if (output.frames.empty()) return;
        for (const Buffer& frames : output.frames)
            around_.network.write(*link.connection, machine_.address_for(peer), frames);
    }
}

void Process::lost(NodeId peer, Link& link) {
    link.connection.reset();
    link.session.disconnected();
    if (around_.schedule.now() - link.since >= backoff_cap) link.backoff.reset();
    dial_later(peer);
}

}  // namespace holdfast::sim
