// Paxos as the all-seeing eye has it: a history that breaks each of its rules.
#include "sim/paxos_sight.h"

#include <gtest/gtest.h>

#include "sim/cast.h"

namespace holdfast::sim {
namespace {

const NodeId one(1), two(2), three(3);

paxos::Ballot ballot(uint64_t round, NodeId proposer) {
    return {.round = round, .proposer = proposer, .incarnation = 10 + proposer.value};
}

paxos::Value payload(std::string_view text) {
    return {.kind = paxos::Kind::payload,
            .origin = {.proposer = one, .epoch = 0, .view = 1},
            .data = make_buffer(to_bytes(text))};
}

class PaxosSightTest : public testing::Test {
  protected:
    PaxosSightTest() : sight_(make_genesis(Plan{.engine = "paxos", .nodes = 3})) {
        for (const NodeId node : {one, two, three}) sight_.on_start(node, {}, 10 + node.value);
    }

    void write(NodeId node, const paxos::Record& record) {
        const consensus::Token token = ++tokens_[node];
        sight_.on_persist(node, {.token = token, .record = encode(record)});
        sight_.on_platter(node, token);
    }
    /// Promises, and accepts, what is not empty of it.
    void accept(NodeId node, const paxos::Ballot& in, uint64_t slot, std::string_view text) {
        paxos::Record record{.vow = paxos::Vow{in, 1, {.incarnation = 10 + node.value}}};
        if (!text.empty()) record.accepted = {{paxos::Slot(slot), in, payload(text)}};
        write(node, record);
    }
    void promise(NodeId node, const paxos::Ballot& in) { accept(node, in, 0, ""); }
    void say(NodeId node, const paxos::Ballot& in, const paxos::Body& body) {
        sight_.on_message(node, *encode({in, {.incarnation = 10 + node.value}}, body));
    }
    void deliver(uint64_t height, std::string_view text) {
        sight_.on_deliver(one, {.position = Height(height),
                                .payload = make_buffer(to_bytes(text)),
                                .origin = payload(text).origin,
                                .mark = {}});
    }
    /// How many rules of promises, values and order were broken since the last call.
    std::array<size_t, 3> found() {
        const auto problems = std::exchange(sight_.problems, {});
        return {problems.promise.size(), problems.chosen.size(), problems.order.size()};
    }
    static constexpr std::array<size_t, 3> nothing{0, 0, 0};

    PaxosSight sight_;
    std::map<NodeId, consensus::Token> tokens_;
};

TEST_F(PaxosSightTest, WhatAMajorityHasIsChosenAndDelivered) {
    accept(one, ballot(1, one), 1, "a");
    deliver(1, "a");
    EXPECT_EQ(found(), (std::array<size_t, 3>{0, 0, 1})) << "one of three";
    accept(two, ballot(1, one), 1, "a");
    deliver(1, "a");
    EXPECT_EQ(found(), nothing);
    deliver(1, "b");
    EXPECT_EQ(found(), (std::array<size_t, 3>{0, 0, 1})) << "another payload";
}

TEST_F(PaxosSightTest, ABallotHasOneValue) {
    accept(one, ballot(1, one), 1, "a");
    accept(two, ballot(1, one), 1, "b");
    EXPECT_EQ(found()[1], 1U);
}

TEST_F(PaxosSightTest, WhatIsChosenStays) {
    accept(one, ballot(1, one), 1, "a");
    accept(two, ballot(1, one), 1, "a");
    accept(three, ballot(2, three), 1, "b");
    EXPECT_EQ(found()[1], 1U);
    accept(two, ballot(3, two), 1, "a");
    EXPECT_EQ(found(), nothing) << "the same again";
}

TEST_F(PaxosSightTest, AnotherJournalsAcceptanceIsNoVotersOwn) {
    accept(one, ballot(1, one), 1, "a");
    sight_.on_start(two, {}, 99);
    write(two, {.vow = paxos::Vow{ballot(1, one), 1, {.incarnation = 99, .rejoined = true}},
                .accepted = {{paxos::Slot(1), ballot(1, one), payload("a")}}});
    deliver(1, "a");
    EXPECT_EQ(found()[2], 1U);
}

TEST_F(PaxosSightTest, APromiseIsOnThePlatterAndIsKept) {
    const paxos::Promise empty{.granted = true, .first = paxos::Slot(1)};
    say(two, ballot(2, three), empty);
    EXPECT_EQ(found()[0], 1U) << "not written";
    promise(two, ballot(2, three));
    say(two, ballot(2, three), empty);
    EXPECT_EQ(found(), nothing);
    write(two, {.accepted = {{paxos::Slot(1), ballot(1, one), payload("a")}}});
    EXPECT_EQ(found()[0], 1U) << "accepted below it";
    promise(two, ballot(1, one));
    EXPECT_EQ(found()[0], 1U) << "taken back";
}

TEST_F(PaxosSightTest, APromiseKeepsNothingBack) {
    accept(two, ballot(1, one), 4, "a");
    promise(two, ballot(2, three));
    say(two, ballot(2, three), paxos::Promise{.granted = true, .first = paxos::Slot(5)});
    EXPECT_EQ(found(), nothing) << "nobody asked";
    say(two, ballot(2, three),
        paxos::Promise{.granted = true, .first = paxos::Slot(1), .start = paxos::Slot(4)});
    EXPECT_EQ(found(), nothing) << "it says that it has forgotten";
    say(two, ballot(2, three), paxos::Promise{.granted = true, .first = paxos::Slot(1)});
    EXPECT_EQ(found()[0], 1U);
}

TEST_F(PaxosSightTest, WhatIsSaidToBeAcceptedIsOnThePlatter) {
    accept(two, ballot(1, one), 1, "a");
    say(two, ballot(1, one), paxos::Accepted{.granted = true, .first = paxos::Slot(1), .count = 1});
    EXPECT_EQ(found(), nothing);
    say(two, ballot(1, one), paxos::Accepted{.granted = true, .first = paxos::Slot(2), .count = 1});
    EXPECT_EQ(found()[0], 1U);
    say(two, ballot(1, one), paxos::Accepted{.granted = true, .durable = paxos::Slot(2)});
    EXPECT_EQ(found()[0], 1U);
}

}  // namespace
}  // namespace holdfast::sim
