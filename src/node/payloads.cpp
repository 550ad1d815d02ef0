// Decoding payloads once. A payload that does not decode is still a position in the order: it is
// executed as empty, on every node alike.
#include "node/payloads.h"

#include "crypto/hash.h"

namespace holdfast::node {
namespace {

// Far above what engines keep in flight; a bound against a leak, not a working size.
constexpr size_t known_max = 512;
/// Senders recovered by one job on the workers: small enough that all workers share one block.
constexpr size_t recover_job_transactions = 64;

}  // namespace

std::shared_ptr<KnownPayload> Payloads::know(const Buffer& bytes, const Find& find) {
    const auto found = known_.find(bytes.get());
    if (found != known_.end()) return found->second;

    auto payload = std::make_shared<KnownPayload>();
    payload->bytes = bytes;
    const auto raw = chain::decode_payload(*bytes);
    payload->well_formed = raw.has_value();
    if (raw) {
        payload->time_ms = raw->time_ms;
        payload->fee_recipient = raw->fee_recipient;
        payload->hashes.reserve(raw->transactions.size());
        payload->transactions.reserve(raw->transactions.size());
        for (const ByteView transaction : raw->transactions) {
            payload->hashes.push_back(crypto::keccak256(transaction));
            payload->transactions.push_back(find(payload->hashes.back()));
            // Kept only where it is still needed: most are known from gossip.
            payload->raw.push_back(payload->transactions.back() ? Bytes{} : to_bytes(transaction));
        }
    }
    add(payload);
    return payload;
}

void Payloads::recover(Context& context, const std::shared_ptr<KnownPayload>& payload,
                       const Find& find, std::function<void()> done) {
    if (payload->jobs > 0) {
        payload->waiting.push_back(std::move(done));
        return;
    }
    std::vector<size_t> unknown;
    for (size_t i = 0; i < payload->transactions.size(); ++i) {
        // A transaction may have become known since the payload was first seen.
        if (!payload->transactions[i]) payload->transactions[i] = find(payload->hashes[i]);
        if (!payload->transactions[i]) unknown.push_back(i);
    }
    if (unknown.empty() || payload->tried) return done();
    payload->waiting.push_back(std::move(done));
    payload->jobs = (unknown.size() + recover_job_transactions - 1) / recover_job_transactions;
    for (size_t from = 0; from < unknown.size(); from += recover_job_transactions) {
        const size_t count = std::min(recover_job_transactions, unknown.size() - from);
        std::vector<size_t> part(unknown.begin() + static_cast<ptrdiff_t>(from),
                                 unknown.begin() + static_cast<ptrdiff_t>(from + count));
        context.ports.lanes.run(
            env::Lane::verify,
            [payload, part, rules = context.genesis.tx_rules()] {
                for (const size_t i : part) {
                    auto one = chain::recover_transaction(payload->raw_of(i), rules);
                    if (!one) continue;  // every node leaves it out
                    payload->transactions[i] =
                        std::make_shared<const chain::RecoveredTransaction>(std::move(*one));
                }
            },
            [&context, payload, count] {
                context.counters.signatures_recovered += count;
                if (--payload->jobs > 0) return;
                payload->tried = true;
                for (const auto& next : std::exchange(payload->waiting, {})) next();
            });
    }
}

void Payloads::add(const std::shared_ptr<KnownPayload>& payload) {
    if (known_.size() >= known_max) known_.clear();
    known_.emplace(payload->bytes.get(), payload);
}

}  // namespace holdfast::node
