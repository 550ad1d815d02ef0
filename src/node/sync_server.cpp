// Serving peers that are behind: bounded pieces, read on the bulk lane.
#include "node/sync.h"

namespace holdfast::node {
namespace {

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

SnapshotOffer make_offer(const ledger::Reader& then, const ledger::Reader& now, Height height) {
    SnapshotOffer offer;
    // The view was taken when the block was new; its certificate came later.
    auto certificate = now.certificate(height);
    auto attesting = then.members(height.previous());
    auto members = then.members(height);
    auto header = then.header(height);
    auto mark = then.mark(height);
    if (!certificate || !attesting || !members || !header || !mark) return offer;
    offer.header = std::move(header);
    offer.mark = std::move(*mark);
    offer.certificate = std::move(*certificate);
    offer.attesting = std::move(*attesting);
    offer.members = std::move(*members);
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

void SyncServer::on_snapshot_request(NodeId from) {
    if (context_.head.number.value == 0) return;
    Held& held = held_[from];
    if (!held.reader) {
        held.reader = std::make_shared<const ledger::Reader>(context_.ports.store.snapshot());
        held.height = held.reader->head();
    }
    held.expires = context_.now() + held_for;
    if (held.height.value == 0) return;
    context_.send(from, env::Priority::bulk,
                  make_offer(*held.reader, context_.reader(), held.height));
}

void SyncServer::on_chunk_request(NodeId from, const ChunkRequest& request) {
    const auto place = held_.find(from);
    if (place == held_.end() || place->second.height != request.height || jobs_ >= jobs_max) return;
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
