// Random lives of small clusters: loss, repetition, reordering, cuts, crashes that tear off what
// was not synced, lost disks, epochs with other members and weights, late workers, reads, and
// members with a twin that speaks with the same key. After each step every invariant; at the end
// everybody who should be is of one mind, and nobody honest was accused. A failure is a seed.
#include <gtest/gtest.h>

#include "consensus/bft/core.h"
#include "consensus/bft/describe.h"
#include "consensus/storm.h"
#include "crypto/verdicts.h"

namespace holdfast::bft {
namespace {

using consensus::Machine;
using consensus::Members;

constexpr int chaos_steps = 20'000;
constexpr int calm_steps_max = 6000;
constexpr uint64_t epoch_blocks = 12;

class Chaos : public consensus::Storm {
  public:
    enum class Liars : uint8_t { none, some };

    Chaos(uint64_t seed, Liars liars)
        : Storm(family(),
                {{"seed", seed}, {"epoch", epoch_blocks}, {"journal", 3000}, {"kept", 200}}, seed) {
        nodes_ = random_.between(4, 7);
        unrest_ = random_.below(4);
        const Members founding = some_members(1);
        for (uint64_t id = 1; id <= nodes_; ++id) {
            cluster_.add(NodeId(id), founding);
            Machine& machine = cluster_.machine(NodeId(id));
            machine.disk_waits = machine.store_waits = machine.workers_wait = true;
        }
        if (liars == Liars::none) return;
        const NodeId liar(random_.between(1, nodes_));
        const NodeId twin(liar.value + 100);
        twins_.emplace(twin, liar);
        cluster_.add(twin, founding);
    }

    void run() {
        for (int i = 0; i < chaos_steps && problems().empty(); ++i) disturb();
        if (problems().empty()) calm();
        for (const std::string& problem : problems()) ADD_FAILURE() << problem;
        for (const Bytes& evidence : cluster_.accused())
            if (!is_liar(chain::decode_evidence(evidence)->guilty))
                ADD_FAILURE() << "somebody honest is accused: " << describe_evidence(evidence);
    }
    [[nodiscard]] size_t accusations() const { return cluster_.accused().size(); }
    [[nodiscard]] uint64_t epochs() const { return blocks() / epoch_blocks; }

  private:
    // Nobody alone holds up all others: without whom two thirds are left, if one loses its disk.
    static bool can_spare_any(const Members& members) {
        const consensus::Weight whole = consensus::total_weight(members);
        return std::ranges::all_of(members.voters, [&](const consensus::Voter& voter) {
            return consensus::more_than_two_thirds(whole - voter.weight, whole);
        });
    }
    Members some_members(uint64_t epoch) {
        Members members{.epoch = epoch, .voters = {}};
        while (members.voters.size() < 4 || !can_spare_any(members)) {
            members.voters.clear();
            for (uint64_t id = 1; id <= nodes_; ++id)
                if (random_.chance(3, 4))
                    members.voters.push_back(
                        {.id = NodeId(id),
                         .weight = random_.chance(1, 2) ? 1 : random_.between(1, 3),
                         .voting_key = family().voting_key(NodeId(id))});
        }
        return members;
    }

    [[nodiscard]] bool is_liar(NodeId id) const {
        return std::ranges::any_of(
            twins_, [&](const auto& twin) { return twin.first == id || twin.second == id; });
    }

    // Who finds its key in other hands falls silent, which is not what a liar does.
    void go_on_lying() {
        for (const auto& [twin, original] : twins_) {
            for (const NodeId id : {twin, original}) {
                const auto& engine = cluster_.machine(id).engine;
                if (engine && engine->status().role == "abstaining" && random_.chance(1, 50)) {
                    cluster_.crash(id);
                    cluster_.restart(id);
                }
            }
        }
    }

    void disturb() {
        const NodeId id = some_node();
        go_on_lying();
        if (random_.chance(unrest_, 100)) return cluster_.ring(id);
        const uint64_t dice = random_.below(10'000);
        Machine& machine = cluster_.machine(id);
        if (dice < 6500) {
            move_packet();
        } else if (dice < 7700) {
            cluster_.sync(id, random_.between(1, 5));
        } else if (dice < 8900) {
            cluster_.answer(id, random_.between(1, 8));
        } else if (dice < 9100) {
            ring_earliest();
        } else if (dice < 9600) {
            answer_need(id, false);
        } else if (dice < 9700) {
            cluster_.flush(id);
        } else if (dice < 9750) {
            read(id);
        } else if (dice < 9850) {
            if (machine.catch_up) cluster_.copy_blocks(some_node(), id);
        } else if (dice < 9870) {
            crash_or_restart(id);
        } else if (dice < 9930) {
            if (!machine.engine) cluster_.restart(id);
        } else if (dice < 9940) {
            cut_off(id);
        } else if (dice < 9970) {
            cuts_.clear();
        } else if (dice < 9990) {
            cluster_.plan_members(some_members(++planned_));
        } else if (dice < 9995) {
            lose_power();
        } else {
            lose_disk(id);
        }
    }

    // One disk at a time: the next is lost only when the last one's owner speaks again and has
    // what may be final.
    void lose_disk(NodeId id) {
        if (!twins_.empty()) return;  // more than a third would be at fault
        for (auto& [other, machine] : cluster_.machines()) {
            if (machine.health == consensus::JournalHealth::intact) continue;
            if (!machine.engine || !machine.writing.empty()) return;
            std::map<std::string_view, uint64_t> probe;
            for (const auto& [name, value] : machine.engine->probe()) probe[name] = value;
            const Place now{.epoch = probe["epoch"], .view = probe["view"]};
            const Place floor{.epoch = probe["floor_epoch"], .view = probe["floor_view"]};
            if (probe["forgetful"] != 0 || now <= floor || probe["missing"] != 0) return;
        }
        lose_disk_of(id);
    }

    void calm() {
        heal();
        // The liars leave: one that lies as it likes may hold up each view for as long as timers
        // let it, which is a matter of time and not of steps.
        for (const auto& [twin, original] : twins_) {
            cluster_.crash(twin);
            cluster_.crash(original);
        }
        const size_t goal = cluster_.history().size() + 5;
        for (int i = 0; i < calm_steps_max && problems().empty(); ++i) {
            deliver_some(200);
            for (auto& [id, machine] : cluster_.machines()) {
                if (machine.catch_up) cluster_.copy_blocks(longest(), id);
                if (cluster_.history().size() < goal + 3) answer_need(id, false);
            }
            if (settled(goal)) return;
            ring_earliest();
        }
        EXPECT_TRUE(settled(goal)) << picture(goal);
    }

    bool settled(size_t goal) {
        if (cluster_.history().size() < goal) return false;
        const Members members = cluster_.members_at(Height(cluster_.history().size()));
        return std::ranges::all_of(members.voters, [&](const consensus::Voter& voter) {
            const Machine& machine = cluster_.machine(voter.id);
            return is_liar(voter.id) || (machine.chain.size() == cluster_.history().size() &&
                                         machine.engine->status().role == "validator");
        });
    }

    std::string picture(size_t goal) {
        std::string text = fmt::format("goal {}\n", goal);
        for (auto& [id, machine] : cluster_.machines()) {
            if (!machine.engine) continue;
            const consensus::EngineStatus status = machine.engine->status();
            text += fmt::format("{} {} {}.{} chain {} {}", id, status.role, status.members_epoch,
                                status.view, machine.chain.size(), status.note);
            for (const auto& [name, value] : machine.engine->probe())
                text += fmt::format(" {}={}", name, value);
            text += "\n";
        }
        for (size_t i = 0; i < std::min<size_t>(cluster_.packets().size(), 60); ++i) {
            const auto& packet = cluster_.packets()[i];
            text += fmt::format("{} -> {}: {}\n", packet.from, packet.to,
                                describe_message(*packet.bytes));
        }
        return text;
    }

    uint64_t nodes_ = 4;
    uint64_t planned_ = 1;
    uint64_t unrest_ = 0;
};

struct Totals {
    size_t blocks = 0, reads = 0, losses = 0, accusations = 0;
    uint64_t epochs = 0;
};

Totals run_all(consensus::Seeds seeds, Chaos::Liars liars) {
    crypto::remember_verdicts();
    Totals totals;
    for (uint64_t seed = seeds.first; seed < seeds.first + seeds.count; ++seed) {
        SCOPED_TRACE(fmt::format("HOLDFAST_SEED={}", seed));
        Chaos chaos(seed, liars);
        chaos.run();
        totals.blocks += chaos.blocks();
        totals.reads += chaos.reads();
        totals.losses += chaos.losses();
        totals.epochs += chaos.epochs();
        totals.accusations += chaos.accusations();
        if (testing::Test::HasFailure()) break;
    }
    fmt::print("blocks {}, reads {}, lost disks {}, epochs {}, accusations {}\n", totals.blocks,
               totals.reads, totals.losses, totals.epochs, totals.accusations);
    return totals;
}

// A test in which nothing happens tests nothing.
TEST(Chaos, ManySeeds) {
    const consensus::Seeds seeds = consensus::seeds_or(100);
    const Totals totals = run_all(seeds, Chaos::Liars::none);
    if (seeds.count < 100 || HasFailure()) return;
    EXPECT_GT(totals.blocks, seeds.count * 10);
    EXPECT_GT(totals.reads, seeds.count / 2);
    EXPECT_GT(totals.losses, seeds.count / 20);
    EXPECT_GT(totals.epochs, seeds.count / 2);
    EXPECT_EQ(totals.accusations, 0U);
}

TEST(Chaos, ManySeedsWithALiar) {
    const consensus::Seeds seeds = consensus::seeds_or(100);
    const Totals totals = run_all(seeds, Chaos::Liars::some);
    if (seeds.count < 100 || HasFailure()) return;
    EXPECT_GT(totals.blocks, seeds.count * 5);
    EXPECT_GT(totals.accusations, seeds.count / 2);
}

}  // namespace
}  // namespace holdfast::bft
