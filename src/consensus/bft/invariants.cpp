// Invariants of one node, checked from inside. Those between nodes are the checkers' business.
#include "consensus/bft/invariants.h"

#include "consensus/bft/core.h"

namespace holdfast::bft {

std::vector<std::string> broken_invariants(const consensus::Engine& engine) {
    const auto* core = dynamic_cast<const Core*>(&engine);
    if (core == nullptr) return {"not an engine made by bft::restore"};
    return core->broken_invariants();
}

std::vector<std::string> Core::broken_invariants() const {
    std::vector<std::string> broken;
    const auto expect = [&](bool holds, std::string_view rule) {
        if (!holds) broken.emplace_back(rule);
    };
    expect(delivered_view_ <= final_view_, "only what is final is delivered");
    expect(final_view_ < current_, "what is final is left");
    expect(is_closed() || epoch_after(delivered_) == epoch_.number, "the height tells the epoch");
    expect(slots_.empty() || slots_.begin()->first > delivered_view_,
           "what is delivered keeps no books");
    expect(gate_.floor() >= place(final_view_) || is_closed(),
           "nothing is said below what is final");
    for (View view = final_view_ + 1; view < current_; ++view) {
        const Slot* here = slot(view);
        expect(here != nullptr && here->is_cleared(), "every view that was left has a certificate");
    }
    for (const auto& [view, slot] : slots_) {
        for (const auto* one : {&slot.notarized, &slot.skipped, &slot.finalized})
            if (*one) expect(epoch_.has_quorum(**one), "a certificate has a quorum");
        expect(!(slot.skipped && slot.finalized), "no view is skipped and final");
        if (slot.notarized && slot.finalized)
            expect(slot.notarized->statement.digest == slot.finalized->statement.digest,
                   "what is final was notarized");
    }
    for (const auto& [at, said] : gate_.all()) {
        expect(said.find(StatementKind::skip) == nullptr ||
                   said.find(StatementKind::finalize) == nullptr,
               "nothing is skipped and finalized");
        expect(at > gate_.floor(), "below the floor nothing is said");
    }
    expect(patience(1) <= config_.delta * 8, "timers are capped");
    return broken;
}

}  // namespace holdfast::bft
