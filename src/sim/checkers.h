// The checkers of the simulator, one maker each, and what they share: the chain as the all-seeing
// eye has it, an interpreter of its own for balances, and what each Raft journal holds.
#pragma once

#include <functional>

#include "sim/bft_sight.h"
#include "sim/observer.h"
#include "sim/paxos_sight.h"
#include "sim/raft_sight.h"
#include "sim/reference.h"

namespace holdfast::sim {

/// Some checkers keep what the others read: `agreement` the chain, `raft-records` or `bft-records`
/// the journals. They come first in the list.
struct Sight {
    const Stage& stage;
    std::shared_ptr<Chain> chain = std::make_shared<Chain>();
    std::shared_ptr<Interpreter> interpreter;
    std::shared_ptr<RaftSight> raft = std::make_shared<RaftSight>();
    std::shared_ptr<PaxosSight> paxos = std::make_shared<PaxosSight>(stage.genesis());
    std::shared_ptr<BftSight> bft = std::make_shared<BftSight>(stage);
};

/// A byte string in 64 bits: told apart by accident once in 2^64, and nobody attacks a checker.
uint64_t fingerprint(ByteView bytes);

using CheckerPtr = std::unique_ptr<Checker>;

// Of every engine.
CheckerPtr make_agreement(const Sight& sight);
CheckerPtr make_integrity(const Sight& sight);
CheckerPtr make_validity(const Sight& sight);
CheckerPtr make_stability(const Sight& sight);
CheckerPtr make_durability(const Sight& sight);
CheckerPtr make_state_equality(const Sight& sight);
CheckerPtr make_acked(const Sight& sight);
CheckerPtr make_release_order(const Sight& sight);
CheckerPtr make_conservation(const Sight& sight);
CheckerPtr make_linearizability(const Sight& sight);
CheckerPtr make_bounds(const Sight& sight);
CheckerPtr make_certificates(const Sight& sight);
CheckerPtr make_sessions(const Sight& sight);

// Of Raft.
CheckerPtr make_raft_records(const Sight& sight);
CheckerPtr make_raft_election_safety(const Sight& sight);
CheckerPtr make_raft_leader_completeness(const Sight& sight);
CheckerPtr make_raft_one_vote(const Sight& sight);
CheckerPtr make_raft_promise(const Sight& sight);
CheckerPtr make_raft_log_matching(const Sight& sight);
CheckerPtr make_raft_leader_append_only(const Sight& sight);
CheckerPtr make_raft_commit_term(const Sight& sight);
CheckerPtr make_raft_state_machine_safety(const Sight& sight);
CheckerPtr make_raft_match_index(const Sight& sight);
CheckerPtr make_raft_config(const Sight& sight);
CheckerPtr make_read_index(std::string_view name);
CheckerPtr make_raft_convergence(const Sight& sight);
/// What one node can see of itself; production code says it.
using SelfCheck = std::function<std::vector<std::string>(const consensus::Engine&)>;
CheckerPtr make_raft_invariants(const Sight& sight, SelfCheck self_check);

// Of Paxos. The first feeds the sight that the next two tell of.
CheckerPtr make_paxos_chosen(const Sight& sight);
CheckerPtr make_paxos_promise(const Sight& sight);
CheckerPtr make_paxos_order(const Sight& sight);
CheckerPtr make_paxos_invariants(const Sight& sight, SelfCheck self_check);

// Of Byzantine agreement.
CheckerPtr make_bft_records(const Sight& sight);
CheckerPtr make_bft_one_voice(const Sight& sight);
CheckerPtr make_bft_promise(const Sight& sight);
CheckerPtr make_bft_quorums(const Sight& sight);
CheckerPtr make_bft_notarized(const Sight& sight);
CheckerPtr make_bft_parent(const Sight& sight);
CheckerPtr make_bft_finality(const Sight& sight);
CheckerPtr make_bft_certificates(const Sight& sight);
CheckerPtr make_bft_evidence(const Sight& sight);
CheckerPtr make_bft_members(const Sight& sight);
CheckerPtr make_bft_guilt(const Sight& sight);
CheckerPtr make_bft_accountability(const Sight& sight);
CheckerPtr make_bft_stability(const Sight& sight);
CheckerPtr make_bft_durability(const Sight& sight);
CheckerPtr make_bft_bounds(const Sight& sight);
CheckerPtr make_bft_invariants(const Sight& sight, SelfCheck self_check);

}  // namespace holdfast::sim
