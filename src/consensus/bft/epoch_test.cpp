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

}  // namespace
}  // namespace holdfast::bft
