// Keys on disk, and the ones that everybody knows.
#include "app/keys.h"

#include <fstream>

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "app/development.h"
#include "app/running_node.h"
#include "app/test_folder.h"

namespace holdfast::app {
namespace {

TEST(Keys, AreReadBackAsTheyWereWritten) {
    const TestFolder folder;
    const crypto::NodeSeed seed = new_node_key();
    ASSERT_TRUE(write_key(folder / "k", seed.view()));
    EXPECT_EQ(read_node_key(folder / "k").value(), seed);
    struct stat about{};
    ASSERT_EQ(stat((folder / "k").c_str(), &about), 0);
    EXPECT_EQ(about.st_mode & 0777U, 0600U);
}

TEST(Keys, AreNeverOverwritten) {
    const TestFolder folder;
    ASSERT_TRUE(write_key(folder / "k", new_node_key().view()));
    EXPECT_FALSE(write_key(folder / "k", new_node_key().view()));
}

TEST(Keys, ThatOthersCanReadAreRefused) {
    const TestFolder folder;
    ASSERT_TRUE(write_key(folder / "k", new_node_key().view()));
    for (const mode_t mode : {0640U, 0604U, 0660U, 0601U}) {
        ASSERT_EQ(chmod((folder / "k").c_str(), mode), 0);
        EXPECT_EQ(read_node_key(folder / "k").error().code, errc::key_permissions);
    }
    ASSERT_EQ(chmod((folder / "k").c_str(), 0400), 0);
    EXPECT_TRUE(read_node_key(folder / "k"));
}

TEST(Keys, ThatAreNoKeysAreRefusedWithoutShowingThem) {
    const TestFolder folder;
    EXPECT_EQ(read_node_key(folder / "none").error().code, errc::key_unreadable);
    std::ofstream(folder / "k") << "5ec2e7\n";
    ASSERT_EQ(chmod((folder / "k").c_str(), 0600), 0);
    const auto key = read_node_key(folder / "k");
    ASSERT_FALSE(key);
    EXPECT_EQ(key.error().code, errc::key_unreadable);
    EXPECT_EQ(key.error().detail.find("5ec2e7"), std::string::npos);
}

TEST(Keys, OfAccountsComeFromFilesHexAndNames) {
    const auto& account = development_accounts()[3];
    EXPECT_EQ(read_account_key("dev:3").value(), account.key);
    EXPECT_EQ(read_account_key(to_hex0x(account.key.view())).value(), account.key);
    EXPECT_FALSE(read_account_key("dev:10"));
    EXPECT_FALSE(read_account_key("dev:"));
    EXPECT_FALSE(read_account_key("0x12"));
    EXPECT_FALSE(read_account_key("0x" + std::string(64, '0'))) << "zero is no key of the curve";
}

TEST(Development, TheAccountsAreThoseOfTheirKeys) {
    ASSERT_EQ(development_accounts().size(), 10U);
    for (const DevelopmentAccount& account : development_accounts())
        EXPECT_EQ(account_of(account.key), account.address);
}

TEST(Development, WellKnownAccountsAreRefusedWhereItMatters) {
    chain::Genesis genesis;
    genesis.alloc[development_accounts()[0].address].balance = ether(1);
    EXPECT_EQ(check_no_well_known(genesis).error().code, errc::key_well_known);
    genesis.dev = true;
    EXPECT_TRUE(check_no_well_known(genesis));
    chain::Genesis trusting;
    trusting.members.members.push_back(
        {.id = NodeId(1), .operator_account = development_accounts()[1].address, .endpoint = {}});
    EXPECT_EQ(check_no_well_known(trusting).error().code, errc::key_well_known);
    EXPECT_TRUE(is_well_known(crypto::NodeSeed{}));
    EXPECT_FALSE(is_well_known(new_node_key()));
}

chain::Member member_with(NodeId id, const NodeKeys& keys) {
    return {.id = id,
            .voting_key = crypto::NodeKey(keys.voting).public_key(),
            .transport_key = crypto::NodeKey(keys.transport).public_key(),
            .endpoint = {}};
}

TEST(Membership, KeysAndIdMustBelongTogether) {
    const NodeKeys mine{.voting = new_node_key(), .transport = new_node_key()};
    const NodeKeys others{.voting = new_node_key(), .transport = new_node_key()};
    chain::MemberSet set;
    set.members = {member_with(NodeId(1), mine), member_with(NodeId(2), others)};
    EXPECT_TRUE(check_membership(NodeId(1), mine, set));
    EXPECT_EQ(check_membership(NodeId(2), mine, set).error().code, errc::key_wrong_member);
    EXPECT_EQ(check_membership(NodeId(3), mine, set).error().code, errc::not_a_member)
        << "a member's keys under a number of no member";
    EXPECT_EQ(check_membership(NodeId(1), {.voting = mine.voting, .transport = new_node_key()}, set)
                  .error()
                  .code,
              errc::key_wrong_member);
    EXPECT_TRUE(
        check_membership(NodeId(4), {.voting = new_node_key(), .transport = new_node_key()}, set))
        << "not a member yet: it reads along";
}

}  // namespace
}  // namespace holdfast::app
