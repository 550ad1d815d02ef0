// Counting, and the text that Prometheus reads.
#include "api/metrics.h"

#include <algorithm>

#include "api/methods.h"
#include "api/rpc.h"

namespace holdfast::api {

namespace {

/// One metric after another, each with its HELP and TYPE.
class Text {
  public:
    Text& metric(std::string_view name, std::string_view type, std::string_view help) {
        name_ = name;
        fmt::format_to(out(), "# HELP holdfast_{0} {1}\n# TYPE holdfast_{0} {2}\n", name, help,
                       type);
        return *this;
    }
    Text& value(uint64_t value) {
        fmt::format_to(out(), "holdfast_{} {}\n", name_, value);
        return *this;
    }
    Text& value(std::string_view labels, uint64_t value) {
        fmt::format_to(out(), "holdfast_{}{{{}}} {}\n", name_, labels, value);
        return *this;
    }
    void gauge(std::string_view name, std::string_view help, uint64_t now) {
        metric(name, "gauge", help).value(now);
    }
    void counter(std::string_view name, std::string_view help, uint64_t total) {
        metric(name, "counter", help).value(total);
    }
    void line(std::string_view text) { text_.append(text).push_back('\n'); }
    [[nodiscard]] std::string take() { return std::move(text_); }

  private:
    std::back_insert_iterator<std::string> out() { return std::back_inserter(text_); }
    std::string text_;
    std::string_view name_;
};

std::string label(std::string_view name, std::string_view value) {
    std::string escaped;
    for (const char c : value) {
        if (c == '"' || c == '\\') escaped.push_back('\\');
        if (c == '\n') {
            escaped.append("\\n");
        } else {
            escaped.push_back(c);
        }
    }
    return fmt::format("{}=\"{}\"", name, escaped);
}

void render_node(Text& text, const node::NodeStatus& status) {
    text.metric("node_state", "gauge", "1 for the state that the node is in");
    for (const auto state :
         {node::NodeState::running, node::NodeState::syncing, node::NodeState::stopped})
        text.value(label("state", to_string(state)), status.state == state ? 1 : 0);
    text.metric("engine_role", "gauge", "1, with the engine and this node's role in it")
        .value(label("engine", status.engine) + "," + label("role", status.agreement.role), 1);
    text.gauge("head_height", "number of the latest executed block", status.head.value);
    text.gauge("head_time_ms", "time of the latest executed block", status.head_time_ms);
    text.gauge("final_height", "highest position known to be final", status.agreement.final.value);
    text.gauge("last_height", "highest position known", status.agreement.last.value);
    text.gauge("certified_height", "highest block with a certificate", status.certified.value);
    text.gauge("engine_view", "term, ballot or view", status.agreement.view);
    text.gauge("engine_leader", "id of the leader known; 0 if none",
               status.agreement.leader.value_or(NodeId(0)).value);
    text.gauge("members", "members of the ledger", status.members.members.size());
    text.gauge("members_epoch", "changes of membership so far", status.members.epoch);
    text.gauge("is_member", "1 if this node is a member", status.is_member ? 1 : 0);
    text.gauge("pending_transactions", "transactions in the pool", status.pending_transactions);
    text.gauge("ready_transactions", "of them: no nonce before them is missing",
               status.ready_transactions);
    text.gauge("pending_bytes", "bytes of transactions in the pool", status.pending_bytes);
    text.gauge("journal_bytes", "size of the journal", status.journal_bytes);
    text.metric("queue_depth", "gauge", "entries waiting in each queue of the node");
    for (const auto& [name, depth] : status.queues) text.value(label("queue", name), depth);
}

void render_counters(Text& text, const node::Counters& counters) {
    text.counter("transactions_admitted_total", "taken into the pool",
                 counters.transactions_admitted);
    text.counter("transactions_refused_total", "not taken into the pool",
                 counters.transactions_refused);
    text.counter("transactions_executed_total", "executed in blocks",
                 counters.transactions_executed);
    text.counter("signatures_recovered_total", "senders recovered", counters.signatures_recovered);
    text.counter("signatures_verified_total", "node signatures checked",
                 counters.signatures_verified);
    text.counter("attestations_made_total", "block hashes signed", counters.attestations_made);
    text.counter("journal_syncs_total", "group commits of the journal", counters.journal_syncs);
    text.counter("journal_records_total", "records appended to the journal",
                 counters.journal_records);
    text.counter("payloads_proposed_total", "payloads given to the engine",
                 counters.payloads_proposed);
    text.counter("messages_received_total", "messages from peers", counters.messages_received);
    text.counter("messages_refused_total", "malformed or unwanted messages from peers",
                 counters.messages_refused);
    text.counter("blocks_synced_total", "blocks fetched from peers", counters.blocks_synced);
    text.counter("snapshots_synced_total", "snapshots fetched from peers",
                 counters.snapshots_synced);
    text.counter("conflicting_attestations_total", "attestations to another hash than ours",
                 counters.conflicting_attestations);
}

void render_peers(Text& text, const std::vector<PeerStatus>& peers) {
    const auto each = [&](std::string_view name, std::string_view type, std::string_view help,
                          auto member) {
        text.metric(name, type, help);
        for (const PeerStatus& peer : peers)
            text.value(label("peer", std::to_string(peer.id.value)),
                       static_cast<uint64_t>(peer.*member));
    };
    each("peer_connected", "gauge", "1 while connected", &PeerStatus::connected);
    each("peer_messages_sent_total", "counter", "messages sent", &PeerStatus::messages_sent);
    each("peer_messages_received_total", "counter", "messages received",
         &PeerStatus::messages_received);
    each("peer_messages_resent_total", "counter", "messages sent again after a reconnect",
         &PeerStatus::messages_resent);
    each("peer_messages_dropped_total", "counter", "messages dropped from a full queue",
         &PeerStatus::messages_dropped);
    each("peer_queued_bytes", "gauge", "bytes waiting to be sent", &PeerStatus::queued_bytes);
    each("peer_in_flight_bytes", "gauge", "bytes sent and not acknowledged",
         &PeerStatus::in_flight_bytes);
}

}  // namespace

Metrics::Metrics() : per_method_(std::make_unique<PerMethod[]>(methods().size() + 1)) {}
Metrics::~Metrics() = default;

void Metrics::count_request(const Method* method, Outcome outcome, Duration took) {
    const size_t index =
        method == nullptr ? methods().size() : static_cast<size_t>(method - methods().data());
    per_method_[index].by_outcome[static_cast<size_t>(outcome)].fetch_add(
        1, std::memory_order_relaxed);
    if (method == nullptr) return;
    const auto us = static_cast<uint64_t>(std::max<Duration::rep>(took.count(), 0));
    const auto bucket = std::ranges::lower_bound(latency_buckets_us, us);
    latency_[static_cast<size_t>(bucket - latency_buckets_us.begin())].fetch_add(
        1, std::memory_order_relaxed);
    latency_sum_us_.fetch_add(us, std::memory_order_relaxed);
}

std::string Metrics::render(Service& service, const node::NodeStatus& status) const {
    Text text;
    render_node(text, status);
    render_counters(text, status.counters);
    render_peers(text, service.backend().peers());

    text.counter("http_requests_total", "HTTP requests", http_requests);
    text.counter("websocket_messages_total", "WebSocket messages received", websocket_messages);
    text.counter("connections_accepted_total", "client connections", connections_accepted);
    text.counter("connections_refused_total", "refused: too many", connections_refused);
    text.counter("requests_forbidden_total", "refused by Host, Origin or token",
                 requests_forbidden);
    text.counter("subscribers_dropped_total", "WebSocket clients that did not keep up",
                 subscribers_dropped);
    text.gauge("connections_open", "client connections open", connections_open);
    text.gauge("websockets_open", "of these, WebSocket", websockets_open);
    text.gauge("rpc_in_flight", "bodies of requests being answered", service.live().size());
    text.gauge("rpc_receipt_waiters", "eth_sendRawTransactionSync waiting",
               service.hub().waiters());
    text.gauge("rpc_subscriptions", "subscriptions", service.hub().subscriptions());
    text.gauge("rpc_filters", "filters", service.hub().filters());
    text.metric("api_queue_depth", "gauge", "jobs waiting for the API's workers")
        .value(label("queue", "recover"), service.queued(Work::recover))
        .value(label("queue", "read"), service.queued(Work::read));

    text.metric("rpc_requests_total", "counter", "JSON-RPC requests by method and outcome");
    for (size_t i = 0; i <= methods().size(); ++i) {
        const std::string_view name = i < methods().size() ? methods()[i].name : "unknown";
        for (const auto outcome : {Outcome::ok, Outcome::error}) {
            const uint64_t count = per_method_[i].by_outcome[static_cast<size_t>(outcome)];
            if (count == 0) continue;
            text.value(label("method", name) + "," +
                           label("outcome", outcome == Outcome::ok ? "ok" : "error"),
                       count);
        }
    }

    text.metric("rpc_duration_seconds", "histogram", "from the body's arrival to the answer");
    uint64_t total = 0;
    for (size_t i = 0; i < latency_.size(); ++i) {
        total += latency_[i];
        const std::string bound =
            i < latency_buckets_us.size()
                ? fmt::format("{}", static_cast<double>(latency_buckets_us[i]) / 1e6)
                : "+Inf";
        text.line(
            fmt::format("holdfast_rpc_duration_seconds_bucket{{le=\"{}\"}} {}", bound, total));
    }
    text.line(fmt::format("holdfast_rpc_duration_seconds_sum {}",
                          static_cast<double>(latency_sum_us_.load()) / 1e6));
    text.line(fmt::format("holdfast_rpc_duration_seconds_count {}", total));
    return text.take();
}

}  // namespace holdfast::api
