// Payloads, header extra data, and the base fee.
#include "chain/block.h"

#include "base/codec.h"
#include "chain/errors.h"
#include "chain/rlp.h"
#include "crypto/hash.h"

namespace holdfast::chain {

Bytes encode_payload(const Payload& payload) {
    size_t size = payload_overhead_bytes;
    for (const auto& transaction : payload.transactions)
        size += payload_transaction_overhead_bytes + transaction->raw.size();
    Writer out(size);
    out.u64(payload.time_ms);
    out.fixed(payload.fee_recipient);
    out.count(payload.transactions.size());
    for (const auto& transaction : payload.transactions) out.bytes(transaction->raw);
    return out.take();
}

Result<RawPayload> decode_payload(ByteView bytes) {
    if (bytes.size() > payload_bytes_max)
        return fail(errc::payload_too_large, std::to_string(bytes.size()) + " bytes, at most " +
                                                 std::to_string(payload_bytes_max));
    Reader in(bytes);
    RawPayload payload;
    payload.time_ms = in.u64();
    payload.fee_recipient = in.fixed<Address>();
    const size_t count = in.count(payload_transactions_max);
    // A count is cheap to claim; room is made only for what the bytes could hold.
    payload.transactions.reserve(std::min(count, in.left() / payload_transaction_overhead_bytes));
    for (size_t i = 0; i < count && !in.failed(); ++i)
        payload.transactions.push_back(in.bytes(transaction_bytes_max));
    if (auto status = in.finish(); !status)
        return fail(errc::payload_malformed, describe(status.error()));
    return payload;
}

Bytes encode_extra(const Extra& extra) {
    Writer out(96);
    out.ordinal(extra.origin.proposer);
    out.u64(extra.origin.epoch);
    out.u64(extra.origin.view);
    out.u64(extra.time_ms);
    out.fixed(extra.payload_hash);
    out.fixed(extra.next_members_hash);
    return out.take();
}

Result<Extra> decode_extra(ByteView bytes) {
    Reader in(bytes);
    Extra extra;
    extra.origin.proposer = in.ordinal<NodeId>();
    extra.origin.epoch = in.u64();
    extra.origin.view = in.u64();
    extra.time_ms = in.u64();
    extra.payload_hash = in.fixed<Hash32>();
    extra.next_members_hash = in.fixed<Hash32>();
    if (auto status = in.finish(); !status) return std::unexpected(std::move(status).error());
    return extra;
}

Hash32 empty_trie_root() {
    // The empty trie is the empty string. [YP §App. D]
    static const Hash32 hash = [] {
        rlp::Encoder out;
        out.string({});
        return crypto::keccak256(out.take());
    }();
    return hash;
}

Hash32 empty_list_hash() {
    static const Hash32 hash = [] {
        rlp::Encoder out;
        out.begin_list();
        out.end_list();
        return crypto::keccak256(out.take());
    }();
    return hash;
}

Hash32 empty_requests_hash() {
    // SHA-256 over no request hashes. [EIP-7685]
    static const Hash32 hash = crypto::sha256({});
    return hash;
}

U256 next_base_fee(const Header& parent, const FeeRules& rules) {
    if (rules.base_fee_fixed) return rules.base_fee_initial;
    const U256& base = parent.base_fee_per_gas;
    const uint64_t target = rules.elasticity == 0 ? 0 : parent.gas_limit / rules.elasticity;
    if (target == 0 || parent.gas_used == target) return std::max(base, rules.base_fee_min);

    const bool rises = parent.gas_used > target;
    const uint64_t distance = rises ? parent.gas_used - target : target - parent.gas_used;
    const U256 change = base * distance / target / rules.change_denominator;
    // Rounding must not hold a rising fee in place; a falling one may stop. [EIP-1559]
    if (rises) return std::max(base + std::max(change, U256(1)), rules.base_fee_min);
    return std::max(checked_sub(base, change).value_or(U256{}), rules.base_fee_min);
}

}  // namespace holdfast::chain
