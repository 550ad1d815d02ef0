// Building payloads out of the pool.
#include "node/proposer.h"

#include "base/check.h"

namespace holdfast::node {

Proposer::Proposer(Context& context, mempool::Mempool& pool, Payloads& payloads, Hooks hooks)
    : context_(context),
      pool_(pool),
      payloads_(payloads),
      hooks_(std::move(hooks)),
      last_answer_(context.now()) {}

void Proposer::on_need_payload(const consensus::NeedPayload& ask) {
    CHECK(!ask_ || ask_->ask < ask.ask, "engine: an ask was repeated");
    ask_ = ask;
    asked_at_ = context_.now();
    poke();
}

void Proposer::on_cancel(consensus::AskId ask) {
    if (ask_ && ask_->ask == ask) ask_.reset();
}

std::unordered_set<Hash32> Proposer::on_their_way() {
    std::unordered_set<Hash32> excluded;
    const auto find = [this](const Hash32& hash) { return pool_.find(hash); };
    const auto exclude = [&](const Buffer& bytes) {
        const auto payload = payloads_.know(bytes, find);
        excluded.insert(payload->hashes.begin(), payload->hashes.end());
    };
    for (const Buffer& bytes : hooks_.unexecuted()) exclude(bytes);
    for (const Buffer& bytes : ask_->ancestors) exclude(bytes);
    return excluded;
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
    const auto excluded = on_their_way();
    if (pool_.has_ready(excluded) || context_.now() >= *deadline()) answer(excluded);
}

bool Proposer::active() const {
    constexpr Duration fresh = 1s;
    return ask_ || (asked_at_ && context_.now() < *asked_at_ + fresh);
}

std::optional<Instant> Proposer::deadline() const {
    if (!ask_ || !holding_.empty()) return std::nullopt;
    return last_answer_ + std::chrono::milliseconds(context_.genesis.parameters.empty_interval_ms);
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
    last_answer_ = context_.now();
    ++context_.counters.payloads_proposed;
    hooks_.proposed(known->hashes);
    hooks_.answer(consensus::PayloadReady{.ask = ask, .payload = known->bytes});
}

}  // namespace holdfast::node
