// What moves with the head of the ledger: execution, membership, certificates, catching up; and
// what the outside asks of a node.
#include "base/check.h"
#include "base/sometimes.h"
#include "node/node.h"

namespace holdfast::node {
namespace {

constexpr uint64_t prune_every_blocks = 64;

}  // namespace

void Node::on_executed(PipelineItem& item) {
    const ledger::Executed& executed = *item.executed;
    if (item.expected_hash && *item.expected_hash != executed.block.hash) {
        stop({.code = errc::diverged,
              .detail = fmt::format(
                  "block {} from a peer executes to {} here, not to {}: one of the two is wrong; "
                  "compare `holdfast verify` on both, wipe the wrong one and run `holdfast init "
                  "--rejoin` there",
                  executed.block.header.number, to_hex0x(executed.block.hash.view()),
                  to_hex0x(item.expected_hash->view()))});
        return;
    }
    const chain::MemberSet attesting = context_.members;
    context_.counters.transactions_executed += executed.block.transactions.size();
    move_head(executed.block.header, executed.block.hash);
    // At the end of an epoch the engine waits for the word who votes next, whether that changed or
    // not.
    if (executed.members_changed || context_.genesis.is_boundary(executed.block.header.number))
        members_ahead_ = {.boundary = executed.block.header.number,
                          .members = engine_members(executed.members)};
    if (executed.members_changed) change_members(executed.members);
    peers_.on_executed(executed);
    intake_.on_executed(executed);
    context_.ports.events.on_block(item.executed);
    attestor_.on_executed(item.attestation, attesting);
    if (item.certificate) attestor_.on_certificate(*item.certificate);
    reads_.on_executed(context_.head.number);
    sync_.on_executed();
    carry_out_forgets();
    prune();
    proposer_.on_executed(item.payload->bytes);
    proposer_.poke();
}

void Node::move_head(const chain::Header& header, const Hash32& hash) {
    context_.head = header;
    context_.head_hash = hash;
    quiet_since_ = context_.now();
    context_.next_base_fee = chain::next_base_fee(header, context_.genesis.fees);
}

void Node::change_members(const chain::MemberSet& members) {
    context_.members = members;
    context_.log().info("node", "membership of epoch {} from block {}: {} members", members.epoch,
                        context_.head.number, members.members.size());
    if (!context_.is_member())
        context_.log().warn(
            "node", "this node is no member: it follows for as long as its peers let it in");
    peers_.on_members_changed();
}

void Node::on_certified() {
    if (members_ahead_ && attestor_.has_certificate(members_ahead_->boundary)) {
        consensus::MembersChanged change = std::move(*members_ahead_);
        members_ahead_.reset();
        // The engine may not have come there itself, and is told by which block the ledger did.
        if (host_.delivered() < change.boundary)
            on_caught_up();
        else
            host_.step(std::move(change));
    }
    proposer_.poke();
}

void Node::on_jumped(const chain::Header& header, const chain::MemberSet& members) {
    move_head(header, chain::header_hash(header));
    if (members != context_.members) change_members(members);
    attestor_.on_snapshot(header.number);
    peers_.on_jumped();
    pipeline_.on_jumped();
    intake_.on_jumped();
    reads_.on_executed(header.number);
}

// Where an epoch ends, the engine comes no further before a quorum of the outgoing set has
// certified the last block: that set may still need this node's voice to agree on it. Those before
// it need no certificate of their own: who has just been fetching them may lack a few.
Height Node::head_for_engine() const {
    const Height head = context_.head.number;
    const bool waits = context_.genesis.is_boundary(head) && !attestor_.has_certificate(head);
    return waits ? head.previous() : head;
}

// The engine goes on from the ledger's head, so the head must not be lost again: flushed first.
void Node::on_caught_up() {
    const Height position = head_for_engine();
    if (position.value == 0) return;
    context_.ports.lanes.run(
        env::Lane::bulk, [this] { context_.ports.store.flush(); },
        [this, position] {
            const auto mark = context_.reader().mark(position);
            const auto members = context_.reader().members(position);
            CHECK(mark && members, "node: the block just synced is not in the store");
            host_.step(consensus::Synced{
                .position = position, .mark = *mark, .members = engine_members(*members)});
        });
}

void Node::prune() {
    const uint64_t kept = context_.config.blocks_kept;
    const Height head = context_.head.number;
    if (kept == 0 || head.value <= kept || head.value % prune_every_blocks != 0) return;
    // Whoever is behind gets the state of the newest certified block, and executes what follows it:
    // perhaps it is its voice that the certificates wait for.
    const Height keep_from = std::min(head - kept, attestor_.certified());
    context_.ports.lanes.run(
        env::Lane::execute, [this, keep_from] { ledger_->prune(keep_from); }, [] {});
}

// Speaking on while nobody certifies would pile up blocks that nothing vouches for.
std::string Node::hold() const {
    if (!attestor_.dispute().empty())
        return attestor_.dispute() +
               "; compare `holdfast verify` on the members and replace the wrong";
    const uint64_t lag = context_.head.number - attestor_.certified();
    if (lag > context_.genesis.parameters.certificate_lag_max)
        return fmt::format(
            "the newest certified block is {} behind the head; start the members that are down",
            lag);
    return {};
}

// ------------------------------------------------------------------------------------- outside

void Node::read(Reads::Done done) {
    if (context_.genesis.has_stakes() && !context_.is_member())
        return done(fail(errc::no_leader, "this node has no seat: ask a member"));
    if (const auto id = reads_.begin(std::move(done))) host_.step(consensus::Read{*id});
}

Status Node::transfer_leadership(NodeId to) {
    if (context_.stopped()) return fail(errc::stopped, context_.trouble);
    host_.step(
        consensus::Admin{.action = consensus::AdminAction::transfer_leadership, .target = to});
    return {};
}

void Node::stop(const Error& reason) {
    if (context_.stopped()) return;
    context_.trouble = describe(reason);
    context_.log().error("node", "stopped: {}", context_.trouble);
    host_.stop();
    reads_.fail_all({.code = errc::stopped, .detail = context_.trouble});
    context_.ports.events.on_stopped(reason);
}

// Blocks come at least every empty interval. A node that sees none may have nobody who leads, or be
// heard by nobody, or, as a member to be, know the members of genesis only, who may all be gone:
// whoever it asks may have blocks. Nobody brings them to who is no member: it asks more often while
// there are any, for when it gets a seat it should be near.
Duration Node::patience() const {
    constexpr Duration follower = 1s;
    constexpr Duration follower_at_work = 250ms;
    constexpr Duration least = 2s;
    constexpr int64_t intervals = 4;
    if (!context_.is_member()) return sync_.found_blocks() ? follower_at_work : follower;
    if (host_.leader() == NodeId{}) return least;
    const std::chrono::milliseconds interval(context_.genesis.parameters.empty_interval_ms);
    return std::max<Duration>(least, intervals * interval);
}

void Node::ask_when_quiet() {
    if (sync_.active()) quiet_since_ = context_.now();
    if (context_.now() < quiet_since_ + patience()) return;
    quiet_since_ = context_.now();
    sync_.explore();
}

void Node::on_tick() {
    if (context_.stopped()) return;
    host_.on_tick();
    proposer_.poke();
    intake_.on_tick();
    attestor_.on_tick();
    ask_when_quiet();
    peers_.on_tick();
    sync_.on_tick();
    sync_server_.on_tick();
    reads_.on_tick();
    reporter_.on_tick();
}

std::optional<Instant> Node::deadline() const {
    if (context_.stopped()) return std::nullopt;
    std::optional<Instant> earliest;
    const auto consider = [&earliest](const std::optional<Instant>& at) {
        if (at && (!earliest || *at < *earliest)) earliest = at;
    };
    consider(host_.deadline());
    consider(proposer_.deadline());
    consider(intake_.deadline());
    consider(attestor_.deadline());
    consider(sync_.deadline());
    consider(sync_server_.deadline());
    consider(reads_.deadline());
    consider(reporter_.deadline());
    if (!context_.is_member()) consider(quiet_since_ + patience());
    return earliest;
}

NodeStatus Node::status() const {
    NodeStatus status;
    status.self = context_.config.self;
    status.engine = chain::to_string(context_.genesis.engine);
    status.trouble = context_.trouble.empty() ? proposer_.holding() : context_.trouble;
    if (context_.stopped())
        status.state = NodeState::stopped;
    else if (sync_.active() &&
             (context_.is_member() || sync_.target() > context_.head.number + Sync::trail_max))
        status.state = NodeState::syncing;
    status.agreement = host_.status();
    status.head = context_.head.number;
    status.head_hash = context_.head_hash;
    status.head_time_ms =
        chain::decode_extra(context_.head.extra_data).value_or(chain::Extra{}).time_ms;
    status.certified = attestor_.certified();
    status.sync_target = sync_.active() ? sync_.target() : context_.head.number;
    status.pending_transactions = intake_.pool().size();
    status.ready_transactions = intake_.pool().ready();
    status.pending_bytes = intake_.pool().size_bytes();
    status.journal_bytes = host_.journal_bytes();
    status.members = context_.members;
    status.is_member = context_.is_member();
    status.counters = context_.counters;
    status.counters.journal_syncs = host_.journal_syncs();
    status.counters.journal_records = host_.journal_records();
    status.queues = {{"journal", host_.persists_waiting()},
                     {"pipeline", pipeline_.depth()},
                     {"recovering", intake_.recovering()},
                     {"uncertified", attestor_.pending()},
                     {"reads", reads_.waiting()}};
    return status;
}

}  // namespace holdfast::node
