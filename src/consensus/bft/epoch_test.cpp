// One epoch after the other, in whatever order the ledger and the engine come to its end.
#include <gtest/gtest.h>

#include "consensus/bft/describe.h"

namespace holdfast::bft {
namespace {

using consensus::Machine;
using consensus::MembersChanged;

constexpr uint64_t nodes = 4;
constexpr int rings_max = 20;
const NodeId behind(4);
const Height boundary(1);

class Epoch : public testing::Test {
  protected:
    Epoch() : cluster(family(), {{"epoch", boundary.value}}, {}) {
        consensus::Members members{.epoch = 1, .voters = {}};
        for (uint64_t id = 1; id <= nodes; ++id)
            members.voters.push_back(
                {.id = NodeId(id), .weight = 1, .voting_key = family().voting_key(NodeId(id))});
        for (const consensus::Voter& voter : members.voters) cluster.add(voter.id, members);
    }
    void deliver_all(bool cut) {
        while (!cluster.packets().empty()) {
            const consensus::Packet& packet = cluster.packets().front();
            if (cut && (packet.to == behind || packet.from == behind))
                cluster.packets().pop_front();
            else
                cluster.deliver_packet(0);
        }
    }
    void others_close_the_epoch() {
        while (cluster.history().empty()) {
            deliver_all(true);
            for (uint64_t id = 1; id < nodes; ++id) {
                Machine& machine = cluster.machine(NodeId(id));
                if (!machine.need) {
                    cluster.ring(NodeId(id));
                    continue;
                }
                const consensus::AskId ask = machine.need->ask;
                machine.need.reset();
                cluster.feed(NodeId(id), consensus::PayloadReady{ask, make_buffer(to_bytes("a"))});
            }
        }
        deliver_all(true);
    }
    /// Who votes next was said already: a ledger executes a block once.
    void answer_all_but_members(Machine& machine) {
        const auto is_said = [](const consensus::Input& input) {
            return std::holds_alternative<MembersChanged>(input);
        };
        while (std::erase_if(machine.answers, is_said), !machine.answers.empty())
            cluster.answer(behind, 1);
    }
    [[nodiscard]] uint64_t number() {
        return cluster.machine(behind).engine->status().members_epoch;
    }
    consensus::Cluster cluster;
};

// The ledger synced the last block from a peer, and said who votes next before the engine was
// there; which then came there by its peers' candidates, before it heard of the syncing.
TEST_F(Epoch, BeginsAlthoughTheLedgerWasThereFirst) {
    others_close_the_epoch();
    Machine& machine = cluster.machine(behind);
    ASSERT_TRUE(machine.chain.empty());
    const consensus::Members next = cluster.members_at(boundary);
    cluster.feed(behind, MembersChanged{.boundary = boundary, .members = next});
    machine.workers_wait = true;
    for (int rings = 0; machine.chain.empty() && rings < rings_max; ++rings) {
        cluster.ring(behind);
        deliver_all(false);
        answer_all_but_members(machine);
    }
    ASSERT_EQ(machine.chain.size(), boundary.value);
    ASSERT_EQ(number(), 0U);
    cluster.feed(behind,
                 consensus::Synced{
                     .position = boundary, .mark = machine.chain.back().mark, .members = next});
    EXPECT_EQ(number(), 1U);
    EXPECT_TRUE(cluster.problems().empty());
}

/// Three go on at their pace. The fourth has a seat from the first epoch's end on, and its ledger
/// comes there somewhat later than theirs. Time passes, the same for every message.
class Latecomer : public testing::Test {
  protected:
    static constexpr Duration delay{2'000};
    static constexpr Duration pace{15'000};  ///< from an ask for a payload to the payload
    static constexpr Duration lag{35'000};
    static constexpr uint64_t epoch_blocks = 8;

    Latecomer() : cluster(family(), {{"epoch", epoch_blocks}}, {}) {
        consensus::Members all{.epoch = 2, .voters = {}};
        for (uint64_t id = 1; id <= nodes; ++id)
            all.voters.push_back(
                {.id = NodeId(id), .weight = 1, .voting_key = family().voting_key(NodeId(id))});
        consensus::Members founding = all;
        founding.epoch = 1;
        founding.voters.pop_back();
        cluster.plan_members(all);
        for (const consensus::Voter& voter : all.voters) cluster.add(voter.id, founding);
        for (const consensus::Packet& packet : cluster.packets())
            if (packet.from == behind) old.push_back(packet);
    }
    [[nodiscard]] uint64_t epoch_of(NodeId id) {
        return cluster.machine(id).engine->status().members_epoch;
    }
    void give_payload(NodeId id) {
        const consensus::AskId ask = cluster.machine(id).need->ask;
        cluster.machine(id).need.reset();
        asked.erase(id);
        cluster.feed(id, consensus::PayloadReady{ask, make_buffer(to_bytes("a"))});
    }
    /// Nobody listens to the engine of who has no seat.
    void deliver_first() {
        due.pop_front();
        const consensus::Packet& packet = cluster.packets().front();
        if (packet.from == behind && epoch_of(packet.to) == 0)
            cluster.packets().pop_front();
        else
            cluster.deliver_packet(0);
    }
    /// What comes next, if it comes before the limit.
    void step(Instant limit) {
        while (due.size() < cluster.packets().size()) due.push_back(cluster.now() + delay);
        Instant at = due.empty() ? limit : due.front();
        std::function<void()> act;
        if (!due.empty()) act = [this] { deliver_first(); };
        for (auto& [id, machine] : cluster.machines()) {
            if (machine.need) asked.try_emplace(id, cluster.now() + pace);
            if (!machine.need) asked.erase(id);
            if (machine.alarm && *machine.alarm < at) {
                at = *machine.alarm;
                act = [this, id] { cluster.ring(id); };
            }
            if (const auto payload = asked.find(id);
                payload != asked.end() && payload->second < at) {
                at = payload->second;
                act = [this, id] { give_payload(id); };
            }
        }
        cluster.set_now(std::min(at, limit));
        if (at < limit) act();
    }
    void run_until(const std::function<bool()>& done) {
        const Instant limit = cluster.now() + 10s;
        while (!done() && cluster.now() < limit) step(limit);
    }
    void run_for(Duration time) {
        const Instant limit = cluster.now() + time;
        while (cluster.now() < limit) step(limit);
    }
    void sync_the_boundary() {
        Machine& machine = cluster.machine(behind);
        const auto& chain = cluster.machine(NodeId(1)).chain;
        machine.chain.assign(chain.begin(), chain.begin() + epoch_blocks);
        cluster.feed(behind,
                     consensus::Synced{.position = Height(epoch_blocks),
                                       .mark = machine.chain.back().mark,
                                       .members = cluster.members_at(Height(epoch_blocks))});
    }
    [[nodiscard]] bool has_spoken() {
        return std::ranges::any_of(cluster.packets(), [](const consensus::Packet& packet) {
            const auto body = decode(*packet.bytes);
            return packet.from == behind &&
                   (std::holds_alternative<Vote>(*body) || std::holds_alternative<Propose>(*body));
        });
    }
    consensus::Cluster cluster;
    std::vector<consensus::Packet> old;  ///< said in its first moment, when nobody listened
    std::deque<Instant> due;             ///< of the packets, in their order
    std::map<NodeId, Instant> asked;     ///< when the payload is there
};

TEST_F(Latecomer, TakesPartAtOnce) {
    run_until([&] { return epoch_of(NodeId(1)) == 1; });
    run_for(lag);
    sync_the_boundary();
    const Instant seated = cluster.now();
    run_until([&] { return has_spoken(); });
    EXPECT_LE(cluster.now() - seated, pace + 5 * delay);
    EXPECT_TRUE(cluster.problems().empty());
}

// A word of the epoch before had just come from it, and whoever asks is helped seldom.
TEST_F(Latecomer, TakesPartAtOnceAlthoughItHadAskedBefore) {
    run_until([&] { return epoch_of(NodeId(1)) == 1; });
    run_for(lag);
    for (const consensus::Packet& packet : old)
        cluster.feed(packet.to, consensus::Received{packet.from, packet.bytes});
    sync_the_boundary();
    const Instant seated = cluster.now();
    run_until([&] { return has_spoken(); });
    EXPECT_LE(cluster.now() - seated, pace + 5 * delay);
    EXPECT_TRUE(cluster.problems().empty());
}

}  // namespace
}  // namespace holdfast::bft
