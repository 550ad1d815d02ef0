// Subscriptions over WebSocket, and filters that are polled.
#include "api/json.h"
#include "api/methods.h"

namespace holdfast::api::method {

namespace {

std::unexpected<RpcError> no_filter() {
    return rpc_fail(rpc_code::server_error, "filter not found");
}

Answer add_filter(Service& service, const Call& call, Topic topic, LogFilter logs) {
    Filter filter;
    filter.topic = topic;
    filter.logs = std::move(logs);
    filter.next_block = service.backend().reader().head().next();
    filter.next_pending = service.hub().pending_sequence();
    filter.used = service.now();
    return service.hub().add_filter(std::move(filter), call.caller().subscriber);
}

}  // namespace

Answer subscribe(Service& service, const Call& call) {
    const auto topic = call.params().text(0);
    if (!topic) return std::unexpected(topic.error());
    if (call.caller().subscriber == nullptr)
        return rpc_fail(rpc_code::method_not_found,
                        "the method eth_subscribe does not exist/is not available",
                        R"({"code":"api.websocket_only","detail":"subscriptions need WebSocket"})");
    Topic kind{};
    LogFilter filter;
    if (*topic == "newHeads") {
        kind = Topic::new_heads;
    } else if (*topic == "newPendingTransactions") {
        kind = Topic::pending_transactions;
    } else if (*topic == "logs") {
        kind = Topic::logs;
        auto wanted = call.params().log_filter(1);
        if (!wanted) return std::unexpected(wanted.error());
        filter = std::move(*wanted);
    } else {
        return rpc_fail(
            rpc_code::invalid_params,
            fmt::format("no \"{}\" subscription in eth namespace", topic->substr(0, 32)));
    }
    return service.hub().subscribe(kind, std::move(filter), call.caller().subscriber);
}

Answer unsubscribe(Service& service, const Call& call) {
    const auto id = call.params().text(0);
    if (!id) return std::unexpected(id.error());
    const auto& subscriber = call.caller().subscriber;
    if (subscriber == nullptr || !service.hub().unsubscribe(std::string(*id), *subscriber))
        return rpc_fail(rpc_code::server_error, "subscription not found");
    return "true";
}

Answer new_filter(Service& service, const Call& call) {
    auto filter = call.params().log_filter(0);
    if (!filter) return std::unexpected(filter.error());
    return add_filter(service, call, Topic::logs, std::move(*filter));
}

Answer new_block_filter(Service& service, const Call& call) {
    return add_filter(service, call, Topic::new_heads, {});
}

Answer new_pending_filter(Service& service, const Call& call) {
    return add_filter(service, call, Topic::pending_transactions, {});
}

Answer uninstall_filter(Service& service, const Call& call) {
    const auto id = call.params().text(0);
    if (!id) return std::unexpected(id.error());
    return service.hub().remove_filter(*id) ? "true" : "false";
}

namespace {

Answer block_hashes(const ledger::Reader& reader, Height from, Height to) {
    JsonOut out;
    out.array();
    for (Height height = from; height <= to; ++height)
        if (const auto hash = reader.block_hash(height)) out.data(*hash);
    return out.end_array().take();
}

/// The part of [from, to] that the filter's own range allows.
Answer logs_since(Service& service, const ledger::Reader& reader, const LogFilter& filter,
                  Height from, Height to) {
    if (filter.from && *filter.from > from) from = *filter.from;
    if (filter.to && *filter.to < to) to = *filter.to;
    if (from > to) return "[]";
    return find_logs_between(service.blocks(), reader, filter, from, to);
}

}  // namespace

void get_filter_changes(Service& service, const Call& call) {
    const auto id = call.params().text(0);
    if (!id) return call.reply(std::unexpected(id.error()));
    Filter* filter = service.hub().filter(*id, service.now());
    if (filter == nullptr) return call.reply(no_filter());

    if (filter->topic == Topic::pending_transactions) {
        JsonOut out;
        out.array();
        for (const Hash32& hash : service.hub().pending_since(filter->next_pending)) out.data(hash);
        return call.reply(out.end_array().take());
    }
    const Height from = filter->next_block;
    Height to = service.backend().reader().head();
    if (from > to) return call.reply("[]");
    if (to - from >= filter_poll_blocks_max) to = from + (filter_poll_blocks_max - 1);
    // Moved on before the read, so that two polls at once never tell the same twice.
    filter->next_block = to.next();
    const bool logs = filter->topic == Topic::logs;
    const bool accepted = service.run(Work::read, [self = service.shared_from_this(), call, from,
                                                   to, logs, wanted = filter->logs] {
        const ledger::Reader reader = self->backend().reader();
        call.reply(logs ? logs_since(*self, reader, wanted, from, to)
                        : block_hashes(reader, from, to));
    });
    if (accepted) return;
    filter->next_block = from;
    call.reply(rpc_fail(Error{errc::overloaded, "reads"}));
}

void get_filter_logs(Service& service, const Call& call) {
    const auto id = call.params().text(0);
    if (!id) return call.reply(std::unexpected(id.error()));
    const Filter* filter = service.hub().filter(*id, service.now());
    if (filter == nullptr || filter->topic != Topic::logs) return call.reply(no_filter());
    const bool accepted =
        service.run(Work::read, [self = service.shared_from_this(), call, wanted = filter->logs] {
            call.reply(find_logs(self->blocks(), self->backend().reader(), wanted));
        });
    if (!accepted) call.reply(rpc_fail(Error{errc::overloaded, "reads"}));
}

}  // namespace holdfast::api::method
