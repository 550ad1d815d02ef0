// The routes of the REST face.
#include <boost/json.hpp>

#include "api/eth_values.h"
#include "api/methods.h"
#include "api/params_scalar.h"
#include "api/rest.h"
#include "mempool/mempool.h"

namespace holdfast::api {

namespace {

RestResponse ok(std::string body) {
    return {.status = 200, .body = std::move(body)};
}

RestResponse from_error(unsigned status, const Error& error) {
    return rest_error(status, error.code.name, message_of(error));
}

/// Overload and a node in trouble pass; everything else is the client's.
unsigned status_of(const Error& error) {
    if (error.code == errc::overloaded || error.code == mempool::errc::pool_full) return 503;
    if (error.code.name.starts_with("node.")) return 503;
    if (error.code == ledger::errc::unknown_height) return 404;
    return 422;
}

using ReadRoute = std::function<RestResponse(Service&, const ledger::Reader&)>;

void read(Service& service, const RestReply& reply, ReadRoute route) {
    const bool accepted = service.run(
        Work::read, [self = service.shared_from_this(), reply, route = std::move(route)] {
            reply(route(*self, self->backend().reader()));
        });
    if (!accepted) reply(from_error(503, {errc::overloaded, "reads"}));
}

void get_health(Service& service, const RestRequest&, std::string_view, const RestReply& reply) {
    service.backend().status([reply](const node::NodeStatus& status) {
        JsonOut out;
        out.object().key("status").text(to_string(status.state));
        out.key("head").number(status.head.value);
        out.key("certified").number(status.certified.value);
        if (status.state == node::NodeState::syncing)
            out.key("syncTarget").number(status.sync_target.value);
        if (!status.trouble.empty()) out.key("reason").text(status.trouble);
        if (!status.agreement.note.empty()) out.key("note").text(status.agreement.note);
        const bool healthy = status.state == node::NodeState::running;
        reply({.status = healthy ? 200U : 503U, .body = out.end_object().take()});
    });
}

void get_metrics(Service& service, const RestRequest&, std::string_view, const RestReply& reply) {
    service.backend().status(
        [weak = service.weak_from_this(), reply](const node::NodeStatus& status) {
            const auto self = weak.lock();
            if (self == nullptr) return;
            self->dispatch([weak, reply, status] {
                const auto late = weak.lock();
                if (late == nullptr) return;
                reply({.status = 200,
                       .body = late->metrics().render(*late, status),
                       .content_type = "text/plain; version=0.0.4; charset=utf-8"});
            });
        });
}

void get_openapi(Service&, const RestRequest&, std::string_view, const RestReply& reply) {
    reply(ok(std::string(openapi_text())));
}

void get_root(Service& service, const RestRequest&, std::string_view, const RestReply& reply) {
    JsonOut out;
    out.object().key("client").text(service.client_version());
    out.key("chainId").number(service.backend().genesis().chain_id);
    out.key("jsonRpc").text("POST here, or open a WebSocket");
    out.key("openapi").text("/openapi.json");
    reply(ok(out.end_object().take()));
}

void get_chain(Service& service, const RestRequest&, std::string_view, const RestReply& reply) {
    read(service, reply, [](Service& self, const ledger::Reader& reader) {
        const chain::Genesis& genesis = self.backend().genesis();
        const Height head = reader.head();
        JsonOut out;
        out.object().key("chainId").number(genesis.chain_id);
        out.key("engine").text(chain::to_string(genesis.engine));
        out.key("genesisHash").data(self.backend().genesis_hash());
        out.key("head").object().key("number").number(head.value);
        if (const auto hash = reader.block_hash(head)) out.key("hash").data(*hash);
        out.end_object();
        out.key("certified").number(reader.certified().value);
        out.key("lowestBlock").number(reader.lowest_block().value);
        if (const auto members = reader.members(head)) write_members(out.key("members"), *members);
        return ok(out.end_object().take());
    });
}

/// A number, a hash or "latest".
std::optional<BlockRef> block_named(std::string_view name) {
    if (name == "latest") return BlockRef{};
    if (name.starts_with("0x")) {
        const auto hash = fixed_from_hex<Hash32>(name);
        if (!hash) return std::nullopt;
        return BlockRef{BlockRef::Kind::hash, {}, *hash};
    }
    const auto number = U256::parse(name);
    if (!number || !number->fits_u64()) return std::nullopt;
    return BlockRef{BlockRef::Kind::number, Height(number->low64()), {}};
}

void get_block(Service& service, const RestRequest&, std::string_view argument,
               const RestReply& reply) {
    const auto block = block_named(argument);
    if (!block)
        return reply(rest_error(400, "api.bad_request", "a block number, a hash or \"latest\""));
    read(service, reply, [block = *block](Service& self, const ledger::Reader& reader) {
        const auto height = block.resolve(reader);
        const BlockPtr found = height ? self.blocks().load(reader, *height) : nullptr;
        if (found == nullptr)
            return rest_error(404, "api.not_found", "no such block here: unknown, or pruned");
        return ok(block_json(found->block, Transactions::hashes));
    });
}

void get_account(Service& service, const RestRequest&, std::string_view argument,
                 const RestReply& reply) {
    const auto address = fixed_from_hex<Address>(argument);
    if (!address) return reply(rest_error(400, "api.bad_request", "20 bytes as hex behind 0x"));
    read(service, reply, [address = *address](Service&, const ledger::Reader& reader) {
        const Height head = reader.head();
        const auto account = reader.account(address, head);
        if (!account) return from_error(404, account.error());
        JsonOut out;
        out.object().key("address").data(address);
        out.key("balance").text(account->balance.to_decimal());
        out.key("nonce").number(account->nonce);
        out.key("codeHash").data(account->code_hash);
        out.key("storageRoot").data(account->storage_root);
        out.key("blockNumber").number(head.value);
        return ok(out.end_object().take());
    });
}

std::string executed_json(const Hash32& hash, const PlacedTransaction& placed) {
    JsonOut out;
    out.object().key("hash").data(hash).key("status");
    out.text(placed.block->receipts[placed.index].success ? "executed" : "reverted");
    out.key("transaction").raw(transaction_json(placed));
    out.key("receipt").raw(receipt_json(placed));
    return out.end_object().take();
}

void get_transaction(Service& service, const RestRequest&, std::string_view argument,
                     const RestReply& reply) {
    const auto hash = fixed_from_hex<Hash32>(argument);
    if (!hash) return reply(rest_error(400, "api.bad_request", "32 bytes as hex behind 0x"));
    const auto in_pool = [hash = *hash, reply](const PendingTransaction& pending) {
        JsonOut out;
        out.object().key("hash").data(hash).key("status");
        if (pending.transaction != nullptr) {
            out.text("pending").key("transaction");
            write_transaction(out, *pending.transaction, nullptr, 0);
        } else if (pending.dropped_because) {
            out.text("dropped").key("reason").object();
            out.key("code").text(pending.dropped_because->code.name);
            out.key("message").text(message_of(*pending.dropped_because)).end_object();
        } else {
            return reply(rest_error(404, "api.not_found", "no such transaction here"));
        }
        reply(ok(out.end_object().take()));
    };
    const bool accepted =
        service.run(Work::read, [self = service.shared_from_this(), hash = *hash, reply, in_pool] {
            const auto placed = self->blocks().load_transaction(self->backend().reader(), hash);
            if (placed) return reply(ok(executed_json(hash, *placed)));
            self->backend().find_pending(hash, in_pool);
        });
    if (!accepted) reply(from_error(503, {errc::overloaded, "reads"}));
}

/// {"raw":"0x..","wait":true}
struct TransactionBody {
    Bytes raw;
    bool wait = false;
};

std::expected<TransactionBody, std::string> read_transaction_body(std::string_view text) {
    std::string problem;
    const auto document = Document::parse(text, problem);
    if (document == nullptr) return std::unexpected("not JSON: " + problem);
    if (!document->root().is_object()) return std::unexpected("expected an object");
    TransactionBody body;
    bool has_raw = false;
    for (const auto& [name, value] : document->root().get_object()) {
        if (name == "raw") {
            auto raw = scalar::data(value);
            if (!raw) return std::unexpected("raw: " + raw.error());
            body.raw = std::move(*raw);
            has_raw = true;
        } else if (name == "wait") {
            if (!value.is_bool()) return std::unexpected("wait: expected a boolean");
            body.wait = value.get_bool();
        } else {
            return std::unexpected("a field other than raw and wait");
        }
    }
    if (!has_raw) return std::unexpected("raw is missing");
    return body;
}

/// The same machinery as eth_sendRawTransactionSync, in REST's words.
void post_transaction(Service& service, const RestRequest& request, std::string_view,
                      const RestReply& reply) {
    auto body = read_transaction_body(request.body);
    if (!body) return reply(rest_error(400, "api.bad_request", body.error()));
    const Instant deadline =
        service.now() + std::chrono::milliseconds(service.config().request_timeout_ms);
    const auto weak = service.weak_from_this();
    std::function<void(const Hash32&)> wait;
    if (body->wait) {
        wait = [weak, reply, deadline](const Hash32& hash) {
            const auto told = [reply, hash](const Answer& answer) {
                JsonOut out;
                out.object().key("hash").data(hash).key("status");
                if (answer) {
                    out.text("executed").key("receipt").raw(*answer);
                    return reply(ok(out.end_object().take()));
                }
                // Not a failure: admitted, and still on its way.
                if (answer.error().code == rpc_code::sync_timeout)
                    return reply({.status = 202, .body = out.text("pending").end_object().take()});
                reply(rest_error(422, "transaction.dropped", answer.error().message));
            };
            const auto self = weak.lock();
            if (self == nullptr) return;
            self->post([weak, deadline, hash, told] {
                const auto late = weak.lock();
                if (late != nullptr && !late->hub().wait_for_receipt(hash, deadline, told))
                    told(rpc_fail(rpc_code::sync_timeout, ""));
            });
        };
    }
    const bool waits = body->wait;
    const auto done = [weak, reply, waits](const Hash32& hash, const Status& status) {
        // Somebody sent it before: its receipt is as good.
        const bool known = !status && status.error().code == mempool::errc::already_known;
        if (waits && (status || known)) return;
        if (!status) return reply(from_error(status_of(status.error()), status.error()));
        JsonOut out;
        out.object().key("hash").data(hash).key("status").text("pending");
        reply({.status = 202, .body = out.end_object().take()});
    };
    submit_raw(
        service, std::move(body->raw),
        {.before_submit = std::move(wait), .done = done, .refused = [reply](const Error& error) {
             reply(from_error(status_of(error), error));
         }});
}

}  // namespace

std::span<const RestRoute> rest_routes() {
    static constexpr auto routes = std::to_array<RestRoute>({
        {"GET", "/", &get_root},
        {"GET", "/health", &get_health},
        {"GET", "/metrics", &get_metrics},
        {"GET", "/openapi.json", &get_openapi},
        {"GET", "/v1/chain", &get_chain, Effect::reads},
        {"GET", "/v1/blocks/{block}", &get_block, Effect::reads},
        {"GET", "/v1/accounts/{address}", &get_account, Effect::reads},
        {"GET", "/v1/transactions/{hash}", &get_transaction, Effect::reads},
        {"POST", "/v1/transactions", &post_transaction},
    });
    return routes;
}

}  // namespace holdfast::api
