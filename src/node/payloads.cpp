// Decoding payloads once. A payload that does not decode is still a position in the order: it is
// executed as empty, on every node alike.
#include "node/payloads.h"

#include "crypto/hash.h"

namespace holdfast::node {
namespace {

// Far above what engines keep in flight; a bound against a leak, not a working size.
constexpr size_t known_max = 4096;

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

void Payloads::add(const std::shared_ptr<KnownPayload>& payload) {
    if (known_.size() >= known_max) known_.clear();
    known_.emplace(payload->bytes.get(), payload);
}

}  // namespace holdfast::node
