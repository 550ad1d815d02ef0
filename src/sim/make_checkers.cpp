// All checkers that apply to a run. Who keeps what others read comes first.
#include "consensus/raft/invariants.h"
#include "sim/checkers.h"

namespace holdfast::sim {

std::vector<CheckerPtr> make_checkers(const Stage& stage) {
    Sight sight{.stage = stage, .interpreter = {}};
    sight.interpreter = std::make_shared<Interpreter>(stage.genesis(), sight.chain);
    std::vector<CheckerPtr> all;
    all.push_back(make_agreement(sight));
    const bool is_raft = stage.plan().engine == "raft";
    if (is_raft) all.push_back(make_raft_records(sight));
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
    if (!is_raft) return all;
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
    all.push_back(make_raft_read_index(sight));
    all.push_back(make_raft_convergence(sight));
    all.push_back(make_raft_invariants(sight, raft::broken_invariants));
    return all;
}

}  // namespace holdfast::sim
