// What Byzantine agreement is given: its liars, its policy, and what becomes of stakes.
#include <algorithm>
#include <array>
#include <bit>
#include <utility>

#include "sim/cast.h"
#include "sim/draw.h"
#include "sim/plan_draw.h"

namespace holdfast::sim {
namespace {

/// `count` of them, whatever they weigh together; or in half of the runs some, of less than a
/// third.
void draw_liars(Plan& plan, std::optional<uint64_t> count) {
    Random random = draw(plan.seed, "liars");
    if (!count && random.chance(1, 2)) return;
    std::vector<uint64_t> order;
    uint64_t whole = 0;
    for (uint64_t id = 1; id <= plan.nodes; ++id) {
        order.push_back(id);
        whole += member(plan, NodeId(id)).weight;
    }
    for (size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[random.below(i)]);
    // Somebody has to look on.
    const uint64_t most = std::min(count.value_or(plan.nodes), plan.nodes - 1);
    uint64_t lying = 0;
    for (const uint64_t id : order) {
        const uint64_t weight = member(plan, NodeId(id)).weight;
        if (std::cmp_equal(std::popcount(plan.liars), most)) break;
        if (!count && (lying + weight) * 3 >= whole) continue;
        lying += weight;
        plan.liars |= uint64_t{1} << (id - 1);
    }
}

/// Founders all have seats; who comes later may have to stand by.
uint64_t draw_committee(const Plan& plan, Random& random) {
    constexpr uint64_t all = 21;
    const uint64_t seats = plan.nodes + random.below(plan.spares + 1);
    return random.chance(2, 3) ? seats : all;
}

void draw_policy(Plan& plan, std::string_view wanted) {
    Random random = draw(plan.seed, "policy");
    constexpr std::array<std::string_view, 3> policies{"poa", "pos", "dpos"};
    const std::string_view drawn = policies.at(random.below(policies.size()));
    plan.policy = wanted.empty() ? drawn : wanted;
    plan.evidence_epochs = random.between(1, 8);
    if (plan.policy == "dpos") plan.weight_max = 1;
}

void draw_consequences(Plan& plan) {
    Random random = draw(plan.seed, "consequences");
    const uint64_t machines = plan.nodes + plan.spares;
    plan.reporters = (uint64_t{1} << machines) - 1;
    if (random.chance(1, 4)) plan.reporters &= random.next();
    if (!plan.has_stakes()) return;
    constexpr uint64_t reward_max = 1'000'000'000'000'000;
    plan.unbonding_epochs = plan.evidence_epochs + random.between(1, 6);
    plan.block_reward = random.chance(1, 2) ? random.between(1, reward_max) : 0;
    plan.slash_per_mille = random.chance(1, 10) ? 1000 : random.between(1, 300);
    plan.accuser_per_mille = random.chance(1, 2) ? random.between(1, 500) : 0;
    // The honest who were silent leave the liars more of the weight, so where somebody lies they
    // mostly stay.
    const bool strict = random.chance(1, plan.liars == 0 ? 2 : 6);
    plan.missed_per_mille = strict ? random.between(300, 900) : 1000;
    plan.jail_epochs = random.between(1, 4);
    plan.guilts_max = random.between(1, 3);
    plan.committee_max = draw_committee(plan, random);
}

Operation draw_stake_operation(const Plan& plan, Random& random) {
    using enum OperationKind;
    constexpr std::array kinds{stake, stake, stake,    stake,  unstake, unstake,
                               move,  move,  withdraw, unjail, unjail,  slander};
    constexpr uint64_t amount_max = 3000;
    const uint64_t machines = plan.nodes + plan.spares;
    Operation made{.kind = kinds.at(random.below(kinds.size()))};
    made.candidate = NodeId(random.between(1, machines));
    const uint64_t holder = random.between(1, holders_max);
    if (plan.policy == "poa") made.kind = slander;
    if (plan.policy == "pos" && made.kind == move) made.kind = unstake;
    const bool by_holder = plan.policy == "dpos" && random.chance(2, 3) && made.kind != unjail;
    if (by_holder || made.kind == slander || made.kind == move) made.account = holder;
    if (made.kind == move) made.other = NodeId(random.between(1, machines));
    const bool has_amount = made.kind == stake || made.kind == unstake || made.kind == move;
    if (has_amount && (made.kind == stake || !random.chance(1, 8)))
        made.amount = random.between(1, made.kind == stake ? amount_max : amount_max / 2);
    made.node = NodeId(random.between(1, plan.nodes));
    return made;
}

}  // namespace

void draw_bft(Plan& plan, const PlanOptions& options, bool may_lie) {
    Random random = draw(plan.seed, "bft");
    plan.epoch_blocks = random.chance(1, 3) ? random.between(1, 8) : random.between(8, 64);
    // Its timers fit the network as it is without faults.
    const uint64_t least = 4 * (plan.delay_us + plan.sync_us);
    plan.delta_us =
        (std::max<uint64_t>(random.between(20'000, 200'000), least) + 999) / 1000 * 1000;
    plan.weight_max = random.chance(1, 2) ? random.between(2, 4) : 1;
    if (options.weight_max) plan.weight_max = *options.weight_max;
    draw_policy(plan, options.policy);
    if (may_lie) draw_liars(plan, options.liars);
    Random standbys = draw(plan.seed, "standbys");
    if (plan.has_stakes() && standbys.chance(1, 2))
        plan.spares = std::max(plan.spares, standbys.between(1, 2));
    draw_consequences(plan);
}

void draw_stake_operations(Plan& plan) {
    Random shape = draw(plan.seed, "stakes");
    if (shape.chance(1, 6)) return;
    const uint64_t per_minute = plan.has_stakes() ? shape.between(5, 90) : shape.between(1, 5);
    const auto lasts = static_cast<uint64_t>(plan.lasts.count());
    const uint64_t count = (per_minute * lasts + 59'999'999) / 60'000'000;
    for (uint64_t i = 0; i < count; ++i) {
        Random one = draw(plan.seed, "stake", i);
        const Duration at(static_cast<int64_t>(one.below(lasts)));
        plan.operations.push_back(draw_stake_operation(plan, one));
        plan.operations.back().at = at;
    }
    std::ranges::stable_sort(plan.operations, {}, &Operation::at);
}

}  // namespace holdfast::sim
