// What a validator that lies sends in place of what its node would have it send: less, more, older,
// or something else under its own good signature. It has a production node's knowledge and keys,
// and can forge nobody else's.
#pragma once

#include <deque>
#include <map>
#include <set>

#include "chain/genesis.h"
#include "consensus/bft/messages.h"
#include "node/messages.h"
#include "sim/draw.h"
#include "sim/plan.h"

namespace holdfast::sim {

class Liar {
  public:
    /// `which` tells a node from its twin.
    Liar(const Plan& plan, const Hash32& genesis, NodeId self, uint64_t which);

    /// What goes to `to`, instead of a message as node/messages.h encodes it.
    std::vector<Buffer> instead_of(NodeId to, const Buffer& message);
    /// What the node is let hear of it: a certificate that holds what only its twin has said would
    /// tell it that somebody else has its key, and silence it. Null: nothing.
    Buffer hears(Buffer message);

  private:
    /// The same message as this node would have it; false if it leaves it as it is.
    bool forge(node::Message& message, NodeId to);
    void forge(node::BlocksReply& reply);
    void forge(node::SnapshotOffer& offer, NodeId to);
    void forge(node::HistoryReply& reply, NodeId to);
    void attest_alone(chain::CertifiedHeader& block, uint64_t epoch) const;
    void tell(bft::Body body, NodeId to, std::vector<Buffer>& out);
    void tell_propose(bft::Propose propose, NodeId to, std::vector<Buffer>& out);
    void tell_vote(const bft::Vote& vote, std::vector<Buffer>& out);
    [[nodiscard]] bool betrays(const bft::Certificate& certificate) const;
    [[nodiscard]] Buffer message(const bft::Body& body) const;
    [[nodiscard]] chain::SignedStatement say(const chain::Statement& statement) const;
    [[nodiscard]] const bft::Proposal* some_older(bft::Place place);
    [[nodiscard]] Hash32 some_digest(const chain::Statement& beside);

    NodeId self_;
    crypto::NodeKey key_;
    Hash32 genesis_;
    Random random_;
    uint8_t tag_;
    std::set<uint8_t> forged_tags_;
    // In percent of what it could be done to; some runs have none of some.
    uint64_t drops_ = 0, repeats_ = 0, withholds_ = 0, contradicts_ = 0, exaggerates_ = 0,
             forges_ = 0;
    std::deque<bft::Proposal> proposals_;  ///< that it has heard
    std::deque<Buffer> old_;               ///< what it once sent
    std::set<chain::Statement> said_;
    std::deque<Hash32> heard_;  ///< digests that it once voted for
    struct Usurped {
        chain::Header offered;
        chain::MemberSet members;
    };
    std::map<NodeId, Usurped> usurped_;  ///< whom it offered what
};

}  // namespace holdfast::sim
