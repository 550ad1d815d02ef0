// The production engine of Byzantine agreement, and a mouth that lies for it: it contradicts
// itself, keeps things to itself and repeats what is old, by a fixed plan of views. It has the
// node's own keys, and can forge nobody else's. How much it lied stands in the note of its status.
#pragma once

#include <deque>
#include <memory>

#include "consensus/bft/messages.h"
#include "consensus/engine.h"

namespace holdfast::malicious {

class LyingEngine final : public consensus::Engine {
  public:
    LyingEngine(std::unique_ptr<consensus::Engine> honest, NodeId self,
                const crypto::NodeSeed& voting_seed, const Hash32& genesis);

    void step(Instant now, consensus::Input input, consensus::Effects& out) override;
    [[nodiscard]] consensus::EngineStatus status() const override;
    [[nodiscard]] NodeId leader() const override { return honest_->leader(); }
    [[nodiscard]] std::vector<NodeId> counted() const override { return honest_->counted(); }
    [[nodiscard]] consensus::Probe probe() const override { return honest_->probe(); }

  private:
    /// What the honest half is let hear: a certificate with one of the lies in it would tell it
    /// that somebody else has its key, and silence it. Null: nothing.
    [[nodiscard]] Buffer without_lies(Buffer message) const;
    [[nodiscard]] bool betrays(const bft::Certificate& certificate) const;

    void tell(NodeId to, const Buffer& message, consensus::Effects& out);
    [[nodiscard]] bool withholds(NodeId to, const bft::Body& body) const;
    /// Something else under the same place, signed as well; null if there is nothing to contradict.
    Buffer other_propose(const bft::Propose& propose);
    Buffer other_vote(const bft::Vote& vote);
    void replay(NodeId to, consensus::Effects& out);

    [[nodiscard]] chain::SignedStatement say(const chain::Statement& statement);
    /// The one peer that is lied to in this view; in the views of one moment, who hears nothing.
    [[nodiscard]] NodeId fooled_in(bft::View view) const;
    [[nodiscard]] NodeId deaf_in(bft::View view) const;

    std::unique_ptr<consensus::Engine> honest_;
    NodeId self_;
    crypto::NodeKey key_;
    Hash32 genesis_;
    std::vector<NodeId> peers_;
    bft::View view_ = 0;                 ///< that it speaks of, and with it which lie is due
    std::deque<chain::Statement> lies_;  ///< that it has signed
    std::deque<Buffer> old_;             ///< what it once sent
    uint64_t sent_ = 0;
    uint64_t contradicted_ = 0, withheld_ = 0, replayed_ = 0;
};

}  // namespace holdfast::malicious
