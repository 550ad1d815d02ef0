// Sending transactions, and following one from the pool into a block.
#include <algorithm>

#include "api/eth_values.h"
#include "api/methods.h"
#include "mempool/mempool.h"

namespace holdfast::api {

namespace {

/// On a worker.
void recover_and_submit(Service& service, const Bytes& raw, const Submission& submission) {
    auto recovered = chain::recover_transaction(raw, service.tx_rules());
    if (!recovered) return submission.refused(recovered.error());
    const auto transaction =
        std::make_shared<const chain::RecoveredTransaction>(std::move(*recovered));
    const Hash32 hash = transaction->hash;
    if (submission.before_submit) submission.before_submit(hash);
    service.backend().submit(transaction, [weak = service.weak_from_this(), hash,
                                           done = submission.done](Status status) {
        if (status)
            if (const auto self = weak.lock(); self != nullptr && self->wants_pending())
                self->post([weak, hash] {
                    if (const auto late = weak.lock()) late->hub().on_pending(hash);
                });
        done(hash, std::move(status));
    });
}

}  // namespace

void submit_raw(Service& service, Bytes raw, Submission submission) {
    // Optimization: while nobody else waits, two hand-overs would take longer than they save.
    if (submission.before_submit && service.hub().waiters() == 0)
        return recover_and_submit(service, raw, submission);
    const auto shared = std::make_shared<const Submission>(std::move(submission));
    const bool accepted =
        service.run(Work::recover, [self = service.shared_from_this(), raw = std::move(raw),
                                    shared] { recover_and_submit(*self, raw, *shared); });
    if (!accepted) shared->refused({errc::overloaded, "transactions"});
}

namespace method {

namespace {

/// The raw bytes may be too large by far: let the size rule answer, with its own name.
constexpr size_t raw_bytes_max = 2 * chain::transaction_bytes_max;

}  // namespace

void send_raw_transaction(Service& service, const Call& call) {
    auto raw = call.params().data(0, raw_bytes_max);
    if (!raw) return call.reply(std::unexpected(raw.error()));
    submit_raw(
        service, std::move(*raw),
        {.before_submit = {},
         .done =
             [call](const Hash32& hash, const Status& status) {
                 call.reply(status ? Answer(json_data(hash.view())) : rpc_fail(status.error()));
             },
         .refused = [call](const Error& error) { call.reply(rpc_fail(error)); }});
}

namespace {

/// The pool refused what we wait for. It may be refused because it is in a block already.
void on_sync_refused(Service& service, const Call& call, const Hash32& hash, const Error& error) {
    // Somebody sent it before: its receipt is as good.
    if (error.code == mempool::errc::already_known) return;
    if (error.code == mempool::errc::nonce_too_low) {
        const bool accepted =
            service.run(Work::read, [self = service.shared_from_this(), call, hash, error] {
                const auto placed = self->blocks().load_transaction(self->backend().reader(), hash);
                call.reply(placed ? Answer(receipt_json(*placed)) : rpc_fail(error));
            });
        if (accepted) return;
    }
    call.reply(rpc_fail(error));
}

}  // namespace

// [EIP-7966]. The waiter stands before the pool is asked, so the block cannot slip by between.
void send_raw_transaction_sync(Service& service, const Call& call) {
    auto raw = call.params().data(0, raw_bytes_max);
    if (!raw) return call.reply(std::unexpected(raw.error()));
    uint64_t timeout_ms = service.config().request_timeout_ms;
    if (!call.params().absent(1)) {
        const auto wanted = call.params().quantity(1);
        if (!wanted) return call.reply(std::unexpected(wanted.error()));
        if (*wanted == 0) return call.reply(bad_param(1, "a timeout of zero"));
        timeout_ms = std::min(timeout_ms, *wanted);
    }
    const Instant deadline = service.now() + std::chrono::milliseconds(timeout_ms);
    const auto weak = service.weak_from_this();
    const auto wait = [weak, call, deadline](const Hash32& hash) {
        const auto self = weak.lock();
        if (self == nullptr) return;
        self->post([weak, call, deadline, hash] {
            const auto service_now = weak.lock();
            if (service_now == nullptr) return;
            const auto placed = service_now->blocks().recent_transaction(hash);
            if (placed) return call.reply(receipt_json(*placed));
            if (!service_now->hub().wait_for_receipt(
                    hash, deadline, [call](Answer answer) { call.reply(std::move(answer)); }))
                call.reply(rpc_fail(Error{errc::overloaded, "receipts awaited"}));
        });
    };
    const auto done = [weak, call](const Hash32& hash, const Status& status) {
        if (status) return;
        const auto self = weak.lock();
        if (self == nullptr) return;
        self->post([weak, call, hash, error = status.error()] {
            if (const auto late = weak.lock()) on_sync_refused(*late, call, hash, error);
        });
    };
    submit_raw(service, std::move(*raw),
               {.before_submit = wait, .done = done, .refused = [call](const Error& error) {
                    call.reply(rpc_fail(error));
                }});
}

void get_transaction_receipt(Service& service, const Call& call) {
    const auto hash = call.params().hash(0);
    if (!hash) return call.reply(std::unexpected(hash.error()));
    // The receipt that everybody polls for is a recent one.
    if (const auto placed = service.blocks().recent_transaction(*hash))
        return call.reply(receipt_json(*placed));
    const bool accepted =
        service.run(Work::read, [self = service.shared_from_this(), call, hash = *hash] {
            const auto placed = self->blocks().load_transaction(self->backend().reader(), hash);
            call.reply(placed ? receipt_json(*placed) : std::string("null"));
        });
    if (!accepted) call.reply(rpc_fail(Error{errc::overloaded, "reads"}));
}

namespace {

using Found = std::function<void(std::optional<PlacedTransaction>, PendingTransaction)>;

/// In a block, or in the pool, or neither. A transaction moves from pool to block, so blocks are
/// looked at once more after the pool has it no longer.
void look_up(Service& service, const Hash32& hash, const Found& found,
             const std::function<void(Error)>& failed) {
    if (const auto placed = service.blocks().recent_transaction(hash)) return found(placed, {});
    const auto self = service.shared_from_this();
    const auto look_again = [self, hash, found](const PendingTransaction& pending) {
        found(self->blocks().load_transaction(self->backend().reader(), hash), pending);
    };
    const auto look = [self, hash, found, failed, look_again] {
        if (const auto placed = self->blocks().load_transaction(self->backend().reader(), hash))
            return found(placed, {});
        self->backend().find_pending(
            hash, [self, found, failed, look_again](const PendingTransaction& pending) {
                if (pending.transaction != nullptr) return found({}, pending);
                if (!self->run(Work::read, [look_again, pending] { look_again(pending); }))
                    failed({errc::overloaded, "reads"});
            });
    };
    if (!service.run(Work::read, look)) failed({errc::overloaded, "reads"});
}

}  // namespace

void get_transaction(Service& service, const Call& call) {
    const auto hash = call.params().hash(0);
    if (!hash) return call.reply(std::unexpected(hash.error()));
    look_up(
        service, *hash,
        [call](const std::optional<PlacedTransaction>& placed, const PendingTransaction& pending) {
            if (placed) return call.reply(transaction_json(*placed));
            if (pending.transaction == nullptr) return call.reply("null");
            JsonOut out;
            write_transaction(out, *pending.transaction, nullptr, 0);
            call.reply(out.take());
        },
        [call](const Error& error) { call.reply(rpc_fail(error)); });
}

void transaction_fate(Service& service, const Call& call) {
    const auto hash = call.params().hash(0);
    if (!hash) return call.reply(std::unexpected(hash.error()));
    look_up(
        service, *hash,
        [call](const std::optional<PlacedTransaction>& placed, const PendingTransaction& pending) {
            JsonOut out;
            out.object().key("status");
            if (placed) {
                const auto& receipt = placed->block->receipts[placed->index];
                out.text(receipt.success ? "executed" : "reverted");
                out.key("blockNumber").quantity(placed->block->block.header.number);
                out.key("transactionIndex").quantity(placed->index);
            } else if (pending.transaction != nullptr) {
                out.text("pending");
            } else if (pending.dropped_because) {
                out.text("dropped").key("reason").object();
                out.key("code").text(pending.dropped_because->code.name);
                out.key("message").text(message_of(*pending.dropped_because)).end_object();
            } else {
                out.text("unknown");
            }
            call.reply(out.end_object().take());
        },
        [call](const Error& error) { call.reply(rpc_fail(error)); });
}

// Only the tag `pending` asks the pool.
void get_transaction_count(Service& service, const Call& call) {
    const auto block_name = call.params().absent(1) ? "" : call.params().text(1).value_or("");
    if (block_name == "pending") {
        const auto address = call.params().address(0);
        if (!address) return call.reply(std::unexpected(address.error()));
        return service.backend().next_nonce(
            *address, [call](uint64_t nonce) { call.reply(json_quantity(nonce)); });
    }
    const bool accepted = service.run(Work::read, [self = service.shared_from_this(), call] {
        call.reply(get_transaction_count(*self, call, self->backend().reader()));
    });
    if (!accepted) call.reply(rpc_fail(Error{errc::overloaded, "reads"}));
}

}  // namespace method

}  // namespace holdfast::api
