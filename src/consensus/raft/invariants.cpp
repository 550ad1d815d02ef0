// Invariants of one node, checked from inside. Those between nodes are the checkers' business.
#include "consensus/raft/invariants.h"

#include "consensus/raft/core.h"

namespace holdfast::raft {

std::vector<std::string> broken_invariants(const consensus::Engine& engine) {
    const auto* core = dynamic_cast<const Core*>(&engine);
    if (core == nullptr) return {"not an engine made by raft::restore"};
    return core->broken_invariants();
}

std::vector<std::string> Core::broken_invariants() const {
    std::vector<std::string> broken;
    const auto expect = [&](bool holds, std::string_view rule) {
        if (!holds) broken.emplace_back(rule);
    };
    expect(commit_ <= log_.last_index(), "the commit index is inside the log");
    expect(commit_ >= log_.start().index, "what is before the log's start is committed");
    expect(delivered_ <= commit_, "only what is committed is delivered");
    expect(delivered_ == commit_ || delivered_ < log_.start().index,
           "what is committed is delivered");
    expect(log_.durable_index() <= log_.last_index(), "what is durable is inside the log");
    expect(promise_token_ < next_token_, "the promise is in the journal, or on its way");
    expect(log_.last().term <= promise_.term || log_.last_index() == commit_,
           "an entry that is not committed is of no term beyond ours");

    Term term = log_.start().term;
    Height position = log_.start().position;
    Index newest_configuration = log_.start().index;
    size_t open_configurations = 0;
    for (Index i = log_.start().index.next(); i <= log_.last_index(); ++i) {
        const Entry& entry = log_.at(i);
        if (entry.kind == EntryKind::payload) ++position;
        expect(entry.term >= term, "terms never fall along the log");
        expect(entry.position == position, "positions count the payloads");
        if (entry.kind == EntryKind::configuration) {
            newest_configuration = i;
            if (i > commit_ && entry.term == promise_.term) ++open_configurations;
        }
        term = entry.term;
    }
    expect(log_.configuration_index() == newest_configuration,
           "the newest configuration is in force");

    if (role_ == Role::candidate)
        expect(promise_.vote == config_.self, "a candidate votes for itself");
    if (role_ != Role::leader) {
        expect(peers_.empty() && !ask_ && !transfer_ && reads_.empty(),
               "only a leader keeps a leader's books");
        return broken;
    }
    // Elsewhere several may seem open to one that has not heard of their commitment.
    expect(open_configurations <= 1, "a leader changes one thing at a time");
    expect(leader_ == config_.self, "a leader knows that it leads");
    expect(log_.last().term == promise_.term, "a leader's log ends in its own term");
    expect(log_.term_at(term_start_).value_or(promise_.term) == promise_.term,
           "a leader's term opens with its own entry");
    for (const auto& [id, peer] : peers_) {
        expect(id != config_.self, "a leader is not its own peer");
        expect(peer.match <= log_.last_index(), "nobody has acknowledged what was never sent");
        expect(peer.next > peer.match, "what is acknowledged is not sent again");
        expect(peer.next <= log_.last_index().next(), "nothing is sent from beyond the end");
        expect(peer.heard || peer.match == Index{},
               "only answers move what a peer is known to have");
        expect(peer.in_flight.size() <= config_.appends_in_flight_max,
               "the window is never exceeded");
        expect(std::ranges::is_sorted(peer.in_flight), "appends are under way in order");
    }
    return broken;
}

}  // namespace holdfast::raft
