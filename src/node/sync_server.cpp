// Serving peers that are behind: bounded pieces, read on the bulk lane.
#include "ledger/prove.h"
#include "node/sync.h"

namespace holdfast::node {
namespace {

static_assert(history_changes_max >= ledger::member_changes_max);
/// The last change of a page may come on top, and sizes are estimated.
static_assert(history_bytes_max >= 4 * ledger::member_changes_bytes_max);

/// How a body is sent: everything a peer needs to execute the block again.
std::optional<SyncBlock> read_sync_block(const ledger::Reader& reader, Height height) {
    auto block = reader.block(height);
    auto mark = reader.mark(height);
    if (!block || !mark) return std::nullopt;
    SyncBlock result{.header = std::move(block->header),
                     .mark = std::move(*mark),
                     .certificate = reader.certificate(height)};
    for (const TransactionPtr& transaction : block->transactions)
        result.transactions.push_back(transaction->raw);
    return result;
}

BlocksReply read_blocks(const ledger::Reader& reader, Height from) {
    BlocksReply reply{.lowest = reader.lowest_block(), .head = reader.head()};
    size_t bytes = 0;
    for (Height height = from; height <= reply.head; ++height) {
        if (height < reply.lowest || reply.blocks.size() == reply_blocks_max ||
            bytes > reply_bytes_max)
            break;
        auto block = read_sync_block(reader, height);
        if (!block) break;
        for (const Bytes& raw : block->transactions) bytes += raw.size();
        bytes += 1024;
        reply.blocks.push_back(std::move(*block));
    }
    return reply;
}

// Of the newest block that is certified, though the head is above it nearly always, and perhaps for
// as long as the peer that asks has not executed it too.
SnapshotOffer make_offer(const ledger::Reader& reader) {
    SnapshotOffer offer;
    const Height height = reader.certified();
    if (height.value == 0) return offer;
    auto certificate = reader.certificate(height);
    auto members = reader.members(height);
    auto header = reader.header(height);
    auto mark = reader.mark(height);
    if (!certificate || !members || !header || !mark) return offer;
    offer.block = {.header = std::move(*header), .signatures = std::move(certificate->signatures)};
    offer.members = std::move(*members);
    offer.mark = std::move(*mark);
    return offer;
}

}  // namespace

void SyncServer::on_blocks_request(NodeId from, const BlocksRequest& request) {
    if (jobs_ >= jobs_max) return;
    ++jobs_;
    auto reply = std::make_shared<Buffer>();
    context_.ports.lanes.run(
        env::Lane::bulk,
        [this, reply, from_height = request.from] {
            const ledger::Reader reader(context_.ports.store.snapshot());
            *reply = encode_message(read_blocks(reader, from_height));
        },
        [this, reply, from] {
            --jobs_;
            context_.ports.transport.send(from, env::Priority::bulk, *reply);
        });
}

// The blocks behind it must be here: a peer that has it already would come back for it for ever.
bool SyncServer::still_of_use(const Held& held) const {
    return context_.reader().lowest_block() <= held.offer.block->header.number.next();
}

void SyncServer::on_snapshot_request(NodeId from) {
    if (context_.head.number.value == 0) return;
    const auto place = held_.find(from);
    if (place != held_.end() && still_of_use(place->second)) {
        place->second.expires = context_.now() + held_for;
        context_.send(from, env::Priority::bulk, place->second.offer);
        return;
    }
    if (jobs_ >= jobs_max) return;
    ++jobs_;
    auto held = std::make_shared<Held>();
    context_.ports.lanes.run(
        env::Lane::bulk,
        [this, held] {
            const ledger::Reader reader(context_.ports.store.snapshot());
            held->offer = make_offer(reader);
            if (!held->offer.block) return;
            held->reader = reader.back_at(held->offer.block->header.number);
            if (!held->reader) held->offer = {};
        },
        [this, held, from] {
            --jobs_;
            if (!held->offer.block) return context_.send(from, env::Priority::bulk, held->offer);
            // It may have asked twice, and have begun to fetch the first.
            const auto [kept, fresh] = held_.try_emplace(from);
            if (fresh || !still_of_use(kept->second)) kept->second = std::move(*held);
            kept->second.expires = context_.now() + held_for;
            context_.send(from, env::Priority::bulk, kept->second.offer);
        });
}

// What is missing here is for another node to tell.
void SyncServer::on_history_request(NodeId from, const HistoryRequest& request) {
    if (jobs_ >= jobs_max) return;
    ++jobs_;
    auto reply = std::make_shared<Buffer>();
    context_.ports.lanes.run(
        env::Lane::bulk,
        [this, reply, request] {
            const ledger::Reader reader(context_.ports.store.snapshot());
            auto changes = ledger::member_changes_after(reader, request.after,
                                                        std::min(request.upto, reader.certified()));
            HistoryReply history{.after = request.after, .changes = {}};
            if (changes) history.changes = std::move(*changes);
            *reply = encode_message(history);
        },
        [this, reply, from] {
            --jobs_;
            context_.ports.transport.send(from, env::Priority::bulk, *reply);
        });
}

void SyncServer::on_chunk_request(NodeId from, const ChunkRequest& request) {
    const auto place = held_.find(from);
    if (place == held_.end() || place->second.offer.block->header.number != request.height ||
        jobs_ >= jobs_max)
        return;
    place->second.expires = context_.now() + held_for;
    ++jobs_;
    struct Job {
        std::shared_ptr<const ledger::Reader> reader;
        ChunkReply reply;
        Buffer message;
    };
    auto job = std::make_shared<Job>();
    job->reader = place->second.reader;
    job->reply.height = request.height;
    job->reply.cursor = request.cursor;
    job->reply.next = request.cursor;
    context_.ports.lanes.run(
        env::Lane::bulk,
        [job] {
            job->reply.chunk = ledger::export_chunk(*job->reader, job->reply.next, chunk_bytes);
            job->message = encode_message(job->reply);
        },
        [this, job, from] {
            --jobs_;
            context_.ports.transport.send(from, env::Priority::bulk, job->message);
            if (job->reply.next.empty()) held_.erase(from);
        });
}

void SyncServer::on_tick() {
    std::erase_if(held_,
                  [now = context_.now()](const auto& one) { return one.second.expires < now; });
}

std::optional<Instant> SyncServer::deadline() const {
    std::optional<Instant> earliest;
    for (const auto& [peer, held] : held_)
        if (!earliest || held.expires < *earliest) earliest = held.expires;
    if (earliest) *earliest += Duration(1);
    return earliest;
}

}  // namespace holdfast::node
