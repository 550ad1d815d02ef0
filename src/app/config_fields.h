// Every setting in the order in which it is printed: its name, its place in the struct, its bounds
// and the words for the operator. One list serves reading, printing and checking, so none can be
// forgotten.
#pragma once

#include "app/config.h"

namespace holdfast::app {

struct Bounds {
    uint64_t least = 0;
    uint64_t most = UINT32_MAX;
};

/// Who this node is and where it is met.
template <class AnyConfig, class Visitor>
void visit_identity(AnyConfig& c, Visitor& v) {
    v.field("id", c.id, Bounds{1, INT64_MAX},
            "This node's number, as genesis or the validators contract has it.");
    v.field("genesis", c.genesis, "What all nodes agree on, the same file everywhere.");
    v.field("data", c.data,
            "Journal and store. A disk of its own that syncs fast is what raises throughput most.");
    v.field("voting_key", c.voting_key, "Signs votes and attestations. Mode 0600. Back it up.");
    v.field("transport_key", c.transport_key, "Proves to peers who this is. Mode 0600.");
    v.field(
        "report_key", c.report_key,
        "Key of an account, mode 0600: it pays when this node reports to the ledger that a member\n"
        "lied (engine bft). Empty: such evidence is only logged.");
    v.field(
        "fee_recipient", c.fee_recipient,
        "Account that gets the tips of the blocks proposed here. Empty: the operator's account.");

    v.section("listen");
    v.field(
        "peers", c.listen.peers,
        "Where peers connect, \"host:port\": TLS 1.3 with both keys pinned. Must be reachable by\n"
        "the other members at the endpoint that the ledger has for this one.");
    v.field("api", c.listen.api, "JSON-RPC, WebSocket, REST, /health, /metrics. Empty: none.");
    v.field("operator", c.listen.operators,
            "The operator's methods beside all others. Nobody else may reach it. Empty: none.");
    v.field(
        "operator_token", c.listen.operator_token,
        "File of `holdfast key new`, mode 0600: the operator's callers must show its digits as\n"
        "\"Authorization: Bearer ...\". Empty: none asked, and then only on this machine.");
}

/// Whom it meets first.
template <class AnyConfig, class Visitor>
void visit_bootstrap(AnyConfig& c, Visitor& v) {
    v.section("bootstrap");
    v.field(
        "epoch", c.bootstrap.epoch, Bounds{0, INT64_MAX},
        "Members that a node with an old ledger asks first, for those that it knows may be gone;\n"
        "`holdfast init --join --rpc` fills them in. From this epoch of the membership on, the\n"
        "ledger alone says who is a member; 0: it always does.");
    v.field("members", c.bootstrap.members,
            "Each {id = 4, transport_key = \"0x...\", endpoint = \"host:port\"}; keys are pinned.");
}

/// What it allows its clients.
template <class AnyConfig, class Visitor>
void visit_clients(AnyConfig& c, Visitor& v) {
    v.section("api");
    v.field(
        "hosts_allowed", c.api.hosts_allowed,
        "Host headers answered, against DNS rebinding. \"*\": any, behind a proxy that checks.");
    v.field("origins_allowed", c.api.origins_allowed,
            "Web pages whose browsers may call. \"*\": any page anywhere.");
    v.field("connections_max", c.api.connections_max, Bounds{1, 65'536},
            "Open connections; each costs a file descriptor and some kilobytes.");
    v.field("request_bytes_max", c.api.request_bytes_max, Bounds{1024, 64 << 20},
            "Largest request; that much memory for each connection at worst.");
    v.field("batch_max", c.api.batch_max, Bounds{1, 10'000}, "Calls in one batch.");
    v.field("subscriptions_max", c.api.subscriptions_max, Bounds{0, 10'000},
            "Subscriptions and filters of one connection.");
    v.field("filters_max", c.api.filters_max, Bounds{0, 1'000'000},
            "Filters over HTTP, of all clients together.");
    v.field("request_timeout_ms", c.api.request_timeout_ms, Bounds{100, 600'000},
            "A call is answered with an error after so long.");

    v.section("mempool");
    v.field("transactions_max", c.mempool.transactions_max, Bounds{1, 10'000'000},
            "Pending transactions; about a kilobyte of memory each, beside their data.");
    v.field("bytes_max", c.mempool.bytes_max, Bounds{1 << 20, uint64_t{64} << 30},
            "Bytes of them.");
    v.field("per_sender_max", c.mempool.per_sender_max, Bounds{1, 1'000'000},
            "Of one sender. Raising it lets one sender take a greater share of the pool.");
    v.field("nonce_ahead_max", c.mempool.nonce_ahead_max, Bounds{1, 1'000'000},
            "How far beyond the account's nonce.");
    v.field("replace_percent", c.mempool.replace_percent, Bounds{1, 1000},
            "By how much both fees must rise to replace a pending transaction.");
}

/// What it takes of the machine.
template <class AnyConfig, class Visitor>
void visit_machine(AnyConfig& c, Visitor& v) {
    v.section("store");
    v.field(
        "blocks_kept", c.store.blocks_kept, Bounds{0, INT64_MAX},
        "Bodies and receipts of so many newest blocks; 0: of all. Headers and certificates stay.\n"
        "A peer that is further behind fetches a snapshot instead of blocks. What is above the\n"
        "newest certified block is kept in any case.");
    v.field("cache_bytes", c.store.cache_bytes, Bounds{1 << 20, uint64_t{1} << 40},
            "Block cache of the store.");
    v.field("write_buffer_bytes", c.store.write_buffer_bytes, Bounds{1 << 20, uint64_t{4} << 30},
            "Written to disk when so full. Raising it makes fewer, longer pauses of the disk.");

    v.section("queues");
    v.field("messages_max", c.queues.messages_max, Bounds{256, 10'000'000},
            "Messages of peers that wait for the core thread; beyond it the newest are dropped.");
    v.field("calls_max", c.queues.calls_max, Bounds{256, 10'000'000},
            "Calls of clients that wait for it; beyond it they are answered node.overloaded.");

    v.section("threads");
    v.field("verify", c.threads.verify, Bounds{0, 1024},
            "Threads that check signatures; 0: as many as the machine has processors.");

    v.section("log");
    v.field("level", c.log.level, "debug, info, warn or error.");
    v.field("format", c.log.format, "text or json, one line an event, on standard error.");
}

/// `visitor` has `section(name)`, and `field(name, value&, words)` with bounds behind numbers.
template <class AnyConfig, class Visitor>
void visit_config(AnyConfig& c, Visitor& visitor) {
    visit_identity(c, visitor);
    visit_bootstrap(c, visitor);
    visit_clients(c, visitor);
    visit_machine(c, visitor);
}

}  // namespace holdfast::app
