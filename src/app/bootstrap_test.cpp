// Which list of members counts, and what is taken for one.
#include "app/bootstrap.h"

#include <gtest/gtest.h>

namespace holdfast::app {
namespace {

namespace json = boost::json;

const std::string key_a = "0x" + std::string(64, 'a');
const std::string key_b = "0x" + std::string(64, 'b');

json::object member(uint64_t id, const std::string& key, const std::string& endpoint) {
    return {{"id", id}, {"transportKey", key}, {"endpoint", endpoint}, {"weight", 1}};
}
json::value answer(uint64_t epoch, json::array members) {
    return json::object{{"epoch", epoch}, {"members", std::move(members)}};
}

TEST(Bootstrap, IsTakenFromANodesAnswer) {
    const auto found =
        bootstrap_from(answer(6, {member(5, key_b, "b:1"), member(4, key_a, "a:1")}));
    ASSERT_TRUE(found) << describe(found.error());
    EXPECT_EQ(found->epoch, 6U);
    ASSERT_EQ(found->members.size(), 2U);
    EXPECT_EQ(found->members[0].id, NodeId(4));
    EXPECT_EQ(found->members[0].endpoint, "a:1");
    EXPECT_EQ(to_hex0x(found->members[1].transport_key.view()), key_b);
}

TEST(Bootstrap, GenesisItselfNeedsNone) {
    const auto found = bootstrap_from(answer(0, {member(1, key_a, "a:1")}));
    ASSERT_TRUE(found);
    EXPECT_TRUE(found->members.empty());
}

TEST(Bootstrap, RefusesAnAnswerThatMakesNoSense) {
    const json::value good = member(4, key_a, "a:1");
    EXPECT_TRUE(bootstrap_from(answer(1, {good})));
    for (const json::value& bad :
         {json::value(nullptr), json::value("members"), json::value(json::object{}), answer(1, {}),
          answer(1, {4}), answer(1, {good, good}), answer(1, {member(0, key_a, "a:1")}),
          answer(1, {member(4, "0x12", "a:1")}), answer(1, {member(4, key_a, "a")}),
          json::value(json::object{{"epoch", -1}, {"members", json::array{good}}}),
          json::value(json::object{{"epoch", 1}, {"members", good}})}) {
        const auto found = bootstrap_from(bad);
        ASSERT_FALSE(found) << json::serialize(bad);
        EXPECT_EQ(found.error().code, errc::rpc_malformed);
    }
}

TEST(Bootstrap, CountsUntilTheLedgerIsAsNew) {
    node::PeerSet founders{
        .members = {.epoch = 0, .members = {{.id = NodeId(1), .endpoint = "old:1"}}},
        .followers = {{.id = NodeId(2), .endpoint = "made-up:1"}}};
    const auto list = bootstrap_from(answer(6, {member(4, key_a, "a:1")})).value();
    EXPECT_EQ(peers_of(founders, {}).at(0).endpoint, "old:1");
    EXPECT_EQ(peers_of(founders, list), list.members);
    founders.members.epoch = 5;
    EXPECT_EQ(peers_of(founders, list), list.members);
    founders.members.epoch = 6;
    EXPECT_EQ(peers_of(founders, list).at(0).endpoint, "old:1") << "the ledger alone decides now";
}

TEST(Bootstrap, FollowersAreLetInAndNotCalled) {
    const node::PeerSet peers{.members = {.epoch = 0, .members = {}},
                              .followers = {{.id = NodeId(2), .endpoint = "made-up:1"}}};
    const auto found = peers_of(peers, {});
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found.at(0).id, NodeId(2));
    EXPECT_EQ(found.at(0).endpoint, "");
}

}  // namespace
}  // namespace holdfast::app
