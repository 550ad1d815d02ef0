// What the parts of one node share: its configuration, ports, and the facts that move with the
// head.
#pragma once

#include "node/config.h"
#include "node/messages.h"
#include "node/status.h"

namespace holdfast::node {

using ledger::TransactionPtr;

struct Context {
    Config config;
    Ports ports;
    chain::Genesis genesis;
    Hash32 genesis_hash;
    crypto::NodeKey voting_key;

    chain::MemberSet members;              ///< in force in the state after the head
    std::vector<NodeId> former_members;    ///< who have left, and stay peers for a while
    std::vector<chain::Member> followers;  ///< as the ledger names them: ledger/followers.h
    chain::Header head;
    Hash32 head_hash;
    U256 next_base_fee;
    Counters counters;
    std::string trouble;  ///< why the node stopped; empty while it runs

    [[nodiscard]] bool is_member() const { return members.find(config.self) != nullptr; }
    /// Let in, and without a voice.
    [[nodiscard]] bool is_follower(NodeId peer) const {
        return members.find(peer) == nullptr &&
               std::ranges::find(former_members, peer) == former_members.end() &&
               std::ranges::find(followers, peer, &chain::Member::id) != followers.end();
    }
    [[nodiscard]] bool stopped() const { return !trouble.empty(); }
    [[nodiscard]] Instant now() const { return ports.clock.now(); }
    [[nodiscard]] const Logger& log() const { return ports.logger; }

    void send(NodeId to, env::Priority priority, const Message& message) const {
        ports.transport.send(to, priority, encode_message(message));
    }
    /// To every other member, and to those before them who are still peers: they may hold what
    /// only the old set can give.
    void broadcast(env::Priority priority, const Message& message) const {
        const Buffer bytes = encode_message(message);
        for (const chain::Member& member : members.members)
            if (member.id != config.self) ports.transport.send(member.id, priority, bytes);
        for (const NodeId id : former_members)
            if (id != config.self) ports.transport.send(id, priority, bytes);
    }
    /// The other member, or one who was and is still a peer, whose turn it is after this one,
    /// around the ring; null id if there is none.
    [[nodiscard]] NodeId next_member(NodeId after) const {
        NodeId first, next;
        const auto consider = [&](NodeId id) {
            if (id == config.self) return;
            if (first == NodeId{} || id < first) first = id;
            if (id > after && (next == NodeId{} || id < next)) next = id;
        };
        if (members.epoch < config.bootstrap.epoch)
            for (const NodeId id : config.bootstrap.members) consider(id);
        else
            for (const chain::Member& member : members.members) consider(member.id);
        for (const NodeId id : former_members) consider(id);
        return next != NodeId{} ? next : first;
    }
    /// The other follower whose turn it is after this one; null id if there is none.
    [[nodiscard]] NodeId next_follower(NodeId after) const {
        NodeId first, next;
        for (const chain::Member& one : followers) {
            if (one.id == config.self || !is_follower(one.id)) continue;
            if (first == NodeId{}) first = one.id;
            if (one.id > after && next == NodeId{}) next = one.id;
        }
        return next != NodeId{} ? next : first;
    }
    /// A view at whatever the store holds now.
    [[nodiscard]] ledger::Reader reader() const { return ledger::Reader(ports.store.snapshot()); }
};

}  // namespace holdfast::node
