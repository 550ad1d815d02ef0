// What the staking contract tells: candidates, holdings, turns, totals.
#include <algorithm>

#include "ledger/staking_contract.h"

namespace holdfast::ledger {
namespace {

constexpr std::string_view malformed_view = "malformed arguments";
constexpr uint64_t candidate_head_words = 7;

}  // namespace

Bytes Staking::candidate_tuple(NodeId id) {
    const Pool pool = store_.pool(id);
    const Standing standing = store_.standing(id);
    return abi::Encoder()
        .word(candidate_head_words * abi::word_bytes)
        .word(pool.stake)
        .word(pool.shares)
        .word(standing.place == 0 ? 0 : 1)
        .word(standing.jailed ? 1 : 0)
        .word(standing.jailed_until)
        .word(standing.tombstoned ? 1 : 0)
        .raw(member_tuple(store_.member(id)))
        .take();
}

Reason Staking::on_candidate(abi::Decoder& in) {
    const NodeId id(in.number64());
    if (!in.done()) return malformed_view;
    if (!store_.exists(id)) return "no such candidate";
    output = abi::Encoder().word(abi::word_bytes).raw(candidate_tuple(id)).take();
    return std::nullopt;
}

Reason Staking::on_candidates(abi::Decoder& in) {
    if (!in.done()) return malformed_view;
    std::vector<std::pair<U256, NodeId>> order;
    for (const NodeId id : store_.listed()) order.emplace_back(store_.pool(id).stake, id);
    std::ranges::sort(order, [](const auto& a, const auto& b) {
        return a.first != b.first ? a.first > b.first : a.second < b.second;
    });
    std::vector<Bytes> tuples;
    tuples.reserve(order.size());
    for (const auto& [stake, id] : order) tuples.push_back(candidate_tuple(id));
    output = abi::Encoder().word(epoch_).word(2 * abi::word_bytes).array(tuples).take();
    return std::nullopt;
}

Reason Staking::on_holding(abi::Decoder& in) {
    const NodeId id(in.number64());
    const Address account = in.address();
    if (!in.done()) return malformed_view;
    const U256 shares = store_.holding(id, account);
    output = abi::Encoder().word(shares).word(worth_of(store_.pool(id), shares)).take();
    return std::nullopt;
}

Reason Staking::on_withdrawals(abi::Decoder& in) {
    const NodeId id(in.number64());
    const Address account = in.address();
    if (!in.done()) return malformed_view;
    const auto open = store_.withdrawals(id, account);
    abi::Encoder out;
    out.word(abi::word_bytes).word(open.size());
    for (const Withdrawal& withdrawal : open) {
        out.word(withdrawal.epoch)
            .word(worth_of(store_.leaving(id, withdrawal.epoch), withdrawal.shares))
            .word(withdrawal.epoch + rules_.bft.unbonding_epochs);
    }
    output = out.take();
    return std::nullopt;
}

Reason Staking::on_duty(abi::Decoder& in) {
    const NodeId id(in.number64());
    if (!in.done()) return malformed_view;
    const Duty duty = store_.duty(id, epoch_);
    output = abi::Encoder().word(duty.epoch).word(duty.proposed).word(duty.missed).take();
    return std::nullopt;
}

Reason Staking::on_totals(abi::Decoder& in) {
    if (!in.done()) return malformed_view;
    output = abi::Encoder().word(store_.issued()).word(store_.slashed()).take();
    return std::nullopt;
}

}  // namespace holdfast::ledger
