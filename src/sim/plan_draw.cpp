// Drawing a plan from a seed: the swarm. First which classes of faults this run has at all (some
// faults hide others), then how often, then each fault; and what the clients do meanwhile. Troubles
// meet: some runs have a weak machine, some outages are long, and some deaths come in series.
#include "sim/plan_draw.h"

#include <algorithm>
#include <array>

#include "chain/genesis.h"
#include "sim/draw.h"

namespace holdfast::sim {
namespace {

constexpr uint64_t nodes_max = 16;
constexpr uint64_t load_max = 1000;
constexpr uint64_t second_us = 1'000'000;

/// Classes that a run has or has not as a whole.
enum Class : uint8_t { network, crash, disk, damage, clock, membership, class_count };
using Mask = std::array<bool, class_count>;

struct Profile {
    std::string_view name;
    bool drawn;  ///< each class by the seed; else just these
    Mask classes;
};
constexpr std::array<Profile, 9> profile_table{{
    {"swarm", true, {true, true, true, true, true, true}},
    {"none", false, {}},
    {"network", false, {true}},
    {"crash", false, {false, true}},
    {"disk", false, {false, true, true}},
    {"damage", false, {false, true, true, true}},
    {"clock", false, {false, false, false, false, true}},
    {"membership", false, {false, false, false, false, false, true}},
    {"all", false, {true, true, true, true, true, true}},
}};

/// One kind of fault: its class, how often it comes at most, how long it lasts, how strong it is.
struct Shape {
    FaultKind kind;
    Class of;
    uint64_t per_minute_max;  ///< the run's own rate is drawn below it
    uint64_t lasts_mean_ms;
    uint64_t amount_low, amount_high;
};
constexpr std::array shapes{
    Shape{FaultKind::loss, network, 6, 4000, 10, 300},
    Shape{FaultKind::repeat, network, 6, 4000, 10, 500},
    Shape{FaultKind::delay, network, 6, 3000, 2000, 150'000},
    Shape{FaultKind::clog, network, 10, 1500, 0, 0},
    Shape{FaultKind::cut, network, 10, 3000, 0, 0},
    Shape{FaultKind::isolate, network, 8, 2000, 0, 0},
    Shape{FaultKind::deaf, network, 4, 3000, 0, 0},
    Shape{FaultKind::mute, network, 4, 3000, 0, 0},
    Shape{FaultKind::split, network, 8, 3000, 0, 0},
    Shape{FaultKind::bridge, network, 4, 3000, 0, 0},
    Shape{FaultKind::bandwidth, network, 3, 4000, 20, 2000},
    Shape{FaultKind::disconnect, network, 12, 0, 0, 0},
    Shape{FaultKind::replay, network, 3, 500, 10, 200},
    Shape{FaultKind::kill, crash, 10, 1500, 0, 0},
    Shape{FaultKind::power, crash, 10, 1500, 0, 0},
    Shape{FaultKind::power_all, crash, 2, 800, 0, 0},
    Shape{FaultKind::kill_within, crash, 16, 1000, 1, 40},
    Shape{FaultKind::pause, crash, 8, 1200, 0, 0},
    Shape{FaultKind::slow, crash, 4, 4000, 2, 50},
    Shape{FaultKind::disk_slow, disk, 6, 4000, 2, 200},
    Shape{FaultKind::disk_error, disk, 3, 1500, 0, 0},
    Shape{FaultKind::disk_full, disk, 2, 3000, 0, 0},
    Shape{FaultKind::bit_rot, damage, 4, 1500, 0, 0},
    Shape{FaultKind::misdirected, damage, 2, 1500, 0, 0},
    Shape{FaultKind::lose_journal, damage, 2, 1500, 0, 0},
    Shape{FaultKind::wipe, damage, 2, 2500, 0, 0},
    Shape{FaultKind::drift, clock, 6, 10'000, 800, 1250},
    Shape{FaultKind::clock_step, clock, 6, 0, 999'970'000, 1'000'030'000},
    Shape{FaultKind::transfer_leadership, membership, 8, 0, 0, 0},
    Shape{FaultKind::add_member, membership, 5, 0, 0, 0},
    Shape{FaultKind::remove_member, membership, 5, 0, 0, 0},
};
static_assert(shapes.size() == fault_kind_count);

Mask draw_mask(const Profile& profile, Random& random) {
    if (!profile.drawn) return profile.classes;
    Mask mask = profile.classes;
    if (random.chance(5, 100)) return {};  // what liveness and speed are without faults
    for (bool& on : mask) on = random.chance(1, 2);
    if (random.chance(10, 100)) mask[network] = false;
    if (random.chance(10, 100)) mask[disk] = mask[damage] = false;
    return mask;
}

/// Any but nobody and everybody.
uint64_t draw_side(Random& random, uint64_t nodes) {
    return nodes < 2 ? 1 : random.between(1, (uint64_t{1} << nodes) - 2);
}

void aim(Fault& fault, const Plan& plan, NodeId weak, Random& random) {
    const uint64_t machines = plan.nodes + plan.spares;
    fault.node = NodeId(random.between(1, machines));
    const FaultKind kind = fault.kind;
    if (weak != NodeId{} && kind <= FaultKind::clock_step) fault.node = weak;
    if (kind == FaultKind::power_all || kind == FaultKind::split) fault.node = NodeId{};
    if (kind == FaultKind::split || kind == FaultKind::bridge)
        fault.amount = draw_side(random, machines);
    if (kind > FaultKind::cut) return;
    // Of links: all, all of one node, or one.
    if (kind != FaultKind::cut && random.chance(1, 3)) {
        fault.node = NodeId{};
    } else if (kind == FaultKind::cut || random.chance(1, 2)) {
        fault.peer = NodeId(random.between(1, machines));
        if (fault.peer == fault.node) fault.peer = NodeId{};
    }
}

/// A life that it ends begins again after the fault's duration, or at least soon.
bool ends_a_life(const Fault& fault) {
    return (fault.kind >= FaultKind::kill && fault.kind <= FaultKind::kill_within) ||
           fault.kind == FaultKind::lose_journal || fault.kind == FaultKind::wipe;
}

/// Some nodes have hardly come back when they die again, of the same cause, or in the middle of
/// their recovery: that is where half-done things are met.
void draw_series(Plan& plan, const Fault& first, const Mask& mask, Random random) {
    constexpr uint64_t early_effects = 12, remembered = 200, replay_lasts_us = 500'000;
    if (!ends_a_life(first)) return;
    Fault again = first;
    if (mask[network] && first.node != NodeId{} && random.chance(1, 4)) {
        // What the life before was told is told to this one.
        again.kind = FaultKind::replay;
        again.at += first.lasts + Duration(static_cast<int64_t>(random.below(replay_lasts_us)));
        again.lasts = Duration(static_cast<int64_t>(replay_lasts_us));
        again.amount = random.between(10, remembered);
    } else if (!random.chance(1, 4)) {
        return;
    } else if (mask[crash] && random.chance(1, 2)) {
        again.kind = FaultKind::kill_within;
        again.at += Duration(
            static_cast<int64_t>(random.below(1 + static_cast<uint64_t>(first.lasts.count()))));
        again.amount = random.between(0, early_effects);
        if (again.node == NodeId{}) again.node = NodeId(random.between(1, plan.nodes));
    } else {
        again.at += first.lasts + Duration(static_cast<int64_t>(random.below(3 * second_us)));
    }
    if (again.at < plan.lasts) plan.faults.push_back(again);
}

/// Some machine is gone for the rest of the run: all else happens to those that are left.
void draw_loss_for_good(Plan& plan, const Mask& mask, NodeId weak) {
    constexpr std::array<FaultKind, 6> kinds{FaultKind::kill, FaultKind::power, FaultKind::isolate,
                                             FaultKind::cut,  FaultKind::mute,  FaultKind::deaf};
    Random random = draw(plan.seed, "for good");
    const FaultKind kind = kinds.at(random.below(kinds.size()));
    const bool possible = mask[kind < FaultKind::kill ? network : crash];
    const bool wanted = random.chance(1, 4);
    if (!possible || !wanted) return;
    const auto lasts = static_cast<uint64_t>(plan.lasts.count());
    Fault fault{.at = Duration(static_cast<int64_t>(random.below(lasts))),
                .kind = kind,
                .lasts = plan.lasts,
                .node = {},
                .peer = {},
                .amount = 0};
    aim(fault, plan, weak, random);
    plan.faults.push_back(fault);
}

/// To the end, one node is not heard by another that it hears: what it missed while it was away, it
/// must find elsewhere.
void draw_unheard(Plan& plan, const Mask& mask) {
    constexpr uint64_t late_us = 10 * second_us, away_us = 3 * second_us;
    Random random = draw(plan.seed, "unheard");
    const auto lasts = static_cast<uint64_t>(plan.lasts.count());
    if (!mask[network] || plan.nodes < 2 || lasts <= late_us || !random.chance(1, 4)) return;
    const uint64_t node = random.between(1, plan.nodes);
    const uint64_t other = 1 + (node - 1 + random.between(1, plan.nodes - 1)) % plan.nodes;
    Fault away{.at = Duration(static_cast<int64_t>(lasts - random.between(away_us, late_us))),
               .kind = mask[crash] ? FaultKind::kill : FaultKind::isolate,
               .lasts = Duration(static_cast<int64_t>(random.below(away_us))),
               .node = NodeId(node),
               .peer = {},
               .amount = 0};
    Fault unheard = away;
    unheard.kind = FaultKind::cut;
    unheard.peer = NodeId(other);
    unheard.lasts = plan.lasts;
    plan.faults.push_back(away);
    plan.faults.push_back(unheard);
}

void draw_faults(Plan& plan, const Mask& mask) {
    constexpr uint64_t long_outage = 8;
    Random luck = draw(plan.seed, "weak");
    const NodeId weak = luck.chance(1, 3) ? NodeId(luck.between(1, plan.nodes)) : NodeId{};
    for (const Shape& shape : shapes) {
        if (!mask[shape.of]) continue;
        const auto number = static_cast<uint64_t>(shape.kind);
        Random random = draw(plan.seed, "faults", number);
        // Some runs have many of a kind, some few, some none.
        if (random.chance(1, 3)) continue;
        const uint64_t rate = random.between(1, shape.per_minute_max);
        const auto lasts = static_cast<uint64_t>(plan.lasts.count());
        const uint64_t count = (rate * lasts + 60 * second_us - 1) / (60 * second_us);
        for (uint64_t i = 0; i < count; ++i) {
            Random one = draw(plan.seed, "fault", number, i);
            Random more = draw(plan.seed, "more", number, i);
            Fault fault{.at = Duration(static_cast<int64_t>(one.below(lasts))),
                        .kind = shape.kind,
                        .lasts = {},
                        .node = {},
                        .peer = {},
                        .amount = one.between(shape.amount_low, shape.amount_high)};
            if (shape.lasts_mean_ms != 0) {
                uint64_t ms = 1 + exponential(one, shape.lasts_mean_ms);
                if (more.chance(1, 12)) ms *= long_outage;
                fault.lasts = Duration(static_cast<int64_t>(ms * 1000));
            }
            aim(fault, plan, more.chance(2, 3) ? weak : NodeId{}, one);
            plan.faults.push_back(fault);
            draw_series(plan, fault, mask, more);
        }
    }
    draw_loss_for_good(plan, mask, luck.chance(1, 3) ? weak : NodeId{});
    draw_unheard(plan, mask);
    std::ranges::stable_sort(plan.faults, {}, &Fault::at);
}

/// Some clients wait for a node to come back, and ask it before it has found its feet.
void draw_greetings(Plan& plan) {
    constexpr uint64_t asked = 12;
    for (size_t i = 0; i < plan.faults.size(); ++i) {
        const Fault& fault = plan.faults[i];
        Random random = draw(plan.seed, "greeting", i);
        const bool greeted = ends_a_life(fault) && fault.node != NodeId{} && random.chance(1, 3);
        Duration at = fault.at + fault.lasts;
        for (uint64_t n = 0; greeted && n < asked; ++n) {
            at += Duration(static_cast<int64_t>(random.between(1'000, 100'000)));
            if (at >= plan.lasts) break;
            plan.operations.push_back({.at = at,
                                       .kind = OperationKind::read,
                                       .account = random.below(plan.accounts),
                                       .node = fault.node});
        }
    }
    std::ranges::stable_sort(plan.operations, {}, &Operation::at);
}

void draw_operations(Plan& plan, uint64_t per_second) {
    Random shape = draw(plan.seed, "load");
    Random pace = draw(plan.seed, "pace");
    // In quiet runs little happens between two faults.
    if (pace.chance(1, 5)) per_second = std::max<uint64_t>(1, per_second / pace.between(4, 10));
    const uint64_t conflicts = shape.chance(1, 2) ? shape.below(20) : 0;  // percent
    const uint64_t reads = shape.between(5, 40);
    // Some runs come in bursts: pools fill, payloads grow.
    uint64_t burst = shape.chance(1, 3) ? shape.between(5, 30) : 1;
    if (burst > 1 && pace.chance(1, 4)) burst *= 5;
    // At once, or one closely behind the other.
    const uint64_t spacing = pace.chance(1, 2) ? pace.between(1'000, 20'000) : 0;
    const uint64_t mean = burst * second_us / per_second;
    const uint64_t excesses = shape.chance(1, 3) ? shape.between(1, 5) : 0;  // percent
    const auto lasts = static_cast<uint64_t>(plan.lasts.count());
    uint64_t at = 0;
    for (uint64_t i = 0;; ++i) {
        Random one = draw(plan.seed, "operation", i);
        if (i % burst == 0)
            at += 1 + exponential(one, mean);
        else if (spacing != 0)
            at += draw(plan.seed, "spacing", i).below(2 * spacing);
        if (at >= lasts) break;
        const uint64_t dice = one.below(100);
        plan.operations.push_back({.at = Duration(static_cast<int64_t>(at)),
                                   .kind = dice < reads               ? OperationKind::read
                                           : dice < reads + conflicts ? OperationKind::conflict
                                           : dice >= 100 - excesses   ? OperationKind::excess
                                                                      : OperationKind::transfer,
                                   .account = one.below(plan.accounts),
                                   .node = NodeId(one.between(1, plan.nodes))});
    }
}

/// Sizes and speeds that a run has from its beginning to its end: small ones reach the code that
/// large ones never do.
void draw_constants(Plan& plan, const Mask& mask) {
    Random random = draw(plan.seed, "constants");
    plan.streams = random.chance(2, 3);
    plan.accounts = random.between(2, 12);
    plan.segment_bytes = random.chance(1, 2) ? random.between(2'000, 60'000) : 32 << 20;
    plan.log_bytes_retained = random.chance(1, 2) ? random.between(500, 20'000) : 1 << 20;
    // The bodies that a lagging node would need may be gone: then it takes a snapshot.
    plan.blocks_kept = random.chance(1, 3) ? random.between(64, 200) : 0;
    plan.delay_us = random.chance(1, 4) ? random.between(2'000, 30'000) : random.between(50, 2'000);
    plan.sync_us = random.chance(1, 4) ? random.between(2'000, 20'000) : random.between(50, 2'000);
    plan.spares = mask[membership] ? random.between(1, 2) : 0;
    plan.outbid_percent = random.chance(1, 2) ? random.between(10, 60) : 0;
    // Seldom, but then for a whole run: ties that no accident breaks, and nodes that keep next to
    // nothing for those behind.
    Random extreme = draw(plan.seed, "extremes");
    if (extreme.chance(1, 5)) plan.jitter_percent = 0;
    if (extreme.chance(1, 6)) plan.log_bytes_retained = extreme.between(0, 500);
    if (extreme.chance(1, 6)) plan.blocks_kept = extreme.between(8, 64);
}

}  // namespace

std::vector<std::string_view> profiles() {
    std::vector<std::string_view> names;
    for (const Profile& profile : profile_table) names.push_back(profile.name);
    return names;
}

Result<Plan> draw_plan(const PlanOptions& options) {
    const auto profile = std::ranges::find(profile_table, options.profile, &Profile::name);
    if (profile == profile_table.end()) return fail(errc::unknown_profile, options.profile);
    if (options.engine != "raft" && options.engine != "paxos" && options.engine != "bft")
        return fail(errc::bad_options, "engine " + options.engine + " is not there");
    if (!options.policy.empty() && !chain::policy_from(options.policy))
        return fail(errc::bad_options, "policy " + options.policy + " is not there");
    if (options.weight_max == 0 || options.weight_max > uint64_t{1'000'000})
        return fail(errc::bad_options, "weights are 1 to 1000000");
    if (options.nodes == 0 || options.nodes > nodes_max)
        return fail(errc::bad_options, "nodes must be 1 to 16");
    if (options.load_per_second == 0 || options.load_per_second > load_max)
        return fail(errc::bad_options, "load must be 1 to 1000 a second");
    if (options.lasts < Duration(1s) || options.lasts > Duration(24h))
        return fail(errc::bad_options, "a run lasts from a second to a day");

    Plan plan;
    plan.engine = options.engine;
    plan.profile = options.profile;
    plan.seed = options.seed;
    plan.nodes = options.nodes;
    plan.lasts = options.lasts;
    Random random = draw(plan.seed, "mask");
    const Mask mask = draw_mask(*profile, random);
    draw_constants(plan, mask);
    const bool may_lie = options.liars || profile->drawn || options.profile == "all";
    if (plan.engine == "bft") draw_bft(plan, options, may_lie);
    draw_faults(plan, mask);
    draw_operations(plan, options.load_per_second);
    draw_greetings(plan);
    if (plan.engine == "bft") draw_stake_operations(plan);
    return plan;
}

}  // namespace holdfast::sim
