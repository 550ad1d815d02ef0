// Ways into and out of a candidate's stake.
#include "ledger/staking.h"

#include <algorithm>

#include "ledger/staking_contract.h"

namespace holdfast::ledger {
namespace {

constexpr std::string_view malformed = "malformed arguments";
constexpr std::string_view bond_signature = "bond(uint64,bytes32,bytes32,string)";
constexpr std::string_view bond_more_signature = "bondMore(uint64)";
constexpr std::string_view unbond_signature = "unbond(uint64,uint256)";
constexpr std::string_view withdraw_signature = "withdraw(uint64)";
constexpr std::string_view unjail_signature = "unjail(uint64)";
constexpr std::string_view delegate_signature = "delegate(uint64)";
constexpr std::string_view undelegate_signature = "undelegate(uint64,uint256)";
constexpr std::string_view redelegate_signature = "redelegate(uint64,uint64,uint256)";
constexpr std::string_view candidate_signature = "candidate(uint64)";
constexpr std::string_view candidates_signature = "candidates()";
constexpr std::string_view holding_signature = "holding(uint64,address)";
constexpr std::string_view withdrawals_signature = "withdrawals(uint64,address)";
constexpr std::string_view duty_signature = "duty(uint64)";
constexpr std::string_view totals_signature = "totals()";

constexpr std::string_view candidacy_event = "Candidacy(uint64,address,uint256)";
constexpr std::string_view staked_event = "Staked(uint64,address,uint256)";
constexpr std::string_view unstaked_event = "Unstaked(uint64,address,uint256,uint64)";
constexpr std::string_view moved_event = "Moved(uint64,address,uint64,uint256)";
constexpr std::string_view withdrawn_event = "Withdrawn(uint64,address,uint256)";
constexpr std::string_view unjailed_event = "Unjailed(uint64,address)";

constexpr uint64_t bond_head_words = 4;
const U256 everything(UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX);

Bytes call_of(std::string_view signature, std::initializer_list<U256> words) {
    abi::Encoder out;
    out.raw(abi::selector(signature));
    for (const U256& word : words) out.word(word);
    return out.take();
}

}  // namespace

std::span<const Method<Staking>> Staking::methods() {
    static constexpr Method<Staking> all[] = {
        {bond_signature, true, &Staking::on_bond},
        {bond_more_signature, true, &Staking::on_bond_more},
        {unbond_signature, false, &Staking::on_unbond},
        {withdraw_signature, false, &Staking::on_withdraw},
        {unjail_signature, false, &Staking::on_unjail},
        {delegate_signature, true, &Staking::on_delegate},
        {undelegate_signature, false, &Staking::on_undelegate},
        {redelegate_signature, false, &Staking::on_redelegate},
        {candidate_signature, false, &Staking::on_candidate},
        {candidates_signature, false, &Staking::on_candidates},
        {holding_signature, false, &Staking::on_holding},
        {withdrawals_signature, false, &Staking::on_withdrawals},
        {duty_signature, false, &Staking::on_duty},
        {totals_signature, false, &Staking::on_totals},
    };
    return all;
}

/// The caller's amount stands behind the candidate from now on.
Reason Staking::put_in(NodeId id, const U256& amount) {
    if (!store_.exists(id)) return "no such candidate";
    if (store_.standing(id).tombstoned) return "the candidate never returns";
    Pool pool = store_.pool(id);
    const auto shares = join(pool, amount);
    if (!shares) return "the amount is too small or too large";
    store_.set_pool(id, pool);
    store_.set_holding(id, caller_, store_.holding(id, caller_) + *shares);
    take_place(id);
    return std::nullopt;
}

/// The caller's amount stands behind the candidate no longer; `taken` is what it came to.
Reason Staking::take_out(NodeId id, const U256& amount, U256& taken) {
    if (!store_.exists(id)) return "no such candidate";
    Pool pool = store_.pool(id);
    const U256 held = store_.holding(id, caller_);
    const auto shares = amount == everything ? held : shares_worth(pool, amount);
    if (held.is_zero() || !shares || shares->is_zero() || *shares > held)
        return "the caller has not so much there";
    const auto left = leave(pool, *shares);
    if (!left) return "the caller has not so much there";
    taken = *left;
    store_.set_pool(id, pool);
    store_.set_holding(id, caller_, held - *shares);
    return std::nullopt;
}

/// What was taken out waits, and can still be slashed.
Reason Staking::set_aside(NodeId id, const U256& amount) {
    if (amount.is_zero()) return std::nullopt;  // everything was slashed
    Pool leaving = store_.leaving(id, epoch_);
    const auto shares = join(leaving, amount);
    if (!shares) return "the amount is too small or too large";
    store_.set_leaving(id, epoch_, leaving);
    auto open = store_.withdrawals(id, caller_);
    if (open.empty() || open.back().epoch != epoch_) {
        if (open.size() >= withdrawals_max) return "too many withdrawals are open";
        open.push_back({.epoch = epoch_, .shares = {}});
    }
    open.back().shares += *shares;
    store_.set_withdrawals(id, caller_, open);
    const uint64_t payable_from = epoch_ + rules_.bft.unbonding_epochs;
    store_.storage().emit(unstaked_event, abi::word_of(id.value), abi::word_of(caller_),
                          abi::Encoder().word(amount).word(payable_from).take());
    return std::nullopt;
}

/// Puts a candidate with enough at stake on the list, if there is room or somebody has less.
void Staking::take_place(NodeId id) {
    const U256 stake = store_.pool(id).stake;
    if (store_.standing(id).place != 0 || stake < rules_.bft.stake_min) return;
    if (store_.listed_count() >= candidates_max) {
        std::optional<std::pair<U256, NodeId>> least;
        for (const NodeId other : store_.listed()) {
            const U256 others = store_.pool(other).stake;
            if (!least || others < least->first) least = {others, other};
        }
        if (!least || least->first >= stake) return;
        store_.take_off_list(least->second);
    }
    store_.put_on_list(id);
}

Reason Staking::on_bond(abi::Decoder& in) {
    chain::Member member{.id = NodeId(in.number64())};
    member.voting_key.bytes = in.hash().bytes;
    member.transport_key.bytes = in.hash().bytes;
    member.operator_account = caller_;
    in.expect(bond_head_words * abi::word_bytes);
    member.endpoint = text_of(in.bytes(chain::endpoint_bytes_max));
    if (!in.done()) return malformed;
    if (member.id.value == 0) return "id is zero";
    if (store_.exists(member.id)) return "id was used before";
    if (const Reason why = refuse_member(member)) return why;
    if (store_.key_was_used(member.voting_key) || store_.key_was_used(member.transport_key))
        return "key was used before";
    if (value_ < rules_.bft.stake_min) return "below the least stake";
    store_.add_candidate(member);
    store_.storage().emit(candidacy_event, abi::word_of(member.id.value), abi::word_of(caller_),
                          abi::Encoder().word(value_).take());
    return put_in(member.id, value_);
}

Reason Staking::on_bond_more(abi::Decoder& in) {
    const NodeId id(in.number64());
    if (!in.done()) return malformed;
    if (!operates(id)) return "the caller does not operate the candidate";
    if (const Reason why = put_in(id, value_)) return why;
    store_.storage().emit(staked_event, abi::word_of(id.value), abi::word_of(caller_),
                          abi::Encoder().word(value_).take());
    return std::nullopt;
}

Reason Staking::on_unbond(abi::Decoder& in) {
    const NodeId id(in.number64());
    const U256 amount = in.number();
    if (!in.done()) return malformed;
    U256 taken;
    if (const Reason why = take_out(id, amount, taken)) return why;
    return set_aside(id, taken);
}

Reason Staking::on_withdraw(abi::Decoder& in) {
    const NodeId id(in.number64());
    if (!in.done()) return malformed;
    auto open = store_.withdrawals(id, caller_);
    U256 sum;
    const size_t paid = std::erase_if(open, [&](const Withdrawal& withdrawal) {
        if (withdrawal.epoch + rules_.bft.unbonding_epochs > epoch_) return false;
        Pool leaving = store_.leaving(id, withdrawal.epoch);
        sum += leave(leaving, withdrawal.shares).value_or(U256{});
        store_.set_leaving(id, withdrawal.epoch, leaving);
        return true;
    });
    if (paid == 0) return "nothing can be paid out yet";
    store_.set_withdrawals(id, caller_, open);
    store_.storage().emit(withdrawn_event, abi::word_of(id.value), abi::word_of(caller_),
                          abi::Encoder().word(sum).take());
    // Without gas the sum is made up, and the call fails anyway.
    if (store_.storage().out_of_gas()) return std::nullopt;
    store_.storage().host().take_balance(staking_address(), sum);
    store_.storage().host().add_balance(caller_, sum);
    return std::nullopt;
}

Reason Staking::on_unjail(abi::Decoder& in) {
    const NodeId id(in.number64());
    if (!in.done()) return malformed;
    if (!operates(id)) return "the caller does not operate the candidate";
    Standing standing = store_.standing(id);
    if (standing.tombstoned) return "the candidate never returns";
    if (!standing.jailed) return "the candidate is not in jail";
    if (epoch_ < standing.jailed_until) return "too early";
    standing.jailed = false;
    store_.set_standing(id, standing);
    store_.storage().emit(unjailed_event, abi::word_of(id.value), abi::word_of(caller_), {});
    return std::nullopt;
}

Reason Staking::on_delegate(abi::Decoder& in) {
    const NodeId id(in.number64());
    if (!in.done()) return malformed;
    if (!has_delegates()) return "nobody delegates by this policy";
    if (const Reason why = put_in(id, value_)) return why;
    store_.storage().emit(staked_event, abi::word_of(id.value), abi::word_of(caller_),
                          abi::Encoder().word(value_).take());
    return std::nullopt;
}

Reason Staking::on_undelegate(abi::Decoder& in) {
    if (!has_delegates()) return "nobody delegates by this policy";
    return on_unbond(in);
}

Reason Staking::on_redelegate(abi::Decoder& in) {
    const NodeId from(in.number64()), to(in.number64());
    const U256 amount = in.number();
    if (!in.done()) return malformed;
    if (!has_delegates()) return "nobody delegates by this policy";
    if (from == to) return "from and to are the same";
    // Else who is about to be accused would save its own stake at an accomplice's.
    if (operates(from)) return "the operator's own stake does not move";
    U256 taken;
    if (const Reason why = take_out(from, amount, taken)) return why;
    if (const Reason why = put_in(to, taken)) return why;
    store_.storage().emit(moved_event, abi::word_of(from.value), abi::word_of(caller_),
                          abi::Encoder().word(to.value).word(taken).take());
    return std::nullopt;
}

Bytes encode_bond(NodeId id, const crypto::NodePublicKey& voting_key,
                  const crypto::NodePublicKey& transport_key, std::string_view endpoint) {
    return abi::Encoder()
        .raw(abi::selector(bond_signature))
        .word(id.value)
        .raw(voting_key.view())
        .raw(transport_key.view())
        .word(bond_head_words * abi::word_bytes)
        .bytes(view_of(endpoint))
        .take();
}

Bytes encode_bond_more(NodeId id) {
    return call_of(bond_more_signature, {id.value});
}
Bytes encode_unbond(NodeId id, const U256& amount) {
    return call_of(unbond_signature, {id.value, amount});
}
Bytes encode_withdraw(NodeId id) {
    return call_of(withdraw_signature, {id.value});
}
Bytes encode_unjail(NodeId id) {
    return call_of(unjail_signature, {id.value});
}
Bytes encode_delegate(NodeId id) {
    return call_of(delegate_signature, {id.value});
}
Bytes encode_undelegate(NodeId id, const U256& amount) {
    return call_of(undelegate_signature, {id.value, amount});
}
Bytes encode_redelegate(NodeId from, NodeId to, const U256& amount) {
    return call_of(redelegate_signature, {from.value, to.value, amount});
}
Bytes encode_candidate_call(NodeId id) {
    return call_of(candidate_signature, {id.value});
}
Bytes encode_candidates_call() {
    return call_of(candidates_signature, {});
}
Bytes encode_holding_call(NodeId id, const Address& account) {
    return call_of(holding_signature, {id.value, number_of_bytes(account.view())});
}
Bytes encode_withdrawals_call(NodeId id, const Address& account) {
    return call_of(withdrawals_signature, {id.value, number_of_bytes(account.view())});
}
Bytes encode_duty_call(NodeId id) {
    return call_of(duty_signature, {id.value});
}
Bytes encode_totals_call() {
    return call_of(totals_signature, {});
}

RunResult call_staking(Host& host, const NativeCall& call, const Rules& rules) {
    return run_contract<Staking>(host, staking_address(), call, rules);
}

void store_genesis_stakes(Host& host, const chain::Genesis& genesis) {
    Meter meter(unlimited_gas);
    StakingStore store(host, meter);
    for (chain::Member member : genesis.members.members) {
        const U256 stake = U256(member.weight) * genesis.bft.stake_per_weight;
        member.weight = 1;
        store.add_candidate(member);
        store.set_pool(member.id, {.stake = stake, .shares = stake});
        store.set_holding(member.id, member.operator_account, stake);
        store.put_on_list(member.id);
    }
    store.set_issued(genesis.founding_stake());
    host.add_balance(staking_address(), genesis.founding_stake());
}

}  // namespace holdfast::ledger
