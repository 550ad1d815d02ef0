// Invariants of one node, checked from inside. Those between nodes are the checkers' business.
#include "consensus/paxos/invariants.h"

#include "consensus/paxos/core.h"

namespace holdfast::paxos {

std::vector<std::string> broken_invariants(const consensus::Engine& engine) {
    const auto* core = dynamic_cast<const Core*>(&engine);
    if (core == nullptr) return {"not an engine made by paxos::restore"};
    return core->broken_invariants();
}

std::vector<std::string> Core::broken_invariants() const {
    std::vector<std::string> broken;
    const auto expect = [&](bool holds, std::string_view rule) {
        if (!holds) broken.emplace_back(rule);
    };
    const Slot start = slots_.start().slot;
    expect(slots_.chosen() >= start, "what is before the start is chosen");
    expect(delivered_ <= slots_.chosen(), "only what is chosen is delivered");
    expect(delivered_ == slots_.chosen() || delivered_ < start, "what is chosen is delivered");
    expect(vow_token_ < next_token_, "the vow is in the journal, or on its way");
    Height position = slots_.start().position;
    for (Slot slot = start.next(); slot <= slots_.last(); ++slot) {
        const Slots::Cell* cell = slots_.find(slot);
        expect(cell != nullptr || slot > slots_.chosen(), "what is chosen is known");
        if (cell == nullptr) continue;
        expect(cell->ballot <= vow_.ballot, "what is accepted is promised");
        expect(cell->token < next_token_, "what is accepted is in the journal, or on its way");
        if (slot > slots_.chosen()) continue;
        if (cell->value.kind == Kind::payload) ++position;
        expect(cell->position == position, "positions count the chosen payloads");
    }
    expect(slots_.schedule().newest().from <= slots_.chosen() + config_.alpha,
           "only a chosen configuration governs");

    if (role_ == Role::follower || role_ == Role::poller) {
        expect(peers_.empty() && promises_.empty() && recovered_.empty(),
               "only a proposer keeps a proposer's books");
    } else {
        expect(vow_.ballot.proposer == config_.self, "a proposer has promised itself");
    }
    if (role_ != Role::leader) {
        expect(!ask_ && !transfer_ && reads_.empty(), "only a leader keeps a leader's books");
        return broken;
    }
    expect(leader_ == config_.self, "a leader knows that it leads");
    expect(next_slot_ > slots_.chosen(), "what is chosen is not proposed any more");
    expect(next_slot_ <= slots_.chosen() + config_.alpha + 1, "nobody goes further than alpha");
    expect(!ask_ || recovered_.empty(), "what was found is proposed before anything new");
    for (Slot slot = slots_.chosen().next(); slot < next_slot_; ++slot) {
        const Slots::Cell* cell = slots_.find(slot);
        expect(cell != nullptr && cell->ballot == vow_.ballot, "a leader accepts what it proposes");
        expect(promised_by_quorum(slot), "nothing is proposed without a quorum's promise");
    }
    for (const auto& [slot, found] : recovered_) {
        expect(slot >= next_slot_, "what was found is still to be proposed");
        expect(found.first < vow_.ballot, "what was found is older than this ballot");
    }
    for (const auto& [id, peer] : peers_) {
        expect(id != config_.self, "a leader is not its own peer");
        expect(peer.match < next_slot_, "nobody has accepted what was never proposed");
        expect(peer.next <= next_slot_, "nothing is sent that was not proposed");
        expect(peer.in_flight.size() <= config_.messages_in_flight_max,
               "the window is never exceeded");
        expect(peer.heard || peer.match == Slot{},
               "only answers move what a peer is known to have");
    }
    return broken;
}

}  // namespace holdfast::paxos
