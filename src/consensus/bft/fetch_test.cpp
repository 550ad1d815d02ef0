// Who has missed many blocks and can have them all from its peers has them, one after the other.
#include <gtest/gtest.h>

#include "consensus/bft/describe.h"

namespace holdfast::bft {
namespace {

constexpr uint64_t nodes = 4;
constexpr size_t blocks = 100;
const NodeId behind(4);

TEST(Fetch, AHundredCandidatesWithinNoTime) {
    consensus::Cluster cluster(family(), {}, {});
    consensus::Members members{.epoch = 1, .voters = {}};
    for (uint64_t id = 1; id <= nodes; ++id)
        members.voters.push_back(
            {.id = NodeId(id), .weight = 1, .voting_key = family().voting_key(NodeId(id))});
    for (const consensus::Voter& voter : members.voters) cluster.add(voter.id, members);

    const auto deliver_all = [&](bool cut) {
        while (!cluster.packets().empty()) {
            const consensus::Packet& packet = cluster.packets().front();
            if (cut && (packet.to == behind || packet.from == behind))
                cluster.packets().pop_front();
            else
                cluster.deliver_packet(0);
        }
    };
    while (cluster.history().size() < blocks) {
        deliver_all(true);
        for (uint64_t id = 1; id < nodes; ++id) {
            consensus::Machine& machine = cluster.machine(NodeId(id));
            if (!machine.need) {
                cluster.ring(NodeId(id));  // when it is the turn of who is behind
                continue;
            }
            const consensus::AskId ask = machine.need->ask;
            machine.need.reset();
            cluster.feed(NodeId(id),
                         consensus::PayloadReady{ask, make_buffer(to_bytes(fmt::to_string(id)))});
        }
    }
    deliver_all(true);
    ASSERT_TRUE(cluster.machine(behind).chain.empty());
    for (int rings = 0; cluster.machine(behind).chain.empty() && rings < 20; ++rings) {
        cluster.ring(behind);
        deliver_all(false);
    }
    EXPECT_GE(cluster.machine(behind).chain.size(), blocks);
    EXPECT_TRUE(cluster.problems().empty());
}

}  // namespace
}  // namespace holdfast::bft
