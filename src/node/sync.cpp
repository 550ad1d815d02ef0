// The client side of catching up. One request is out at a time; silence or nonsense moves on to the
// next member.
#include "node/sync.h"

#include "base/sometimes.h"
#include "chain/epochs.h"

namespace holdfast::node {
namespace {

/// Blocks fetched but not yet executed: enough to keep the executor busy during a round trip.
constexpr size_t pipeline_depth_max = 512;

}  // namespace

Sync::Sync(Context& context, ledger::Ledger& ledger, Pipeline& pipeline, Hooks hooks)
    : context_(context), ledger_(ledger), pipeline_(pipeline), hooks_(std::move(hooks)) {}

void Sync::on_catch_up(const consensus::CatchUp& wanted) {
    target_ = std::max(target_, wanted.upto);
    sent_for_ = notable_ = true;
    // What exploring asked may have been lost where nobody was to be reached; this source speaks.
    const bool nothing_known = exploring_ || phase_ == Phase::idle;
    exploring_ = false;
    if (!nothing_known) return;
    in_vain_ = 0;
    context_.log().info("sync", "behind: at block {}, fetching up to {} from peers",
                        context_.head.number, target_);
    source_ = wanted.source;
    at_follower_ = false;
    if (context_.members.find(source_) == nullptr && source_.value == 0) next_source();
    phase_ = Phase::blocks;
    request();
}

void Sync::explore() {
    if (phase_ != Phase::idle || context_.stopped()) return;
    next_source();
    target_ = context_.head.number;
    exploring_ = true;
    sent_for_ = false;
    phase_ = Phase::blocks;
    request();
}

// One follower after each round of the members: all members that are known here may be gone, or
// wait for this very node, which has a seat by now. Its blocks count for what certifies them.
void Sync::next_source() {
    const NodeId before = at_follower_ ? last_member_ : source_;
    const NodeId member = context_.next_member(before);
    if (member <= before && !at_follower_) {
        if (const NodeId follower = context_.next_follower(last_follower_); follower != NodeId{}) {
            HF_SOMETIMES("node.follower_asked");
            at_follower_ = true;
            last_member_ = source_;
            source_ = last_follower_ = follower;
            return;
        }
    }
    at_follower_ = false;
    source_ = member != NodeId{} ? member : before;
}

bool Sync::members_may_lie() const {
    return context_.genesis.quorum_rule() == chain::QuorumRule::two_thirds;
}

// Who attests the blocks above is known once this one is executed.
Height Sync::attested_upto() const {
    return chain::last_of_epoch_after(context_.head.number, context_.genesis.bft.epoch_blocks);
}

// Where members may lie, so may whoever named the target: what nobody has is not waited for.
bool Sync::is_target_in_doubt() const {
    return members_may_lie() && in_vain_ >= context_.members.members.size();
}

void Sync::request() {
    full_ =
        phase_ == Phase::blocks && members_may_lie() && pipeline_.next_height() > attested_upto();
    if (full_) return ask_again_later();
    if (phase_ == Phase::blocks)
        context_.send(source_, env::Priority::bulk, BlocksRequest{pipeline_.next_height()});
    else if (phase_ == Phase::offer)
        context_.send(source_, env::Priority::bulk, SnapshotRequest{});
    else if (phase_ == Phase::history)
        context_.send(source_, env::Priority::bulk,
                      HistoryRequest{.after = history_asked_.value_or(Height(0)),
                                     .upto = offer_.block->header.number.previous()});
    else if (phase_ == Phase::chunks)
        context_.send(source_, env::Priority::bulk,
                      ChunkRequest{.height = offer_.block->header.number, .cursor = cursor_});
    ask_again_later();
}

void Sync::on_blocks(NodeId from, BlocksReply& reply) {
    if (!expects(from, Phase::blocks)) return;
    const Height wanted = pipeline_.next_height();
    if (exploring_) {
        exploring_ = false;
        target_ = std::max(target_, reply.head);
        found_ = reply.head >= wanted;
        if (!found_) {
            phase_ = Phase::idle;
            retry_at_.reset();
            return;
        }
        notable_ = !is_trailing() || reply.head > wanted + trail_max;
        if (notable_)
            context_.log().info("sync", "behind: at block {}, node {} is at {}",
                                context_.head.number, from, reply.head);
    }
    if (reply.lowest > wanted) {
        context_.log().info("sync", "node {} keeps blocks from {} only; fetching a snapshot", from,
                            reply.lowest);
        phase_ = Phase::offer;
        request();
        return;
    }
    if (members_may_lie() && !reply.blocks.empty()) return examine_blocks(reply);
    take(reply.blocks);
}

// A block is executed if a quorum has signed for it, or for one above that names it; or, as the
// newest may have no certificate yet, if more than a third of the weight has executed it.
void Sync::examine_blocks(BlocksReply& reply) {
    struct Job {
        std::vector<SyncBlock> blocks;
        Height from;
        Examined found;
    };
    auto job = std::make_shared<Job>(Job{std::move(reply.blocks), pipeline_.next_height(), {}});
    // An answer to an earlier, repeated request overlaps.
    std::erase_if(job->blocks,
                  [&](const SyncBlock& block) { return block.header.number < job->from; });
    context_.ports.lanes.run(
        env::Lane::bulk,
        [job, upto = attested_upto(), members = context_.members, genesis = context_.genesis_hash] {
            job->found = examine(job->blocks, job->from, upto, members, genesis);
        },
        [this, job, source = source_] {
            if (!expects(source, Phase::blocks) || job->from != pipeline_.next_height()) return;
            if (!job->found.flaw.empty()) return fall_back(job->found.flaw);
            const auto rest = std::span(job->found.hashes).subspan(job->found.certified);
            const Height first = job->from + job->found.certified;
            hearsay_.note(source, first, rest);
            size_t good = job->found.certified + hearsay_.believed(first, rest, context_.members);
            // A follower leaves the newest: it comes with its certificate when it asks again.
            if (job->found.certified > 0 && !rest.empty() && is_trailing()) {
                good = job->found.certified;
                target_ = first.previous();
            }
            hearsay_.forget(first.previous() + (good - job->found.certified));
            if (good == 0 && in_vain_ + 1 < context_.members.members.size()) {
                ++in_vain_;
                next_source();
                return request();
            }
            take(std::span(job->blocks).first(good));
        });
}

void Sync::take(std::span<const SyncBlock> blocks) {
    in_vain_ = blocks.empty() ? in_vain_ + 1 : 0;
    if (is_target_in_doubt()) target_ = pipeline_.next_height().previous();
    for (const SyncBlock& block : blocks) {
        // An answer to an earlier, repeated request overlaps; what follows it does not.
        if (block.header.number < pipeline_.next_height()) continue;
        if (block.header.number > pipeline_.next_height() ||
            !chain::decode_extra(block.header.extra_data)) {
            fall_back("it sent blocks out of order");
            return;
        }
        pipeline_.deliver_synced(block);
        ++context_.counters.blocks_synced;
        HF_SOMETIMES("node.block_synced");
    }
    if (blocks.empty() || pipeline_.depth() >= pipeline_depth_max) {
        full_ = !blocks.empty();
        finish_if_caught_up();
        if (active()) ask_again_later();
        return;
    }
    request();
}

void Sync::on_executed() {
    if (phase_ != Phase::blocks) return;
    finish_if_caught_up();
    // The rest is fetched while the executor is still busy. Until the next timer it would stand
    // idle, and a ledger under load would grow faster than this node catches up.
    if (active() && full_ && pipeline_.depth() <= pipeline_depth_max / 2) request();
}

void Sync::finish_if_caught_up() {
    if (exploring_ || context_.head.number < target_ || pipeline_.depth() > 0) return;
    phase_ = Phase::idle;
    retry_at_.reset();
    if (notable_) context_.log().info("sync", "caught up at block {}", context_.head.number);
    hooks_.caught_up();
}

void Sync::fall_back(std::string_view why) {
    context_.log().warn("sync", "node {} is of no use for catching up: {}; trying another", source_,
                        why);
    phase_ = Phase::blocks;
    next_source();
    ask_again_later();
}

void Sync::on_tick() {
    if (!retry_at_ || context_.now() < *retry_at_) return;
    retry_at_.reset();
    if (exploring_) {  // no answer: the next one is asked when the node wonders again
        exploring_ = false;
        phase_ = Phase::idle;
    }
    if (phase_ == Phase::idle || phase_ == Phase::importing || context_.stopped()) return;
    if (phase_ == Phase::blocks) {
        finish_if_caught_up();
        if (!active()) return;
        if (pipeline_.depth() >= pipeline_depth_max) {
            ask_again_later();
            return;
        }
        next_source();
    } else if (phase_ == Phase::offer) {
        next_source();
    } else if (++retries_ > retries_max) {
        fall_back("it stopped sending its snapshot");
        return;
    }
    request();
}

std::optional<Instant> Sync::deadline() const {
    return retry_at_;
}

Status Sync::check_offer(const SnapshotOffer& offer) const {
    const chain::Header& header = offer.block->header;
    const auto extra = chain::decode_extra(header.extra_data);
    if (!extra) return std::unexpected(extra.error());
    if (header.number <= context_.head.number)
        return fail(ledger::errc::bad_snapshot, "older than what is here");
    if (extra->next_members_hash != offer.members.hash())
        return fail(ledger::errc::bad_snapshot, "members differ from the header's");
    return {};
}

void Sync::on_offer(NodeId from, SnapshotOffer& offer) {
    if (!expects(from, Phase::offer)) return;
    if (!offer.block) {  // nothing certified just now: the same peer will have it soon
        retry_at_ = context_.now() + Duration(200'000);
        return;
    }
    if (const auto status = check_offer(offer); !status) {
        fall_back(describe(status.error()));
        return;
    }
    offer_ = std::move(offer);
    phase_ = Phase::history;
    history_asked_.reset();
    retry_at_.reset();
    context_.log().info("sync", "node {} offers a snapshot of block {}", from,
                        offer_.block->header.number);
    context_.ports.lanes.run(
        env::Lane::execute, [this] { ledger_.begin_import(); }, [this] { follow_history({}); });
}

// Nothing of the state is asked for before it is known that its block was attested by the members
// to whom the changes lead from those that are trusted here.
void Sync::follow_history(std::vector<chain::MemberChange> changes) {
    struct Job {
        std::vector<chain::MemberChange> changes;
        chain::CertifiedHeader block;
        Status good, attested;
        Height at;
    };
    auto job = std::make_shared<Job>(Job{std::move(changes), *offer_.block, {}, {}, {}});
    retry_at_.reset();
    retries_ = 0;
    context_.ports.lanes.run(
        env::Lane::execute,
        [this, job] {
            job->good = ledger_.import_history(job->changes);
            job->attested = ledger_.check_attested(job->block);
            job->at = ledger_.import_history_at();
        },
        [this, job, asked = history_asked_] {
            if (!job->good) return fall_back(describe(job->good.error()));
            if (job->attested) {
                phase_ = Phase::chunks;
                cursor_.clear();
            } else if (asked && job->changes.empty()) {
                return fall_back("its snapshot: " + describe(job->attested.error()));
            } else {
                history_asked_ = job->at;
            }
            request();
        });
}

void Sync::on_history(NodeId from, HistoryReply& reply) {
    if (!expects(from, Phase::history) || !retry_at_ || reply.after != history_asked_) return;
    follow_history(std::move(reply.changes));
}

void Sync::on_chunk(NodeId from, ChunkReply& reply) {
    if (!expects(from, Phase::chunks) || reply.height != offer_.block->header.number ||
        reply.cursor != cursor_)
        return;
    retry_at_.reset();
    retries_ = 0;
    const bool last = reply.next.empty();
    struct Job {
        Bytes chunk;
        Status status;
    };
    auto job = std::make_shared<Job>(Job{std::move(reply.chunk), {}});
    if (last) phase_ = Phase::importing;
    cursor_ = std::move(reply.next);
    context_.ports.lanes.run(
        env::Lane::execute,
        [this, job, last] {
            job->status = ledger_.import_chunk(job->chunk);
            if (job->status && last)
                job->status = ledger_.finish_import(*offer_.block, offer_.members, offer_.mark);
        },
        [this, job, last] {
            if (!job->status || last)
                import_finished(job->status);
            else
                request();
        });
}

void Sync::import_finished(const Status& status) {
    if (!status) {
        fall_back(describe(status.error()));
        return;
    }
    ++context_.counters.snapshots_synced;
    HF_SOMETIMES("node.snapshot_taken");
    hooks_.jumped(offer_.block->header, offer_.members);
    context_.log().info("sync", "snapshot of block {} is in place", offer_.block->header.number);
    phase_ = Phase::blocks;
    finish_if_caught_up();
    if (active()) request();
}

}  // namespace holdfast::node
