// Random lives of small clusters whose members crash and never lie, for the chaos test of each
// family that bears just that: loss, repetition, reordering, cuts, crashes that tear off what was
// not synced, lost disks, changes of membership, transfers and reads.
#pragma once

#include <gtest/gtest.h>

#include "consensus/seats.h"
#include "consensus/storm.h"

namespace holdfast::consensus {

class CrashStorm : public Storm {
  public:
    /// Disturbs, and then lets everybody come back.
    void run() {
        constexpr int steps = 5000;
        for (int i = 0; i < steps && sound(); ++i) disturb();
        if (sound()) calm();
        for (const std::string& problem : cluster_.problems()) ADD_FAILURE() << problem;
    }

  protected:
    /// Draws who founds the cluster.
    CrashStorm(Family family, std::map<std::string, uint64_t, std::less<>> options, uint64_t seed)
        : Storm(std::move(family), std::move(options), seed), unrest_(random_.below(20)) {
        members_ = some_members(1);
    }
    ~CrashStorm() = default;

    static constexpr uint64_t nodes = 5;

    void begin() {
        const Members founding = members_;
        for (uint64_t id = 1; id <= nodes; ++id) {
            cluster_.add(NodeId(id), founding);
            Machine& machine = cluster_.machine(NodeId(id));
            machine.disk_waits = machine.store_waits = true;
        }
    }
    /// Has no rule been broken yet?
    [[nodiscard]] virtual bool sound() { return cluster_.problems().empty(); }
    /// Whether every journal that was ever lost has been replaced for good. One disk at a time.
    [[nodiscard]] virtual bool may_lose_a_disk() = 0;
    /// What a failure shows of one engine.
    [[nodiscard]] virtual std::string describe_engine(const Engine& engine) = 0;

    /// Is each of these the seat of the journal that the machine has now?
    [[nodiscard]] bool own_their_seats(const std::vector<Seat>& seats) {
        return std::ranges::all_of(seats, [&](const Seat& seat) {
            const Machine& owner = cluster_.machine(seat.id);
            const bool first_life = seat.incarnation == 0 && owner.health == JournalHealth::intact;
            return first_life || seat.incarnation == owner.incarnation;
        });
    }

    Members members_;

  private:
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
            cluster_.feed(id, Admin{});
        } else if (dice < 990) {
            members_ = some_members(members_.epoch + 1);
        } else if (dice < 997) {
            cluster_.change_members(id, members_);
        } else if (dice < 998) {
            lose_power();
        } else {
            if (may_lose_a_disk()) lose_disk_of(id);
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

    // Faults stop. Everybody comes back, and the set that the ledgers agree on must be in force,
    // with everything ever final in every member's ledger, and more being added.
    void calm() {
        constexpr int rounds_max = 4000;
        heal();
        for (auto& [id, machine] : cluster_.machines()) cluster_.change_members(id, members_);
        const size_t goal = cluster_.history().size() + 5;
        for (int i = 0; i < rounds_max; ++i) {
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
        return std::ranges::all_of(members_.voters, [&](const Voter& voter) {
            const Machine& machine = cluster_.machine(voter.id);
            const EngineStatus status = machine.engine->status();
            return machine.chain.size() == cluster_.history().size() &&
                   status.members_epoch == members_.epoch &&
                   (status.role == "leader" || status.role == "follower");
        });
    }

    std::string picture(size_t goal) {
        std::string text = fmt::format("goal {}, epoch {}\n", goal, members_.epoch);
        for (auto& [id, machine] : cluster_.machines()) {
            const EngineStatus status = machine.engine->status();
            text += fmt::format("{}/{} {} view {} chain {} {} {}\n", id, machine.incarnation,
                                status.role, status.view, machine.chain.size(),
                                describe_engine(*machine.engine), status.note);
        }
        return text;
    }

    uint64_t unrest_;
};

}  // namespace holdfast::consensus
