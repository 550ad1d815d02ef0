// Building payloads out of the pool.
#include "node/proposer.h"

#include "base/check.h"

namespace holdfast::node {
namespace {

/// So many new transactions are worth a payload, however many are on their way.
constexpr size_t worth_a_payload = 1024;

}  // namespace

Proposer::Proposer(Context& context, mempool::Mempool& pool, Payloads& payloads, Hooks hooks)
    : context_(context),
      pool_(pool),
      payloads_(payloads),
      hooks_(std::move(hooks)),
      quiet_since_(context.now()) {}

void Proposer::on_need_payload(const consensus::NeedPayload& ask) {
    CHECK(!ask_ || ask_->ask < ask.ask, "engine: an ask was repeated");
    ask_ = ask;
    asked_at_ = context_.now();
    poke();
}

void Proposer::on_cancel(consensus::AskId ask) {
    if (ask_ && ask_->ask == ask) ask_.reset();
}

void Proposer::on_executed(const Buffer& payload) {
    quiet_since_ = context_.now();
    if (ask_) std::erase(ask_->ancestors, payload);
}

std::vector<std::shared_ptr<KnownPayload>> Proposer::on_their_way() {
    // Some ancestors may have been delivered since the engine named them.
    std::vector<Buffer> all = hooks_.unexecuted();
    for (const Buffer& bytes : ask_->ancestors)
        if (std::ranges::find(all, bytes) == all.end()) all.push_back(bytes);
    std::vector<std::shared_ptr<KnownPayload>> payloads;
    for (const Buffer& bytes : all)
        payloads.push_back(
            payloads_.know(bytes, [this](const Hash32& hash) { return pool_.find(hash); }));
    return payloads;
}

// A payload costs a sync, some messages and some signatures on every node, however small it is. So
// one that follows others closely brings as much as they do together, or waits for them.
bool Proposer::is_worth_it(size_t under_way) const {
    return pool_.ready() >= under_way + std::min(under_way, worth_a_payload);
}

void Proposer::poke() {
    if (!ask_ || context_.stopped() || hooks_.busy()) return;
    std::string why = hooks_.hold();
    if (why != holding_) {
        if (!why.empty())
            context_.log().warn("node", "proposing is on hold: {}", why);
        else
            context_.log().info("node", "proposing goes on");
        holding_ = std::move(why);
    }
    if (!holding_.empty()) return;
    const auto payloads = on_their_way();
    size_t under_way = 0;
    for (const auto& payload : payloads) under_way += payload->hashes.size();
    const bool is_due = context_.now() >= *deadline();
    if (!is_due && !is_worth_it(under_way)) return;
    std::unordered_set<Hash32> excluded;
    excluded.reserve(under_way);
    for (const auto& payload : payloads)
        excluded.insert(payload->hashes.begin(), payload->hashes.end());
    if (is_due || pool_.has_ready(excluded)) answer(excluded);
}

std::optional<Instant> Proposer::deadline() const {
    if (!ask_ || !holding_.empty()) return std::nullopt;
    return std::max(*asked_at_, quiet_since_) +
           std::chrono::milliseconds(context_.genesis.parameters.empty_interval_ms);
}

void Proposer::answer(const std::unordered_set<Hash32>& excluded) {
    const size_t bytes_max = std::min<size_t>(
        {ask_->bytes_max, context_.genesis.parameters.payload_bytes_max, chain::payload_bytes_max});
    CHECK(bytes_max > chain::payload_overhead_bytes, "engine: asked for a payload without room");
    auto selection = pool_.select(excluded, bytes_max - chain::payload_overhead_bytes,
                                  context_.genesis.gas_limit, context_.next_base_fee);
    chain::Payload payload{.time_ms = context_.ports.clock.wall_millis(),
                           .fee_recipient = context_.config.fee_recipient,
                           .transactions = std::move(selection.transactions)};
    auto known = std::make_shared<KnownPayload>();
    known->bytes = make_buffer(chain::encode_payload(payload));
    known->time_ms = payload.time_ms;
    known->fee_recipient = payload.fee_recipient;
    for (const TransactionPtr& transaction : payload.transactions)
        known->hashes.push_back(transaction->hash);
    known->transactions = std::move(payload.transactions);
    payloads_.add(known);

    const consensus::AskId ask = ask_->ask;
    ask_.reset();
    quiet_since_ = context_.now();
    ++context_.counters.payloads_proposed;
    hooks_.proposed(known->hashes);
    hooks_.answer(consensus::PayloadReady{.ask = ask, .payload = known->bytes});
}

}  // namespace holdfast::node
