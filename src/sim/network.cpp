// Links: their condition under the spells in force, and what that does to messages and streams.
#include "sim/network.h"

#include <algorithm>

#include "sim/draw.h"

namespace holdfast::sim {
namespace {

constexpr Duration dial_timeout = 3s;
constexpr size_t socket_buffer_bytes = 256 * 1024;
constexpr uint64_t late_mean_us = 300'000;  ///< a repeated message may come much later
constexpr size_t remembered_max = 200;      ///< messages that a replay may bring again
constexpr uint64_t replayed_about = 1'000;  ///< messages on each link, repetitions counted
constexpr uint64_t very_late = 8;  ///< times that, some: its receiver may live anew by then

/// Whoever has no place in the set, like a liar's second mouth, is on the other side.
bool in(uint64_t side, NodeId node) {
    return node.value <= 64 && (side >> (node.value - 1) & 1) != 0;
}

/// Whether the spell is about what `from` sends to `to`.
bool touches(const Fault& spell, NodeId from, NodeId to) {
    if (spell.node == NodeId{}) return true;
    if (spell.peer == NodeId{}) return from == spell.node || to == spell.node;
    return from == spell.node && to == spell.peer;
}

bool blocks(const Fault& spell, NodeId from, NodeId to) {
    const bool across = spell.amount != 0 && in(spell.amount, from) != in(spell.amount, to);
    if (spell.kind == FaultKind::cut) return touches(spell, from, to);
    if (spell.kind == FaultKind::isolate) return from == spell.node || to == spell.node;
    if (spell.kind == FaultKind::deaf) return to == spell.node;
    if (spell.kind == FaultKind::mute) return from == spell.node;
    if (spell.kind == FaultKind::split) return across;
    if (spell.kind == FaultKind::bridge) return across && from != spell.node && to != spell.node;
    return false;
}

}  // namespace

Network::Condition Network::condition(NodeId from, NodeId to) const {
    Condition link{.mean_us = plan_.delay_us};
    for (const Fault& spell : spells_) {
        link.blocked |= blocks(spell, from, to);
        if (!touches(spell, from, to)) continue;
        if (spell.kind == FaultKind::clog) link.clogged = true;
        if (spell.kind == FaultKind::loss) link.loss = std::max(link.loss, spell.amount);
        if (spell.kind == FaultKind::repeat) link.repeat = std::max(link.repeat, spell.amount);
        if (spell.kind == FaultKind::delay) link.mean_us = std::max(link.mean_us, spell.amount);
        if (spell.kind == FaultKind::bandwidth) link.bytes_per_ms = spell.amount;
    }
    return link;
}

bool Network::reaches(NodeId from, NodeId to) const {
    return !condition(from, to).blocked;
}

void Network::end(const Fault& spell) {
    const auto at = std::ranges::find(spells_, spell);
    if (at != spells_.end()) spells_.erase(at);
    let_go();
}

void Network::heal(const std::vector<NodeId>& among) {
    // What concerns others too goes on for them only: it is cut down to the links that remain.
    std::vector<Fault> left;
    for (const auto& [outsider, socket] : sockets_) {
        if (std::ranges::find(among, outsider) != among.end()) continue;
        for (const auto& [other, same] : sockets_) {
            if (other == outsider) continue;
            if (!reaches(outsider, other))
                left.push_back({.kind = FaultKind::cut, .node = outsider, .peer = other});
            if (!reaches(other, outsider))
                left.push_back({.kind = FaultKind::cut, .node = other, .peer = outsider});
        }
    }
    spells_ = std::move(left);
    let_go();
}

Random Network::random(NodeId from, NodeId to) {
    return draw(plan_.seed, "link", from.value, to.value, ++drawn_[{from, to}]);
}

Duration Network::delay(const Condition& link, NodeId from, NodeId to, size_t bytes,
                        Random& random) {
    const uint64_t by_chance = (link.mean_us - link.mean_us / 4) * plan_.jitter_percent / 100;
    const uint64_t us = link.mean_us - by_chance + exponential(random, by_chance);
    Duration when = schedule_.now() + Duration(static_cast<int64_t>(us));
    if (link.bytes_per_ms != 0) {
        Duration& busy = busy_until_[{from, to}];
        busy = std::max(busy, schedule_.now()) +
               Duration(static_cast<int64_t>(1000 * bytes / link.bytes_per_ms));
        when = std::max(when, busy);
    }
    return when;
}

void Network::at(Duration when, NodeId to, Schedule::Action action) {
    schedule_.at(when, draw(plan_.seed, "order", to.value, ++messages_).next(), std::move(action));
}

// ------------------------------------------------------------------------------------- messages

void Network::send(NodeId from, NodeId to, const Buffer& message) {
    if (!sockets_.contains(to)) return;
    const Condition link = condition(from, to);
    if (link.blocked) return;
    if (link.clogged) {
        waiting_.push_back({from, to, message});
        return;
    }
    carry(from, to, message);
}

void Network::carry(NodeId from, NodeId to, const Buffer& message) {
    const Condition link = condition(from, to);
    Random dice = random(from, to);
    if (dice.below(1000) < link.loss) return;
    const Duration when = delay(link, from, to, message->size(), dice);
    at(when, to, [this, from, to, message] { arrive(from, to, message); });
    if (dice.below(1000) < link.repeat) {
        const uint64_t mean_us = late_mean_us * (dice.chance(1, 4) ? very_late : 1);
        const Duration again = when + Duration(static_cast<int64_t>(exponential(dice, mean_us)));
        at(again, to, [this, from, to, message] { arrive(from, to, message); });
    }
}

void Network::arrive(NodeId from, NodeId to, const Buffer& message) {
    std::deque<Buffer>& recent = recent_[{from, to}];
    if (recent.size() == remembered_max) recent.pop_front();
    recent.push_back(message);
    hand_over(from, to, message);
}

bool Network::replay(const Fault& fault) {
    const uint64_t amount = std::max<uint64_t>(fault.amount, 1);
    bool any = false;
    for (const auto& [link, recent] : recent_) {
        const auto [from, to] = link;
        if (to != fault.node) continue;
        const uint64_t count = std::min<uint64_t>(amount, recent.size());
        for (uint64_t i = 0; i < count; ++i) {
            const Buffer& message = recent[recent.size() - count + i];
            Random dice = random(from, to);
            for (uint64_t n = 0; n < 1 + replayed_about / amount; ++n) {
                const uint64_t us = dice.below(1 + static_cast<uint64_t>(fault.lasts.count()));
                at(schedule_.now() + Duration(static_cast<int64_t>(us)), to,
                   [this, from, to, message] { hand_over(from, to, message); });
            }
            any = true;
        }
    }
    return any;
}

void Network::hand_over(NodeId from, NodeId to, const Buffer& message) {
    Socket& socket = *sockets_.at(to);
    if (socket.listening() && socket.knows(from)) socket.on_message(from, message);
}

void Network::let_go() {
    std::deque<Waiting> waiting = std::move(waiting_);
    waiting_.clear();
    for (const Waiting& it : waiting) send(it.from, it.to, it.message);
    for (auto& [id, connection] : connections_) {
        for (Direction* direction : {&connection.forth, &connection.back}) {
            const NodeId from =
                direction == &connection.forth ? connection.dialer : connection.acceptor;
            std::deque<Buffer> stalled = std::move(direction->stalled);
            direction->stalled.clear();
            for (const Buffer& bytes : stalled) transmit(id, connection, from, bytes);
        }
    }
}

// ---------------------------------------------------------------------------------- connections

void Network::dial(NodeId from, NodeId to) {
    const Condition link = condition(from, to);
    Random dice = random(from, to);
    const bool lost = link.blocked || link.clogged || !sockets_.contains(to);
    if (lost)
        return at(schedule_.now() + dial_timeout, from,
                  [this, from, to] { sockets_.at(from)->on_dial_failed(to); });
    at(delay(link, from, to, 64, dice), to, [this, from, to] { accept(from, to); });
}

void Network::accept(NodeId from, NodeId to) {
    Socket& acceptor = *sockets_.at(to);
    const Condition link = condition(to, from);
    Random dice = random(to, from);
    const Duration answer =
        link.blocked ? schedule_.now() + dial_timeout : delay(link, to, from, 64, dice);
    if (!acceptor.listening() || !acceptor.knows(from) || link.blocked)
        return at(answer, from, [this, from, to] { sockets_.at(from)->on_dial_failed(to); });
    const ConnectionId id = ++last_connection_;
    connections_[id] = {.dialer = from, .acceptor = to, .forth = {}, .back = {}};
    connections_[id].back.last_arrival = answer;  // nothing comes before word of the connection
    acceptor.on_connected(from, id);
    at(answer, from, [this, id, from, to] {
        if (connections_.contains(id)) return sockets_.at(from)->on_connected(to, id);
        sockets_.at(from)->on_dial_failed(to);
    });
}

size_t Network::room(ConnectionId id, NodeId from) const {
    const auto found = connections_.find(id);
    if (found == connections_.end()) return 0;
    const Connection& connection = found->second;
    const size_t used =
        from == connection.dialer ? connection.forth.under_way : connection.back.under_way;
    return used >= socket_buffer_bytes ? 0 : socket_buffer_bytes - used;
}

void Network::write(ConnectionId id, NodeId from, const Buffer& bytes) {
    const auto found = connections_.find(id);
    if (found == connections_.end()) return;
    Connection& connection = found->second;
    Direction& direction = from == connection.dialer ? connection.forth : connection.back;
    direction.under_way += bytes->size();
    transmit(id, connection, from, bytes);
}

void Network::transmit(ConnectionId id, Connection& connection, NodeId from, const Buffer& bytes) {
    const bool forth = from == connection.dialer;
    const NodeId to = forth ? connection.acceptor : connection.dialer;
    Direction& direction = forth ? connection.forth : connection.back;
    const Condition link = condition(from, to);
    // A stream is kept in order, and its kernel tries again for as long as it takes.
    if (link.blocked || link.clogged || !direction.stalled.empty()) {
        direction.stalled.push_back(bytes);
        return;
    }
    Random dice = random(from, to);
    const Duration when =
        std::max(delay(link, from, to, bytes->size(), dice), direction.last_arrival + 1us);
    direction.last_arrival = when;
    if (dice.below(1000) >= link.loss)
        return at(when, to, [this, id, from, to, bytes] { receive(id, from, to, bytes); });
    // It breaks, somewhere in the middle of these bytes.
    const size_t kept = dice.below(bytes->size() + 1);
    const Buffer part = make_buffer(to_bytes(ByteView(*bytes).first(kept)));
    at(when, to, [this, id, from, to, part] {
        receive(id, from, to, part);
        if (connections_.erase(id) == 0) return;
        tell_broken(id, to, from);
        tell_broken(id, from, to);
    });
}

void Network::receive(ConnectionId id, NodeId from, NodeId to, const Buffer& bytes) {
    const auto found = connections_.find(id);
    if (found == connections_.end()) return;
    Connection& connection = found->second;
    Direction& direction = from == connection.dialer ? connection.forth : connection.back;
    direction.under_way -= std::min(direction.under_way, bytes->size());
    const bool gone = to == connection.dialer ? connection.dialer_gone : connection.acceptor_gone;
    if (gone) {
        // A machine that is up again does not know the connection, and says so.
        if (!sockets_.at(to)->listening()) return;
        connections_.erase(found);
        return tell_broken(id, from, to);
    }
    sockets_.at(to)->on_bytes(from, id, bytes);
    if (connections_.contains(id)) sockets_.at(from)->on_room(to, id);
}

void Network::close(ConnectionId id, NodeId by) {
    const auto found = connections_.find(id);
    if (found == connections_.end()) return;
    const NodeId other = by == found->second.dialer ? found->second.acceptor : found->second.dialer;
    connections_.erase(found);
    tell_broken(id, other, by);
}

void Network::drop_connections(NodeId of, bool silently) {
    std::vector<ConnectionId> mine;
    for (auto& [id, connection] : connections_) {
        if (connection.dialer != of && connection.acceptor != of) continue;
        (connection.dialer == of ? connection.dialer_gone : connection.acceptor_gone) = true;
        mine.push_back(id);
    }
    if (silently) return;
    for (const ConnectionId id : mine) close(id, of);
}

// Word of the end travels like anything else; if it is lost, the session's silence tells.
void Network::tell_broken(ConnectionId id, NodeId to, NodeId about) {
    const Condition link = condition(about, to);
    if (link.blocked) return;
    Random dice = random(about, to);
    at(delay(link, about, to, 64, dice), to,
       [this, id, to, about] { sockets_.at(to)->on_broken(about, id); });
}

}  // namespace holdfast::sim
