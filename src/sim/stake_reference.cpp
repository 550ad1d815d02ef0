// The second opinion on members by stake: candidates with what stands behind them in shares, what
// is on its way out, turns, jail, and the committee at the end of an epoch.
#include <algorithm>

#include "ledger/contract.h"
#include "sim/cast.h"
#include "sim/member_reference.h"

namespace holdfast::sim {
namespace {

constexpr size_t open_withdrawals_max = 64;
constexpr uint64_t turns_counted_max = 1024;

/// Many own it in shares. What is earned or lost changes what a share is worth.
struct Purse {
    U256 coins, shares;

    /// Rounded down; nothing if a share has no price, or if so few shares would lose by rounding.
    std::optional<U256> buy(const U256& amount) {
        if (amount.is_zero() || (coins.is_zero() && !shares.is_zero())) return std::nullopt;
        U256 bought = amount;
        if (!shares.is_zero()) {
            bought = amount * shares / coins;
            const bool is_exact = bought * coins == amount * shares;
            if (bought.is_zero() || (bought < U256(1000) && !is_exact)) return std::nullopt;
        }
        coins += amount;
        shares += bought;
        return bought;
    }
    /// What they are worth, rounded down; the last ones take all that is left.
    U256 sell(const U256& sold) {
        const U256 worth = sold == shares ? coins : sold * coins / shares;
        coins -= worth;
        shares -= sold;
        return worth;
    }
    /// The fewest shares worth it.
    [[nodiscard]] std::optional<U256> price_of(const U256& amount) const {
        if (coins.is_zero() || amount > coins) return std::nullopt;
        const U256 fewer = amount * shares / coins;
        return fewer * coins == amount * shares ? fewer : fewer + U256(1);
    }
    U256 lose(uint64_t per_mille) {
        const U256 lost = coins * U256(per_mille) / U256(1000);
        coins -= lost;
        return lost;
    }
};

struct Candidate {
    Address operator_account;
    Purse purse;
    std::map<Address, U256> held;
    std::map<uint64_t, Purse> leaving;                        ///< by the epoch of taking back
    std::map<Address, std::map<uint64_t, U256>> withdrawals;  ///< their shares of it
    bool listed = false, jailed = false, never_again = false;
    uint64_t jailed_until = 0;
    uint64_t duty_epoch = 0, proposed = 0, missed = 0;
};

class StakeReference final : public MemberReference {
  public:
    explicit StakeReference(const chain::Genesis& genesis);
    U256 close(Height height, const chain::Origin& origin, const chain::Origin& parent) override;
    [[nodiscard]] U256 held() const override;

  private:
    Effect call_members(const Call& call) override;
    Effect punish(NodeId guilty, uint64_t epoch_of_guilt, const Call& call) override;

    bool bond(const Call& call);
    bool put_in(NodeId id, const Address& who, const U256& amount);
    std::optional<U256> take_out(NodeId id, const Address& who, const U256& amount);
    bool unbond(const Call& call);
    bool redelegate(const Call& call);
    bool unjail(const Call& call);
    std::optional<U256> withdraw(const Call& call);
    void send_to_jail(Candidate& candidate, uint64_t epoch);
    void turn(NodeId id, uint64_t epoch, bool missed);
    [[nodiscard]] NodeId leader(uint64_t epoch, uint64_t view) const;
    [[nodiscard]] bool is_absent(const Candidate& it, uint64_t epoch) const;
    void end_epoch(uint64_t epoch);

    [[nodiscard]] const chain::BftParameters& rules() const { return genesis().bft; }
    [[nodiscard]] bool is_delegated() const { return rules().policy == chain::Policy::dpos; }
    [[nodiscard]] bool operates(const Address& who, NodeId id) const {
        const auto at = candidates_.find(id);
        return at != candidates_.end() && at->second.operator_account == who;
    }

    std::map<NodeId, Candidate> candidates_;
};

StakeReference::StakeReference(const chain::Genesis& genesis) : MemberReference(genesis) {
    for (const chain::Member& founder : genesis.members.members) {
        const U256 stake = U256(founder.weight) * genesis.bft.stake_per_weight;
        Candidate& candidate = candidates_[founder.id];
        candidate.operator_account = founder.operator_account;
        candidate.purse = {stake, stake};
        candidate.held[founder.operator_account] = stake;
        candidate.listed = true;
    }
}

U256 StakeReference::held() const {
    U256 sum;
    for (const auto& [id, candidate] : candidates_) {
        sum += candidate.purse.coins;
        for (const auto& [epoch, purse] : candidate.leaving) sum += purse.coins;
    }
    return sum;
}

// -------------------------------------------------------------------------------------- calls

// Whatever fails leaves no trace.
StakeReference::Effect StakeReference::call_members(const Call& call) {
    if (call.to != ledger::staking_address()) return {};
    const auto before = candidates_;
    const NodeId id(word_at(call.data, 0).low64());
    bool done = false;
    std::vector<Paid> paid;
    if (is_call_of(call.data, "bond(uint64,bytes32,bytes32,string)")) {
        done = bond(call);
    } else if (is_call_of(call.data, "bondMore(uint64)")) {
        done = operates(call.from, id) && put_in(id, call.from, call.value);
    } else if (is_call_of(call.data, "delegate(uint64)")) {
        done = is_delegated() && put_in(id, call.from, call.value);
    } else if (is_call_of(call.data, "unbond(uint64,uint256)") ||
               (is_delegated() && is_call_of(call.data, "undelegate(uint64,uint256)"))) {
        done = unbond(call);
    } else if (is_call_of(call.data, "redelegate(uint64,uint64,uint256)")) {
        done = is_delegated() && redelegate(call);
    } else if (is_call_of(call.data, "unjail(uint64)")) {
        done = unjail(call);
    } else if (is_call_of(call.data, "withdraw(uint64)")) {
        const auto sum = withdraw(call);
        done = sum.has_value();
        if (sum) paid.push_back({call.from, *sum});
    }
    if (!done) candidates_ = before;
    return {.success = done, .paid = std::move(paid)};
}

bool StakeReference::bond(const Call& call) {
    const NodeId id(word_at(call.data, 0).low64());
    if (candidates_.contains(id) || call.value < rules().stake_min) return false;
    candidates_[id].operator_account = call.from;
    return put_in(id, call.from, call.value);
}

bool StakeReference::put_in(NodeId id, const Address& who, const U256& amount) {
    const auto at = candidates_.find(id);
    if (at == candidates_.end() || at->second.never_again) return false;
    Candidate& candidate = at->second;
    const auto bought = candidate.purse.buy(amount);
    if (!bought) return false;
    candidate.held[who] += *bought;
    candidate.listed = candidate.listed || candidate.purse.coins >= rules().stake_min;
    return true;
}

std::optional<U256> StakeReference::take_out(NodeId id, const Address& who, const U256& amount) {
    static const U256 everything = U256{} - U256(1);
    const auto at = candidates_.find(id);
    if (at == candidates_.end()) return std::nullopt;
    Candidate& candidate = at->second;
    U256& held = candidate.held[who];
    const auto shares = amount == everything ? held : candidate.purse.price_of(amount);
    if (!shares || shares->is_zero() || *shares > held) return std::nullopt;
    held -= *shares;
    return candidate.purse.sell(*shares);
}

bool StakeReference::unbond(const Call& call) {
    const NodeId id(word_at(call.data, 0).low64());
    const auto taken = take_out(id, call.from, word_at(call.data, 1));
    if (!taken) return false;
    if (taken->is_zero()) return true;
    const uint64_t epoch = epoch_of(call.height);
    Candidate& candidate = candidates_.at(id);
    const auto bought = candidate.leaving[epoch].buy(*taken);
    auto& open = candidate.withdrawals[call.from];
    if (!bought || (!open.contains(epoch) && open.size() >= open_withdrawals_max)) return false;
    open[epoch] += *bought;
    return true;
}

bool StakeReference::redelegate(const Call& call) {
    const NodeId from(word_at(call.data, 0).low64()), to(word_at(call.data, 1).low64());
    if (from == to || operates(call.from, from)) return false;
    const auto taken = take_out(from, call.from, word_at(call.data, 2));
    return taken && put_in(to, call.from, *taken);
}

bool StakeReference::unjail(const Call& call) {
    const NodeId id(word_at(call.data, 0).low64());
    if (!operates(call.from, id)) return false;
    Candidate& candidate = candidates_.at(id);
    if (candidate.never_again || !candidate.jailed ||
        epoch_of(call.height) < candidate.jailed_until)
        return false;
    candidate.jailed = false;
    return true;
}

std::optional<U256> StakeReference::withdraw(const Call& call) {
    const auto at = candidates_.find(NodeId(word_at(call.data, 0).low64()));
    if (at == candidates_.end()) return std::nullopt;
    Candidate& candidate = at->second;
    U256 sum;
    const uint64_t epoch = epoch_of(call.height);
    const size_t ripe = std::erase_if(candidate.withdrawals[call.from], [&](const auto& one) {
        if (one.first + rules().unbonding_epochs > epoch) return false;
        sum += candidate.leaving.at(one.first).sell(one.second);
        return true;
    });
    return ripe == 0 ? std::nullopt : std::optional(sum);
}

// --------------------------------------------------------------------------------- consequences

void StakeReference::send_to_jail(Candidate& candidate, uint64_t epoch) {
    candidate.jailed = true;
    candidate.jailed_until = std::max(candidate.jailed_until, epoch + rules().jail_epochs);
}

StakeReference::Effect StakeReference::punish(NodeId guilty, uint64_t epoch_of_guilt,
                                              const Call& call) {
    Candidate& candidate = candidates_.at(guilty);
    U256 lost = candidate.purse.lose(rules().slash_per_mille);
    for (auto& [epoch, purse] : candidate.leaving)
        if (epoch >= epoch_of_guilt) lost += purse.lose(rules().slash_per_mille);
    const U256 reward = lost * U256(rules().accuser_per_mille) / U256(1000);
    send_to_jail(candidate, epoch_of(call.height));
    candidate.never_again = candidate.never_again || guilts().at(guilty) >= rules().guilts_max;
    return {.success = true, .paid = {{std::nullopt, lost - reward}, {call.from, reward}}};
}

NodeId StakeReference::leader(uint64_t epoch, uint64_t view) const {
    constexpr uint64_t golden = 11'400'714'819'323'198'485U;  // 2^64 / 1.618...
    uint64_t whole = 0;
    for (const auto& [id, weight] : weights()) whole += weight;
    uint64_t place = ((U256((view + epoch) * golden) * U256(whole)) >> 64).low64();
    for (const auto& [id, weight] : weights()) {
        if (place < weight) return id;
        place -= weight;
    }
    return {};
}

void StakeReference::turn(NodeId id, uint64_t epoch, bool missed) {
    Candidate& candidate = candidates_.at(id);
    if (candidate.duty_epoch != epoch) candidate.proposed = candidate.missed = 0;
    candidate.duty_epoch = epoch;
    ++(missed ? candidate.missed : candidate.proposed);
}

bool StakeReference::is_absent(const Candidate& it, uint64_t epoch) const {
    return it.duty_epoch == epoch &&
           it.missed * 1000 > rules().missed_per_mille * (it.proposed + it.missed);
}

U256 StakeReference::close(Height height, const chain::Origin& origin,
                           const chain::Origin& parent) {
    const uint64_t epoch = epoch_of(height);
    const bool goes_on = height.value > 1 && parent.epoch == origin.epoch;
    const uint64_t first = goes_on ? parent.view + 1 : 1;
    const uint64_t upto = std::min(origin.view, first + turns_counted_max);
    for (uint64_t view = first; view < upto; ++view) turn(leader(origin.epoch, view), epoch, true);
    U256 issued;
    if (weights().contains(origin.proposer)) turn(origin.proposer, epoch, false);
    Purse& purse = candidates_.at(origin.proposer).purse;
    if (!purse.coins.is_zero() && !purse.shares.is_zero()) issued = rules().block_reward;
    purse.coins += issued;
    if (height.value % rules().epoch_blocks == 0) end_epoch(epoch);
    return issued;
}

void StakeReference::end_epoch(uint64_t epoch) {
    std::vector<std::pair<NodeId, const Candidate*>> order;
    for (const auto& [id, it] : candidates_)
        if (it.listed && !it.jailed && !it.never_again && it.purse.coins >= rules().stake_min)
            order.emplace_back(id, &it);
    // The silent have no seat; where votes choose, they have those that nobody else wants.
    if (!is_delegated())
        std::erase_if(order, [&](const auto& one) { return is_absent(*one.second, epoch); });
    std::ranges::sort(order, [&](const auto& a, const auto& b) {
        const bool a_last = is_absent(*a.second, epoch), b_last = is_absent(*b.second, epoch);
        if (a_last != b_last) return b_last;
        const U256 &more = a.second->purse.coins, &less = b.second->purse.coins;
        return more != less ? more > less : a.first < b.first;
    });
    Weights next;
    for (const auto& [id, it] : order) {
        if (next.size() == rules().committee_max) break;
        const uint64_t units = (it->purse.coins / rules().stake_per_weight).low64();
        next.emplace(id, is_delegated() ? 1 : std::max<uint64_t>(units, 1));
    }
    const bool somebody = !next.empty();
    for (auto& [id, it] : candidates_) {
        const bool was_free = !it.jailed && !it.never_again;
        if (!is_delegated() && somebody && it.listed && was_free && is_absent(it, epoch))
            send_to_jail(it, epoch);
        if (it.purse.coins < rules().stake_min || it.never_again) it.listed = false;
    }
    if (somebody) set_weights(std::move(next));
}

}  // namespace

std::unique_ptr<MemberReference> make_stake_reference(const chain::Genesis& genesis) {
    return std::make_unique<StakeReference>(genesis);
}

}  // namespace holdfast::sim
