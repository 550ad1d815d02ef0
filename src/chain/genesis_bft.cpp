// Who takes part in Byzantine agreement, as a genesis says it.
#include "chain/genesis_bft.h"

#include "chain/epochs.h"
#include "chain/errors.h"

namespace holdfast::chain {
namespace {

constexpr uint64_t epochs_max = 1'000'000;
constexpr uint64_t evidence_epochs_max_max = 64;  // an accusation looks at so many pools at most
constexpr uint64_t accuser_per_mille_max = 500;   // who accuses himself must not get off free

Status bad_bft(std::string_view field, std::string_view why) {
    return fail(errc::genesis_invalid, fmt::format("holdfast.bft.{}: {}", field, why));
}

Status bft_in_range(std::string_view field, uint64_t value, uint64_t least, uint64_t most) {
    if (value >= least && value <= most) return {};
    return bad_bft(field, fmt::format("{} is not between {} and {}", value, least, most));
}

Status validate_numbers(const BftParameters& bft) {
    const struct {
        std::string_view name;
        uint64_t value;
        uint64_t least;
        uint64_t most;
    } rules[] = {
        {"committeeMax", bft.committee_max, 1, committee_members_max},
        {"unbondingEpochs", bft.unbonding_epochs, 1, epochs_max},
        {"slashPerMille", bft.slash_per_mille, 0, 1000},
        {"accuserPerMille", bft.accuser_per_mille, 0, accuser_per_mille_max},
        {"missedPerMille", bft.missed_per_mille, 1, 1000},
        {"jailEpochs", bft.jail_epochs, 1, epochs_max},
        {"guiltsMax", bft.guilts_max, 1, epochs_max},
    };
    for (const auto& rule : rules)
        if (auto ok = bft_in_range(rule.name, rule.value, rule.least, rule.most); !ok) return ok;
    // What can still be accused must not have been paid out.
    if (bft.unbonding_epochs <= bft.evidence_epochs_max)
        return bad_bft("unbondingEpochs", "is not above evidenceEpochsMax");
    return {};
}

/// The sum of the balances of alloc; it fits, validation has seen to that.
U256 balances_of(const Genesis& genesis) {
    U256 sum;
    for (const auto& [address, account] : genesis.alloc) sum += account.balance;
    return sum;
}

Status validate_stakes(const Genesis& genesis) {
    const BftParameters& bft = genesis.bft;
    if (auto ok = validate_numbers(bft); !ok) return ok;
    const struct {
        std::string_view name;
        const U256& value;
    } amounts[] = {{"stakeMin", bft.stake_min}, {"stakePerWeight", bft.stake_per_weight}};
    for (const auto& amount : amounts) {
        if (amount.value.is_zero()) return bad_bft(amount.name, "is zero");
        if (amount.value.bit_length() > stake_bits_max)
            return bad_bft(amount.name, "is too large to be shared");
    }
    if (bft.block_reward.bit_length() > stake_bits_max)
        return bad_bft("blockReward", "is too large to be shared");
    if (genesis.members.members.size() > bft.committee_max)
        return bad_bft("committeeMax", "is below the number of members");
    for (const Member& member : genesis.members.members) {
        const std::string who = fmt::format("holdfast.members, id {}", member.id);
        if (bft.policy == Policy::dpos && member.weight != 1)
            return fail(errc::genesis_invalid, who + ": by dpos every weight is 1");
        if (U256(member.weight) * bft.stake_per_weight < bft.stake_min)
            return fail(errc::genesis_invalid,
                        who + ": weight times stakePerWeight is below stakeMin");
    }
    const auto whole = checked_add(balances_of(genesis), genesis.founding_stake());
    if (!whole || whole->bit_length() > stake_bits_max)
        return bad_bft("stakePerWeight", "balances and stakes together are too large to be shared");
    return {};
}

}  // namespace

bool Genesis::is_boundary(Height height) const {
    return engine == EngineKind::bft && chain::is_boundary(height, bft.epoch_blocks);
}

bool Genesis::has_stakes() const {
    return engine == EngineKind::bft && bft.policy != Policy::poa;
}

U256 Genesis::founding_stake() const {
    // No more than 2^40 units of weight, each below 2^111.
    return has_stakes() ? U256(members.total_weight()) * bft.stake_per_weight : U256{};
}

Status validate_bft(const Genesis& genesis) {
    const BftParameters& bft = genesis.bft;
    if (genesis.engine != EngineKind::bft) {
        return bft == BftParameters{} ? Status{}
                                      : bad_bft("policy", "counts only if the engine is bft");
    }
    if (auto ok = bft_in_range("epochBlocks", bft.epoch_blocks, 1, 1'000'000'000); !ok) return ok;
    if (auto ok = bft_in_range("deltaMs", bft.delta_ms, 1, 60'000); !ok) return ok;
    if (auto ok =
            bft_in_range("evidenceEpochsMax", bft.evidence_epochs_max, 0, evidence_epochs_max_max);
        !ok)
        return ok;
    return genesis.has_stakes() ? validate_stakes(genesis) : Status{};
}

void encode(Writer& out, const BftParameters& bft) {
    out.u8(static_cast<uint8_t>(bft.policy));
    out.u64(bft.epoch_blocks);
    out.u64(bft.delta_ms);
    out.u64(bft.evidence_epochs_max);
    if (bft.policy == Policy::poa) return;
    out.u64(bft.committee_max);
    out.raw(bft.stake_min.to_big_endian());
    out.raw(bft.stake_per_weight.to_big_endian());
    out.u64(bft.unbonding_epochs);
    out.raw(bft.block_reward.to_big_endian());
    out.u64(bft.slash_per_mille);
    out.u64(bft.accuser_per_mille);
    out.u64(bft.missed_per_mille);
    out.u64(bft.jail_epochs);
    out.u64(bft.guilts_max);
}

std::string_view to_string(Policy policy) {
    switch (policy) {
        case Policy::poa:
            return "poa";
        case Policy::pos:
            return "pos";
        case Policy::dpos:
            return "dpos";
    }
    return "";
}

std::optional<Policy> policy_from(std::string_view name) {
    for (const auto policy : {Policy::poa, Policy::pos, Policy::dpos})
        if (name == to_string(policy)) return policy;
    return std::nullopt;
}

}  // namespace holdfast::chain
