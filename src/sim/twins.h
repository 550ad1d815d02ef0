// A validator that lies is two production nodes under one name, with the same keys, each with a
// machine of its own: some peers talk to the one, some to the other, and liars with their like.
// [Twins, Bano et al.]
#pragma once

#include "sim/machine.h"

namespace holdfast::sim {

/// The twin's own address, for other liars' twins.
inline constexpr uint64_t twin_offset = 100;

/// The liar's name on the network: each peer's traffic goes to the twin that it talks to.
class Crossing final : public Socket {
  public:
    Crossing(Machine& first, Machine& second) : first_(first), second_(second) {}
    [[nodiscard]] bool listening() const override { return first_.up() || second_.up(); }
    [[nodiscard]] bool knows(NodeId peer) const override { return of(peer).knows(peer); }
    void on_message(NodeId from, Buffer message) override {
        of(from).on_message(from, std::move(message));
    }
    void on_connected(NodeId peer, ConnectionId connection) override {
        of(peer).on_connected(peer, connection);
    }
    void on_dial_failed(NodeId peer) override { of(peer).on_dial_failed(peer); }
    void on_bytes(NodeId peer, ConnectionId connection, Buffer bytes) override {
        of(peer).on_bytes(peer, connection, std::move(bytes));
    }
    void on_room(NodeId peer, ConnectionId connection) override {
        of(peer).on_room(peer, connection);
    }
    void on_broken(NodeId peer, ConnectionId connection) override {
        of(peer).on_broken(peer, connection);
    }

  private:
    [[nodiscard]] Machine& of(NodeId peer) const {
        return first_.talks_to(peer) ? first_ : second_;
    }
    Machine& first_;
    Machine& second_;
};

/// The second twin's address: its peers have theirs there too.
class Backdoor final : public Socket {
  public:
    explicit Backdoor(Machine& second) : second_(second) {}
    [[nodiscard]] bool listening() const override { return second_.up(); }
    [[nodiscard]] bool knows(NodeId peer) const override { return second_.knows(name(peer)); }
    void on_message(NodeId from, Buffer message) override {
        second_.on_message(name(from), std::move(message));
    }
    void on_connected(NodeId peer, ConnectionId connection) override {
        second_.on_connected(name(peer), connection);
    }
    void on_dial_failed(NodeId peer) override { second_.on_dial_failed(name(peer)); }
    void on_bytes(NodeId peer, ConnectionId connection, Buffer bytes) override {
        second_.on_bytes(name(peer), connection, std::move(bytes));
    }
    void on_room(NodeId peer, ConnectionId connection) override {
        second_.on_room(name(peer), connection);
    }
    void on_broken(NodeId peer, ConnectionId connection) override {
        second_.on_broken(name(peer), connection);
    }

  private:
    static NodeId name(NodeId address) { return NodeId(address.value - twin_offset); }
    Machine& second_;
};

/// What a liar has beside its first machine.
struct TwinSet {
    TwinSet(Surroundings& around, Machine& first)
        : machine(around, first.id(), Machine::Twin::second),
          crossing(first, machine),
          backdoor(machine) {
        around.network.plug(first.id(), crossing);
        around.network.plug(NodeId(first.id().value + twin_offset), backdoor);
    }
    Machine machine;
    Crossing crossing;
    Backdoor backdoor;
};

}  // namespace holdfast::sim
