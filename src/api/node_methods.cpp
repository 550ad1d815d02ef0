// The node itself: its chain, its peers, its health, its certificates; and what only its operator
// may ask of it.
#include "api/json.h"
#include "api/methods.h"
#include "crypto/hash.h"

namespace holdfast::api {

std::string_view to_string(node::NodeState state) {
    switch (state) {
        case node::NodeState::running:
            return "running";
        case node::NodeState::syncing:
            return "syncing";
        case node::NodeState::stopped:
            return "stopped";
    }
    return "unknown";
}

void write_members(JsonOut& out, const chain::MemberSet& set) {
    out.object().key("epoch").number(set.epoch);
    out.key("hash").data(set.hash());
    out.key("totalWeight").number(set.total_weight());
    out.key("members").array();
    for (const chain::Member& member : set.members) {
        out.object().key("id").number(member.id.value);
        out.key("votingKey").data(member.voting_key);
        out.key("transportKey").data(member.transport_key);
        out.key("operatorAccount").data(member.operator_account);
        out.key("endpoint").text(member.endpoint);
        out.key("weight").number(member.weight).end_object();
    }
    out.end_array().end_object();
}

namespace {

void write_counters(JsonOut& out, const node::Counters& counters) {
    out.object();
    out.key("transactionsAdmitted").number(counters.transactions_admitted);
    out.key("transactionsRefused").number(counters.transactions_refused);
    out.key("transactionsExecuted").number(counters.transactions_executed);
    out.key("signaturesRecovered").number(counters.signatures_recovered);
    out.key("signaturesVerified").number(counters.signatures_verified);
    out.key("attestationsMade").number(counters.attestations_made);
    out.key("journalSyncs").number(counters.journal_syncs);
    out.key("journalRecords").number(counters.journal_records);
    out.key("payloadsProposed").number(counters.payloads_proposed);
    out.key("messagesReceived").number(counters.messages_received);
    out.key("messagesRefused").number(counters.messages_refused);
    out.key("blocksSynced").number(counters.blocks_synced);
    out.key("snapshotsSynced").number(counters.snapshots_synced);
    out.key("conflictingAttestations").number(counters.conflicting_attestations);
    out.end_object();
}

}  // namespace

std::string status_json(const node::NodeStatus& status) {
    JsonOut out;
    out.object();
    out.key("self").number(status.self.value);
    out.key("engine").text(status.engine);
    out.key("state").text(to_string(status.state));
    out.key("trouble").text(status.trouble);
    out.key("isMember").boolean(status.is_member);
    out.key("agreement").object();
    out.key("role").text(status.agreement.role);
    out.key("view").number(status.agreement.view);
    out.key("leader");
    status.agreement.leader ? out.number(status.agreement.leader->value) : out.null();
    out.key("final").number(status.agreement.final.value);
    out.key("last").number(status.agreement.last.value);
    out.key("membersEpoch").number(status.agreement.members_epoch);
    out.key("note").text(status.agreement.note).end_object();
    out.key("head").object().key("number").number(status.head.value);
    out.key("hash").data(status.head_hash);
    out.key("timeMs").number(status.head_time_ms).end_object();
    out.key("certified").number(status.certified.value);
    out.key("syncTarget").number(status.sync_target.value);
    out.key("pool").object().key("transactions").number(status.pending_transactions);
    out.key("ready").number(status.ready_transactions);
    out.key("bytes").number(status.pending_bytes).end_object();
    out.key("journalBytes").number(status.journal_bytes);
    out.key("members").number(uint64_t{status.members.members.size()});
    out.key("membersEpoch").number(status.members.epoch);
    write_counters(out.key("counters"), status.counters);
    out.key("queues").object();
    for (const auto& [name, depth] : status.queues) out.key(name).number(depth);
    out.end_object();
    return out.end_object().take();
}

std::string peers_json(const std::vector<PeerStatus>& peers) {
    JsonOut out;
    out.array();
    for (const PeerStatus& peer : peers) {
        out.object().key("id").number(peer.id.value);
        out.key("endpoint").text(peer.endpoint);
        out.key("connected").boolean(peer.connected);
        out.key("lastError").text(peer.last_error);
        out.key("messagesSent").number(peer.messages_sent);
        out.key("messagesReceived").number(peer.messages_received);
        out.key("messagesResent").number(peer.messages_resent);
        out.key("messagesDropped").number(peer.messages_dropped);
        out.key("queuedBytes").number(peer.queued_bytes);
        out.key("inFlightBytes").number(peer.in_flight_bytes).end_object();
    }
    return out.end_array().take();
}

namespace method {

Answer client_version(Service& service, const Call&) {
    return json_text(service.client_version());
}

Answer sha3(Service&, const Call& call) {
    constexpr size_t input_bytes_max = 1 << 20;
    const auto data = call.params().data(0, input_bytes_max);
    if (!data) return std::unexpected(data.error());
    return json_data(crypto::keccak256(*data).view());
}

Answer net_version(Service& service, const Call&) {
    return json_text(std::to_string(service.backend().genesis().chain_id));
}

Answer listening(Service&, const Call&) {
    return "true";
}

Answer peer_count(Service& service, const Call&) {
    uint64_t connected = 0;
    for (const PeerStatus& peer : service.backend().peers())
        if (peer.connected) ++connected;
    return json_quantity(connected);
}

Answer chain_id(Service& service, const Call&) {
    return json_quantity(service.backend().genesis().chain_id);
}

// No node holds a client's keys.
Answer accounts(Service&, const Call&) {
    return "[]";
}

Answer mining(Service&, const Call&) {
    return "false";
}

Answer zero(Service&, const Call&) {
    return json_quantity(uint64_t{0});
}

void syncing(Service& service, const Call& call) {
    service.backend().status([call](const node::NodeStatus& status) {
        if (status.state != node::NodeState::syncing) return call.reply("false");
        JsonOut out;
        out.object().key("startingBlock").quantity(status.head);
        out.key("currentBlock").quantity(status.head);
        out.key("highestBlock").quantity(std::max(status.sync_target, status.head)).end_object();
        call.reply(out.take());
    });
}

void pool_status(Service& service, const Call& call) {
    service.backend().status([call](const node::NodeStatus& status) {
        JsonOut out;
        // Queued, in geth's words: a transaction before it is missing.
        out.object().key("pending").quantity(status.ready_transactions);
        out.key("queued")
            .quantity(status.pending_transactions - status.ready_transactions)
            .end_object();
        call.reply(out.take());
    });
}

void status(Service& service, const Call& call) {
    service.backend().status(
        [call](const node::NodeStatus& status) { call.reply(status_json(status)); });
}

Answer peers(Service& service, const Call&) {
    return peers_json(service.backend().peers());
}

// Null: the block is unknown, or has no certificate yet.
Answer certificate(Service& service, const Call& call, const ledger::Reader& reader) {
    const auto block = call.params().block(0);
    if (!block) return std::unexpected(block.error());
    const auto height = block->resolve(reader);
    if (!height) return "null";
    const auto found = reader.certificate(*height);
    if (!found) return "null";
    JsonOut out;
    out.object().key("number").number(found->height.value);
    out.key("blockHash").data(found->block_hash);
    out.key("genesisHash").data(service.backend().genesis_hash());
    out.key("rule").text(service.backend().genesis().quorum_rule() == chain::QuorumRule::majority
                             ? "majority"
                             : "twoThirds");
    // Signed with the epoch of the set in force before the block.
    const Height before = height->value == 0 ? *height : height->previous();
    if (const auto set = reader.members(before)) out.key("epoch").number(set->epoch);
    out.key("signatures").array();
    for (const auto& [signer, signature] : found->signatures) {
        out.object().key("signer").number(signer.value);
        out.key("signature").data(signature).end_object();
    }
    return out.end_array().end_object().take();
}

Answer members(Service&, const Call& call, const ledger::Reader& reader) {
    const auto height = state_height(call, 0, reader);
    if (!height) return std::unexpected(height.error());
    const auto set = reader.members(*height);
    if (!set) return rpc_fail(rpc_code::server_error, "header not found");
    JsonOut out;
    write_members(out, *set);
    return out.take();
}

Answer genesis(Service& service, const Call&) {
    JsonOut out;
    out.object().key("hash").data(service.backend().genesis_hash());
    out.key("engine").text(chain::to_string(service.backend().genesis().engine));
    out.key("genesis").raw(chain::genesis_to_json(service.backend().genesis()));
    return out.end_object().take();
}

void transfer_leadership(Service& service, const Call& call) {
    NodeId target;
    if (!call.params().absent(0)) {
        const auto id = call.params().quantity(0);
        if (!id) return call.reply(std::unexpected(id.error()));
        target = NodeId(*id);
    }
    service.backend().transfer_leadership(target, [call](const Status& status) {
        call.reply(status ? Answer("true") : rpc_fail(status.error()));
    });
}

}  // namespace method

}  // namespace holdfast::api
