// Preparing overlaps executing; execution itself is one block at a time, in order.
#include "node/pipeline.h"

#include "base/check.h"
#include "crypto/hash.h"

namespace holdfast::node {
namespace {

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
}

void Pipeline::prepare(const std::shared_ptr<PipelineItem>& item) {
    Payloads::recover(context_, item->payload, find_, [this, item] {
        item->prepared = true;
        pump();
    });
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
