// Whom a node is in touch with, and who of them has a say: the members, those before them for as
// long as the engine counts them, and those who follow without a seat.
#pragma once

#include <functional>

#include "node/context.h"

namespace holdfast::node {

class Peers {
  public:
    /// `counted` is whom the engine counts.
    Peers(Context& context, std::function<std::vector<NodeId>()> counted)
        : context_(context), counted_(std::move(counted)) {}

    /// The head is there, and the engine.
    void start();
    void on_executed(const ledger::Executed& executed);
    void on_members_changed();
    void on_jumped() { look_for_followers(); }
    void on_tick() { part_from_former_members(); }

    [[nodiscard]] PeerSet all() const;
    /// Whether anybody looks at this from a follower. It may bring transactions, ask for blocks and
    /// certificates, and give blocks to who asks it, and nothing else: it has no voice.
    [[nodiscard]] static bool follower_may_say(const Message& message);

  private:
    void tell();
    void part_from_former_members();
    void look_for_followers();

    Context& context_;
    std::function<std::vector<NodeId>()> counted_;
    /// Somebody is kept as a peer who is no member any more.
    bool former_members_stay_ = false;
    bool looking_ = false;     ///< for followers, on the bulk lane
    bool look_again_ = false;  ///< the head has moved meanwhile
};

}  // namespace holdfast::node
