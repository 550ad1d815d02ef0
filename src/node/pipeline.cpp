// Preparing overlaps executing; execution itself is one block at a time, in order.
#include "node/pipeline.h"

#include "base/check.h"
#include "crypto/hash.h"

namespace holdfast::node {
namespace {

/// Senders recovered by one job on the workers: small enough that all workers share one block.
constexpr size_t recover_job_transactions = 64;

chain::Origin to_chain(const consensus::Origin& origin) {
    return {.proposer = origin.proposer, .epoch = origin.epoch, .view = origin.view};
}

}  // namespace

void Pipeline::deliver(const consensus::Deliver& delivered) {
    // While the node explored, its peers gave it this block already.
    if (delivered.position < next_height()) return;
    auto item = std::make_shared<PipelineItem>();
    item->payload = payloads_.know(delivered.payload, find_);
    item->ordered.height = delivered.position;
    item->ordered.time_ms = item->payload->time_ms;
    item->ordered.fee_recipient = item->payload->fee_recipient;
    item->ordered.payload_hash = crypto::sha256(*delivered.payload);
    item->ordered.origin = to_chain(delivered.origin);
    item->ordered.mark = delivered.mark;
    push(std::move(item));
}

void Pipeline::deliver_synced(const SyncBlock& block) {
    auto item = std::make_shared<PipelineItem>();
    const auto extra = chain::decode_extra(block.header.extra_data).value_or(chain::Extra{});
    item->payload = std::make_shared<KnownPayload>();
    for (const Bytes& raw : block.transactions) {
        item->payload->hashes.push_back(crypto::keccak256(raw));
        item->payload->transactions.push_back(find_(item->payload->hashes.back()));
    }
    // Never an ancestor of anything proposed, so it needs no payload bytes, only a name of its own.
    item->payload->bytes = make_buffer({});
    item->payload->raw = block.transactions;
    item->ordered.height = block.header.number;
    item->ordered.time_ms = extra.time_ms;
    item->ordered.fee_recipient = block.header.beneficiary;
    item->ordered.payload_hash = extra.payload_hash;
    item->ordered.origin = extra.origin;
    item->ordered.mark = block.mark;
    item->expected_hash = chain::header_hash(block.header);
    item->certificate = block.certificate;
    push(std::move(item));
}

std::vector<Buffer> Pipeline::unexecuted() const {
    std::vector<Buffer> payloads;
    payloads.reserve(items_.size());
    for (const auto& item : items_)
        if (!item->expected_hash) payloads.push_back(item->payload->bytes);
    return payloads;
}

Height Pipeline::next_height() const {
    const Height newest = items_.empty() ? Height{} : items_.back()->ordered.height;
    return std::max(context_.head.number, newest).next();
}

void Pipeline::push(std::shared_ptr<PipelineItem> item) {
    CHECK(item->ordered.height == next_height(), "node: the pipeline skipped a height");
    items_.push_back(item);
    prepare(item);
    pump();
}

void Pipeline::prepare(const std::shared_ptr<PipelineItem>& item) {
    KnownPayload& payload = *item->payload;
    std::vector<size_t> unknown;
    for (size_t i = 0; i < payload.transactions.size(); ++i) {
        // A transaction may have become known since the payload was first seen.
        if (!payload.transactions[i]) payload.transactions[i] = find_(payload.hashes[i]);
        if (!payload.transactions[i]) unknown.push_back(i);
    }
    if (unknown.empty()) {
        item->prepared = true;
        return;
    }
    const auto jobs_left = std::make_shared<size_t>(
        (unknown.size() + recover_job_transactions - 1) / recover_job_transactions);
    for (size_t from = 0; from < unknown.size(); from += recover_job_transactions) {
        const size_t count = std::min(recover_job_transactions, unknown.size() - from);
        std::vector<size_t> part(unknown.begin() + static_cast<ptrdiff_t>(from),
                                 unknown.begin() + static_cast<ptrdiff_t>(from + count));
        context_.ports.lanes.run(
            env::Lane::verify,
            [item, part, rules = context_.genesis.tx_rules()] {
                for (const size_t i : part) {
                    auto one = chain::recover_transaction(item->payload->raw_of(i), rules);
                    if (!one) continue;  // every node leaves it out
                    item->payload->transactions[i] =
                        std::make_shared<const chain::RecoveredTransaction>(std::move(*one));
                }
            },
            [this, item, jobs_left, count] {
                context_.counters.signatures_recovered += count;
                if (--*jobs_left > 0) return;
                item->prepared = true;
                pump();
            });
    }
}

void Pipeline::pump() {
    if (executing_ || items_.empty() || !items_.front()->prepared || context_.stopped()) return;
    executing_ = true;
    execute(items_.front());
}

void Pipeline::execute(const std::shared_ptr<PipelineItem>& item) {
    for (const TransactionPtr& transaction : item->payload->transactions)
        if (transaction) item->ordered.transactions.push_back(transaction);
    const uint64_t epoch = context_.members.epoch;
    context_.ports.lanes.run(
        env::Lane::execute,
        [this, item, epoch] {
            // A snapshot took the ledger past it, on this lane.
            if (item->ordered.height != ledger_.head().next()) return;
            auto executed = std::make_shared<ledger::Executed>(ledger_.execute(item->ordered));
            item->attestation =
                chain::attest(context_.voting_key, context_.config.self, context_.genesis_hash,
                              epoch, item->ordered.height, executed->block.hash);
            item->executed = std::move(executed);
        },
        [this, item] { finished(item); });
}

void Pipeline::finished(const std::shared_ptr<PipelineItem>& item) {
    executing_ = false;
    if (item->ordered.height <= context_.head.number) return on_jumped();
    if (!item->executed) return;  // word of the jump is still under way
    items_.pop_front();
    payloads_.forget(item->payload->bytes);
    done_(*item);
    pump();
}

void Pipeline::on_jumped() {
    if (executing_) return;  // what is being executed comes first, and then this again
    while (!items_.empty() && items_.front()->ordered.height <= context_.head.number) {
        payloads_.forget(items_.front()->payload->bytes);
        items_.pop_front();
    }
    pump();
}

}  // namespace holdfast::node
