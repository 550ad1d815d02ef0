// What must hold after every step.
#include "consensus/pow/invariants.h"

#include "consensus/pow/core.h"

namespace holdfast::pow {

std::vector<std::string> broken_invariants(const consensus::Engine& engine) {
    return dynamic_cast<const Core&>(engine).broken_invariants();
}

std::vector<std::string> Core::broken_invariants() const {
    std::vector<std::string> broken;
    const auto expect = [&](bool holds, const char* rule) {
        if (!holds) broken.emplace_back(rule);
    };
    const Block* root = &tree_.root();
    expect(tree_.size() <= config_.headers_max, "no more headers than there is room for");
    expect(is_in_past(*root, tree_.final()), "the final block is in the tree");
    expect(delivered_->validity == Validity::good, "only good blocks are delivered");
    expect(delivered_->parted || is_in_past(tree_.final(), *delivered_) ||
               is_in_past(*delivered_, tree_.final()),
           "what is delivered and what is final is one chain");
    for (const auto& [hash, block] : tree_.blocks()) {
        expect(block.hash == hash, "a block is found under its name");
        expect((block.parent == nullptr) == (&block == root), "the root alone has no parent");
        if (block.parent == nullptr) continue;
        const Block& parent = *block.parent;
        expect(block.header.parent == parent.hash, "a header names its parent");
        expect(block.work > parent.work, "work only grows");
        expect(!block.whole || (parent.whole && block.seen != 0), "whole from the root on");
        expect(!parent.parted || block.parted, "what follows a parted block is parted");
        expect(parent.validity != Validity::bad || block.validity == Validity::bad,
               "what follows a bad block is bad");
        expect(block.validity != Validity::good || parent.validity == Validity::good,
               "only on a good block another can be found good");
        const bool on_chain = is_in_past(block, tree_.final());
        expect(block.height() > tree_.final().height() || on_chain || block.parted,
               "below what is final there is one chain");
    }
    // Whoever has settled stands on the most work that it may stand on.
    if (!checking_ && !changed_)
        for (const auto& [hash, block] : tree_.blocks())
            expect(!block.whole || block.work <= work_to_exceed() || !is_passable(block),
                   "the chain with the most work is the one");
    size_t bodies_asked = 0;
    for (const auto& [id, peer] : peers_) bodies_asked += peer.bodies_asked;
    expect(bodies_asked == fetches_.size(), "every body asked for is accounted for");
    expect(fetches_.size() <= config_.bodies_in_flight_max + config_.bodies_in_flight_per_peer_max,
           "no more bodies are asked for than agreed");
    expect(peers_.size() <= config_.neighbours_max, "no more peers than there is room for");
    expect(!work_ || work_->header.parent == delivered_->hash,
           "work goes on top of what is delivered");
    expect(!need_ || need_->block == delivered_->hash,
           "a payload is asked for on top of what is delivered");
    return broken;
}

}  // namespace holdfast::pow
