// Random lives of small clusters: loss, repetition, reordering, cuts, crashes that tear off what
// was not synced, lost disks, changes of membership, transfers and reads; each message and record
// is seen by a judge who trusts no engine, and at the end everybody who should be is alive and of
// one mind. A failure is a seed.
#include <gtest/gtest.h>

#include "consensus/paxos/core.h"
#include "consensus/paxos/judge_test.h"
#include "consensus/storm.h"

namespace holdfast::paxos {
namespace {

using consensus::Machine;
using consensus::Members;

constexpr uint64_t nodes = 5;
constexpr size_t alpha = 6;
constexpr int chaos_steps = 5000;
constexpr int calm_steps_max = 4000;

/// What an onlooker is shown: each message as it leaves, and the disks as they are then.
struct Onlooker {
    std::optional<Judge> judge;
    const std::map<NodeId, Machine>* machines = nullptr;
};

consensus::Family watched(const std::shared_ptr<Onlooker>& onlooker) {
    consensus::Family family = paxos::family();
    family.describe_message = [onlooker](ByteView bytes) {
        onlooker->judge->look_at_disks(*onlooker->machines);
        onlooker->judge->on_message(bytes);
        return std::string();
    };
    family.describe_record = [](ByteView) { return std::string(); };
    return family;
}

class Chaos : public consensus::Storm {
  public:
    explicit Chaos(uint64_t seed) : Chaos(seed, std::make_shared<Onlooker>()) {}

    Chaos(uint64_t seed, std::shared_ptr<Onlooker> onlooker)
        : Storm(watched(onlooker),
                {{"seed", seed},
                 {"alpha", alpha},
                 {"retained", 600},
                 {"window", 4},
                 {"message_bytes", 200}},
                seed),
          onlooker_(std::move(onlooker)) {
        unrest_ = random_.below(20);
        members_ = some_members(1);
        const Members founding = members_;
        onlooker_->judge.emplace(founding, alpha);
        onlooker_->machines = &cluster_.machines();
        for (uint64_t id = 1; id <= nodes; ++id) {
            cluster_.add(NodeId(id), founding);
            Machine& machine = cluster_.machine(NodeId(id));
            machine.disk_waits = machine.store_waits = true;
        }
    }

    void run() {
        for (int i = 0; i < chaos_steps && sound(); ++i) disturb();
        if (sound()) calm();
        for (const std::string& problem : cluster_.problems()) ADD_FAILURE() << problem;
        for (const std::string& problem : judge().problems()) ADD_FAILURE() << problem;
    }
    [[nodiscard]] Judge& judge() const { return *onlooker_->judge; }

  private:
    bool sound() {
        judge().look_at_disks(cluster_.machines());
        judge().compare(cluster_.history());
        return cluster_.problems().empty() && judge().problems().empty();
    }

    Members some_members(uint64_t epoch) {
        Members members{.epoch = epoch, .voters = {}};
        while (members.voters.size() < 3) {
            members.voters.clear();
            for (uint64_t id = 1; id <= nodes; ++id)
                if (random_.chance(2, 3))
                    members.voters.push_back({.id = NodeId(id), .weight = 1, .voting_key = {}});
        }
        return members;
    }

    void disturb() {
        const NodeId id = some_node();
        if (random_.chance(unrest_, 100)) return move_time(id);
        const uint64_t dice = random_.below(1000);
        Machine& machine = cluster_.machine(id);
        if (dice < 600) {
            move_packet();
        } else if (dice < 750) {
            cluster_.sync(id, random_.between(1, 3));
        } else if (dice < 800) {
            ring_earliest();
        } else if (dice < 900) {
            answer_need(id, true);
        } else if (dice < 930) {
            cluster_.flush(id);
        } else if (dice < 940) {
            read(id);
        } else if (dice < 955) {
            if (machine.catch_up) cluster_.copy_blocks(some_node(), id);
        } else if (dice < 959) {
            crash_or_restart(id);
        } else if (dice < 974) {
            if (!machine.engine) cluster_.restart(id);
        } else if (dice < 977) {
            cut_off(id);
        } else if (dice < 985) {
            cuts_.clear();
        } else if (dice < 988) {
            cluster_.feed(id, consensus::Admin{});
        } else if (dice < 990) {
            members_ = some_members(members_.epoch + 1);
        } else if (dice < 997) {
            cluster_.change_members(id, members_);
        } else if (dice < 998) {
            lose_power();
        } else {
            lose_disk(id);
        }
    }

    // What makes leaders change: alarms that ring out of turn, and votes that take their time.
    void move_time(NodeId id) {
        if (random_.chance(1, 3)) {
            cluster_.ring(id);
        } else {
            cluster_.sync(id, 1);
        }
    }

    // One disk at a time: the next is lost only when everybody has it on disk that the last one's
    // owner is seated anew. The slots before that are the old voters', of whom a majority must be
    // left for as long as anybody asks.
    void lose_disk(NodeId id) {
        for (auto& [other, machine] : cluster_.machines()) {
            const auto* core = dynamic_cast<const Core*>(machine.engine.get());
            if (core == nullptr) return;
            const Slots& slots = core->slots();
            const Schedule& schedule = slots.schedule();
            for (Slot slot = slots.chosen().next(); slot <= slots.last(); ++slot)
                if (slots.find(slot) && slots.find(slot)->value.kind == Kind::configuration) return;
            if (schedule.newest().from > durably_chosen(machine).next()) return;
            for (const Seat& seat : schedule.newest().configuration.voters) {
                const Machine& owner = cluster_.machine(seat.id);
                const bool first_life =
                    seat.incarnation == 0 && owner.health == consensus::JournalHealth::intact;
                if (!first_life && seat.incarnation != owner.incarnation) return;
            }
        }
        lose_disk_of(id);
    }

    static Slot durably_chosen(const Machine& machine) {
        Slot chosen;
        if (!machine.journal.empty())
            chosen = decode_record(*machine.journal.back().bytes).value().chosen;
        if (machine.flushed == 0) return chosen;
        return std::max(chosen, decode_mark(machine.chain[machine.flushed - 1].mark).value().slot);
    }

    // Faults stop. Everybody comes back, and the set that the ledgers agree on must be in force,
    // with everything ever final in every member's ledger, and more being added.
    void calm() {
        heal();
        for (auto& [id, machine] : cluster_.machines()) cluster_.change_members(id, members_);
        const size_t goal = cluster_.history().size() + 5;
        for (int i = 0; i < calm_steps_max; ++i) {
            for (int n = 0; n < 200 && sound(); ++n) deliver_some(1);
            if (!sound()) return;
            for (uint64_t id = 1; id <= nodes; ++id) {
                const NodeId node(id);
                if (cluster_.machine(node).catch_up) cluster_.copy_blocks(longest(), node);
                if (cluster_.history().size() < goal + 3) answer_need(node, true);
            }
            if (settled(goal)) break;
            ring_earliest();
        }
        EXPECT_TRUE(settled(goal)) << picture(goal);
    }

    bool settled(size_t goal) {
        if (cluster_.history().size() < goal) return false;
        return std::ranges::all_of(members_.voters, [&](const consensus::Voter& voter) {
            const Machine& machine = cluster_.machine(voter.id);
            const consensus::EngineStatus status = machine.engine->status();
            return machine.chain.size() == cluster_.history().size() &&
                   status.members_epoch == members_.epoch &&
                   (status.role == "leader" || status.role == "follower");
        });
    }

    std::string picture(size_t goal) {
        std::string text = fmt::format("goal {}, epoch {}\n", goal, members_.epoch);
        for (auto& [id, machine] : cluster_.machines()) {
            const auto& core = dynamic_cast<const Core&>(*machine.engine);
            const consensus::EngineStatus status = core.status();
            text +=
                fmt::format("{}/{} {} round {} chain {} start {} chosen {} last {} {} {}\n", id,
                            machine.incarnation, status.role, status.view, machine.chain.size(),
                            core.slots().start().slot, core.slots().chosen(), core.slots().last(),
                            describe(core.slots().schedule().newest().configuration), status.note);
        }
        return text;
    }

    std::shared_ptr<Onlooker> onlooker_;
    Members members_;
    uint64_t unrest_ = 0;
};

TEST(Chaos, ManySeeds) {
    const auto [first, seeds] = consensus::seeds_or(300);
    size_t blocks = 0, reads = 0, losses = 0, changes = 0, again = 0, fillers = 0;
    for (uint64_t seed = first; seed < first + seeds; ++seed) {
        SCOPED_TRACE(fmt::format("HOLDFAST_SEED={}", seed));
        Chaos chaos(seed);
        chaos.run();
        blocks += chaos.blocks();
        reads += chaos.reads();
        losses += chaos.losses();
        changes += chaos.judge().configurations();
        again += chaos.judge().chosen_again();
        fillers += chaos.judge().fillers();
        if (HasFailure()) break;
    }
    fmt::print(
        "blocks {}, reads {}, lost disks {}, configurations {}, proposed again {}, fillers {}\n",
        blocks, reads, losses, changes, again, fillers);
    // A test in which nothing happens tests nothing.
    if (seeds < 100 || HasFailure()) return;
    EXPECT_GT(blocks, seeds * 5);
    EXPECT_GT(reads, seeds / 2);
    EXPECT_GT(losses, seeds / 20);
    EXPECT_GT(changes, seeds);
    EXPECT_GT(again, seeds);
    EXPECT_GT(fillers, seeds);
}

}  // namespace
}  // namespace holdfast::paxos
