// What a node says about itself: one plain value, for the API, the metrics and the checkers.
#pragma once

#include <string>
#include <vector>

#include "chain/member.h"
#include "consensus/engine.h"

namespace holdfast::node {

struct Counters {
    uint64_t transactions_admitted = 0, transactions_refused = 0, transactions_executed = 0;
    uint64_t signatures_recovered = 0, signatures_verified = 0, attestations_made = 0;
    uint64_t journal_syncs = 0, journal_records = 0, payloads_proposed = 0;
    uint64_t messages_received = 0, messages_refused = 0, blocks_synced = 0, snapshots_synced = 0;
    uint64_t conflicting_attestations = 0;
};

enum class NodeState : uint8_t {
    running,
    syncing,  ///< fetching blocks or a snapshot from peers
    stopped,  ///< refuses to take part; `trouble` says why and names the repair
};

struct NodeStatus {
    NodeId self;
    std::string engine;
    NodeState state = NodeState::running;
    std::string trouble;  ///< empty if none
    consensus::EngineStatus agreement;
    Height head;
    Hash32 head_hash;
    WallMillis head_time_ms = 0;
    Height certified;
    Height sync_target;  ///< while syncing
    uint64_t pending_transactions = 0;
    uint64_t ready_transactions = 0;  ///< of them: no nonce before them is missing
    uint64_t pending_bytes = 0;
    uint64_t journal_bytes = 0;
    bool is_member = true;
    chain::MemberSet members;
    Counters counters;
    /// Depth of each named queue, for the metrics.
    std::vector<std::pair<std::string_view, uint64_t>> queues;
};

}  // namespace holdfast::node
