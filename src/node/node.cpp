// The wiring of a node's parts, and the effects of its engine.
#include "node/node.h"

#include "base/check.h"

namespace holdfast::node {
namespace {

/// Blocks delivered but not executed; beyond it the node proposes nothing more.
constexpr size_t pipeline_busy_depth = 16;

Context make_context(Config config, const Ports& ports, const chain::Genesis& genesis,
                     const ledger::Ledger& ledger) {
    const crypto::NodeKey key(config.voting_seed);
    return Context{.config = std::move(config),
                   .ports = ports,
                   .genesis = genesis,
                   .genesis_hash = chain::genesis_hash(genesis),
                   .voting_key = key,
                   .members = ledger.members(),
                   .head = ledger.head_block().header,
                   .head_hash = ledger.head_block().hash,
                   .next_base_fee = chain::next_base_fee(ledger.head_block().header, genesis.fees),
                   .counters = {},
                   .trouble = {}};
}

}  // namespace

consensus::Members engine_members(const chain::MemberSet& set) {
    consensus::Members members{.epoch = set.epoch, .voters = {}};
    for (const chain::Member& member : set.members)
        members.voters.push_back(
            {.id = member.id, .weight = member.weight, .voting_key = member.voting_key});
    return members;
}

Result<std::unique_ptr<Node>> Node::open(Config config, const Ports& ports,
                                         const chain::Genesis& genesis) {
    auto ledger = ledger::Ledger::open(ports.store, genesis);
    if (!ledger) return std::unexpected(ledger.error());
    auto recovered = ports.journal.open(
        {.genesis = chain::genesis_hash(genesis), .node = config.self}, config.fresh_incarnation);
    if (!recovered) return std::unexpected(recovered.error());
    if (!recovered->note.empty()) ports.logger.warn("journal", "{}", recovered->note);

    std::unique_ptr<Node> node(new Node(std::move(config), ports, genesis, std::move(*ledger)));
    node->start(*recovered);
    return node;
}

Node::Node(Config config, const Ports& ports, const chain::Genesis& genesis,
           std::unique_ptr<ledger::Ledger> ledger)
    : context_(make_context(std::move(config), ports, genesis, *ledger)),
      ledger_(std::move(ledger)),
      host_(context_.ports.journal, context_.ports.lanes, context_.ports.clock, *this),
      intake_(context_, [this] { proposer_.poke(); }),
      proposer_(
          context_, intake_.pool(), payloads_,
          {.answer = [this](consensus::PayloadReady ready) { host_.step(std::move(ready)); },
           .proposed = [this](const std::vector<Hash32>& hashes) { intake_.on_proposed(hashes); },
           .unexecuted = [this] { return pipeline_.unexecuted(); },
           .busy = [this] { return pipeline_.depth() >= pipeline_busy_depth; },
           .hold = [this] { return hold(); }}),
      pipeline_(
          context_, *ledger_, payloads_,
          [this](const Hash32& hash) { return intake_.pool().find(hash); },
          [this](PipelineItem& item) { on_executed(item); }),
      attestor_(context_, {.certified = [this](Height) { on_certified(); },
                           .diverged =
                               [this](std::string why) {
                                   stop({.code = errc::diverged, .detail = std::move(why)});
                               }}),
      sync_(context_, *ledger_, pipeline_,
            {.caught_up = [this] { on_caught_up(); },
             .jumped = [this](const chain::Header& header,
                              const chain::MemberSet& members) { on_jumped(header, members); }}),
      sync_server_(context_),
      reads_(context_),
      reporter_(context_, [this](const TransactionPtr& report) { return submit(report); }),
      peers_(context_, [this] { return host_.counted(); }) {}

void Node::start(const journal::Recovered& recovered) {
    const ledger::Reader reader = context_.reader();
    const Height applied = head_for_engine();
    const consensus::Base base{
        .applied = applied,
        .mark = reader.mark(applied).value_or(Bytes{}),
        .members = engine_members(reader.members(applied).value_or(context_.members))};
    if (applied < context_.head.number)
        members_ahead_ = {.boundary = context_.head.number,
                          .members = engine_members(context_.members)};
    consensus::Effects effects;
    auto engine = context_.config.engine({.base = base,
                                          .records = recovered.records,
                                          .health = recovered.health,
                                          .incarnation = recovered.incarnation,
                                          .now = context_.now(),
                                          .effects = effects});
    context_.log().info("node", "node {} starts at block {} with {} journal records",
                        context_.config.self, base.applied, recovered.records.size());
    quiet_since_ = context_.now();
    host_.start(std::move(engine), std::move(effects), base.applied);
    attestor_.start();
    peers_.start();
}

// ------------------------------------------------------------------------------------- messages

void Node::on_message(NodeId from, const Buffer& bytes) {
    ++context_.counters.messages_received;
    auto message = decode_message(*bytes);
    if (!message) {
        ++context_.counters.messages_refused;
        context_.log().debug("node", "refused a message of node {}: {}", from,
                             describe(message.error()));
        return;
    }
    if (!is_heard(from, *message)) {
        ++context_.counters.messages_refused;
        return;
    }
    dispatch(from, *message);
}

// Members come first: what followers ask for and bring gets half of the room at most.
bool Node::is_heard(NodeId from, const Message& message) const {
    if (!context_.is_follower(from)) return true;
    if (!Peers::follower_may_say(message)) return false;
    if (std::holds_alternative<BlocksReply>(message)) return true;
    if (std::holds_alternative<Transactions>(message)) return !intake_.is_half_full();
    return !sync_server_.is_half_busy();
}

void Node::dispatch(NodeId from, Message& message) {
    struct Visitor {
        Node& node;
        NodeId from;
        void operator()(EngineMessage& it) const {
            node.host_.step(
                consensus::Received{.from = from, .bytes = make_buffer(to_bytes(it.bytes))});
        }
        void operator()(Transactions& it) const { node.intake_.on_gossip(it); }
        void operator()(Attestations& it) const { node.attestor_.on_attestations(from, it); }
        void operator()(AttestationAgain& it) const {
            node.attestor_.on_attestation_again(from, it.attestation);
        }
        void operator()(chain::Certificate& it) const { node.attestor_.on_certificate(it); }
        void operator()(CertificatesRequest& it) const {
            node.attestor_.on_certificates_request(from, it);
        }
        void operator()(Certificates& it) const { node.attestor_.on_certificates(from, it); }
        void operator()(BlocksRequest& it) const { node.sync_server_.on_blocks_request(from, it); }
        void operator()(BlocksReply& it) const { node.sync_.on_blocks(from, it); }
        void operator()(SnapshotRequest& /*it*/) const {
            node.sync_server_.on_snapshot_request(from);
        }
        void operator()(SnapshotOffer& it) const { node.sync_.on_offer(from, it); }
        void operator()(ChunkRequest& it) const { node.sync_server_.on_chunk_request(from, it); }
        void operator()(ChunkReply& it) const { node.sync_.on_chunk(from, it); }
        void operator()(HistoryRequest& it) const {
            node.sync_server_.on_history_request(from, it);
        }
        void operator()(HistoryReply& it) const { node.sync_.on_history(from, it); }
    };
    std::visit(Visitor{*this, from}, message);
}

// ------------------------------------------------------------------------------------- effects

void Node::on_send(const consensus::Send& effect) {
    context_.send(effect.to, env::Priority::consensus, EngineMessage{*effect.bytes});
}

void Node::on_need_payload(const consensus::NeedPayload& effect) {
    proposer_.on_need_payload(effect);
}

void Node::on_cancel(const consensus::Cancel& effect) {
    proposer_.on_cancel(effect.ask);
}

// Never: does it execute. A transaction that nobody signed is the proposer's fault alone, for it
// was there when the payload was made; one that fits no more may not be.
void Node::on_check(const consensus::Check& effect) {
    const auto answer = [this, ask = effect.ask](consensus::Verdict verdict) {
        host_.step(consensus::Checked{.ask = ask, .verdict = verdict});
    };
    const auto find = [this](const Hash32& hash) { return intake_.pool().find(hash); };
    const auto payload = payloads_.know(effect.payload, find);
    const WallMillis latest =
        context_.ports.clock.wall_millis() + context_.genesis.parameters.clock_ahead_max_ms;
    if (!payload->well_formed) return answer(consensus::Verdict::bad);
    if (payload->time_ms > latest) return answer(consensus::Verdict::later);
    Payloads::recover(context_, payload, find, [payload, answer] {
        const bool all_signed = std::ranges::all_of(
            payload->transactions, [](const TransactionPtr& one) { return one != nullptr; });
        answer(all_signed ? consensus::Verdict::ok : consensus::Verdict::bad);
    });
}

void Node::on_verify(const consensus::Verify& effect) {
    struct Job {
        std::vector<consensus::VerifyItem> items;
        std::vector<bool> valid;
    };
    auto job = std::make_shared<Job>(Job{effect.items, {}});
    context_.ports.lanes.run(
        env::Lane::verify,
        [job] {
            for (const auto& item : job->items)
                job->valid.push_back(crypto::verify(item.key, item.message, item.signature));
        },
        [this, job, ask = effect.ask] {
            context_.counters.signatures_verified += job->items.size();
            host_.step(consensus::Verified{.ask = ask, .valid = job->valid});
        });
}

void Node::on_deliver(const consensus::Deliver& effect) {
    pipeline_.deliver(effect);
}

void Node::on_catch_up(const consensus::CatchUp& effect) {
    sync_.on_catch_up(effect);
}

void Node::on_read_at(const consensus::ReadAt& effect) {
    reads_.on_read_at(effect);
}

void Node::on_read_refused(const consensus::ReadRefused& effect) {
    reads_.on_refused(effect);
}

void Node::on_accuse(const consensus::Accuse& effect) {
    reporter_.on_accuse(effect.evidence);
}

// Journal records may go only when the store itself holds, on stable storage, all that they led to.
void Node::on_forget(const consensus::Forget& effect) {
    forgets_.push_back({.upto = effect.upto, .after = pipeline_.next_height().previous()});
    carry_out_forgets();
}

void Node::carry_out_forgets() {
    std::optional<consensus::Token> upto;
    while (!forgets_.empty() && forgets_.front().after <= context_.head.number) {
        upto = forgets_.front().upto;
        forgets_.pop_front();
    }
    if (!upto) return;
    context_.ports.lanes.run(
        env::Lane::bulk, [this] { context_.ports.store.flush(); },
        [this, token = *upto] { host_.forget(token); });
}

}  // namespace holdfast::node
