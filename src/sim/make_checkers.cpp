// All checkers that apply to a run. Who keeps what others read comes first.
#include "consensus/bft/invariants.h"
#include "consensus/paxos/invariants.h"
#include "consensus/raft/invariants.h"
#include "sim/cast.h"
#include "sim/checkers.h"

namespace holdfast::sim {
namespace {

void add_raft(std::vector<CheckerPtr>& all, const Sight& sight) {
    all.push_back(make_stability(sight));
    all.push_back(make_durability(sight));
    all.push_back(make_raft_election_safety(sight));
    all.push_back(make_raft_leader_completeness(sight));
    all.push_back(make_raft_one_vote(sight));
    all.push_back(make_raft_promise(sight));
    all.push_back(make_raft_log_matching(sight));
    all.push_back(make_raft_leader_append_only(sight));
    all.push_back(make_raft_commit_term(sight));
    all.push_back(make_raft_state_machine_safety(sight));
    all.push_back(make_raft_match_index(sight));
    all.push_back(make_raft_config(sight));
    all.push_back(make_read_index("raft-read-index"));
    all.push_back(make_raft_convergence(sight));
    all.push_back(make_raft_invariants(sight, raft::broken_invariants));
}

void add_paxos(std::vector<CheckerPtr>& all, const Sight& sight) {
    all.push_back(make_paxos_chosen(sight));
    all.push_back(make_paxos_promise(sight));
    all.push_back(make_paxos_order(sight));
    all.push_back(make_read_index("paxos-read"));
    all.push_back(make_paxos_invariants(sight, paxos::broken_invariants));
}

void add_bft(std::vector<CheckerPtr>& all, const Sight& sight) {
    all.push_back(make_bft_one_voice(sight));
    all.push_back(make_bft_promise(sight));
    all.push_back(make_bft_quorums(sight));
    all.push_back(make_bft_notarized(sight));
    all.push_back(make_bft_parent(sight));
    all.push_back(make_bft_finality(sight));
    all.push_back(make_bft_certificates(sight));
    all.push_back(make_bft_evidence(sight));
    all.push_back(make_bft_members(sight));
    all.push_back(make_bft_stability(sight));
    all.push_back(make_bft_durability(sight));
    all.push_back(make_bft_bounds(sight));
    all.push_back(make_read_index("bft-read"));
    if (sight.stage.plan().liars != 0) {
        all.push_back(make_bft_guilt(sight));
        all.push_back(make_bft_accountability(sight));
    }
    all.push_back(make_bft_invariants(sight, bft::broken_invariants));
}

/// Where a third of the weight lies, the honest still say nothing wrong, and the guilty are named.
void add_bft_of_many_liars(std::vector<CheckerPtr>& all, const Sight& sight) {
    all.push_back(make_bft_one_voice(sight));
    all.push_back(make_bft_promise(sight));
    all.push_back(make_bft_evidence(sight));
    all.push_back(make_bft_stability(sight));
    all.push_back(make_bft_bounds(sight));
    all.push_back(make_bft_guilt(sight));
    all.push_back(make_bft_accountability(sight));
    all.push_back(make_release_order(sight));
}

}  // namespace

std::vector<CheckerPtr> make_checkers(const Stage& stage) {
    Sight sight{.stage = stage, .interpreter = {}};
    sight.interpreter = std::make_shared<Interpreter>(stage.genesis(), sight.chain);
    std::vector<CheckerPtr> all;
    all.push_back(make_agreement(sight));
    const bool is_raft = stage.plan().engine == "raft";
    const bool is_bft = stage.plan().engine == "bft";
    if (is_raft) all.push_back(make_raft_records(sight));
    if (is_bft) all.push_back(make_bft_records(sight));
    if (is_bft && too_many_lie(stage.plan())) {
        add_bft_of_many_liars(all, sight);
        return all;
    }
    all.push_back(make_integrity(sight));
    all.push_back(make_validity(sight));
    all.push_back(make_conservation(sight));
    all.push_back(make_linearizability(sight));
    all.push_back(make_acked(sight));
    all.push_back(make_state_equality(sight));
    all.push_back(make_release_order(sight));
    all.push_back(make_bounds(sight));
    all.push_back(make_certificates(sight));
    all.push_back(make_sessions(sight));
    if (is_raft) add_raft(all, sight);
    if (stage.plan().engine == "paxos") add_paxos(all, sight);
    if (is_bft) add_bft(all, sight);
    return all;
}

}  // namespace holdfast::sim
