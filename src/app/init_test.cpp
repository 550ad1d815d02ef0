// Beginning a ledger, joining one, and coming back after a lost disk.
#include "app/init.h"

#include <fstream>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "app/cluster_folder.h"
#include "app/keys.h"
#include "app/running_node.h"
#include "app/test_folder.h"
#include "app/verify.h"
#include "journal/journal.h"
#include "ledger/ledger.h"
#include "storage/files.h"
#include "storage/rocks_store.h"

namespace holdfast::app {
namespace {

namespace fs = std::filesystem;

class Init : public testing::Test {
  protected:
    InitOptions options(size_t nodes = 3) {
        return {.out = folder / "ledger", .nodes = nodes, .dev = true, .alloc = {}};
    }
    Config config(uint64_t id) {
        return read_config(folder / fmt::format("ledger/node{}/config.toml", id)).value();
    }
    TestFolder folder;
};

TEST_F(Init, MakesALedgerThatVerifies) {
    ASSERT_TRUE(init_ledger(options()));
    const auto nodes = cluster_nodes(folder / "ledger");
    ASSERT_EQ(nodes.size(), 3U);
    EXPECT_EQ(nodes[1].api, "127.0.0.1:8555");
    EXPECT_EQ(nodes[1].peers, "127.0.0.1:8556");
    std::optional<Hash32> hash;
    for (const ClusterNode& node : nodes) {
        const auto found = verify_data(config(node.id), [](Height) {});
        ASSERT_TRUE(found) << describe(found.error());
        EXPECT_TRUE(found->is_sound()) << found->journal_note;
        EXPECT_EQ(found->ledger.head, Height(0));
        EXPECT_EQ(hash.value_or(found->ledger.head_hash), found->ledger.head_hash);
        hash = found->ledger.head_hash;
    }
}

TEST_F(Init, NeverOverwrites) {
    ASSERT_TRUE(init_ledger(options(1)));
    EXPECT_EQ(init_ledger(options(1)).error().code, errc::init_exists);
}

TEST_F(Init, OneNodeIsLegalAndNoneIsNot) {
    EXPECT_EQ(init_ledger(options(0)).error().code, errc::init_invalid);
    EXPECT_TRUE(init_ledger(options(1)));
}

TEST_F(Init, RefusesWhatCannotBe) {
    InitOptions bad = options();
    bad.engine = "magic";
    EXPECT_EQ(init_ledger(bad).error().code.name, "config.engine_missing");
    bad = options();
    bad.port_base = 65'530;
    EXPECT_EQ(init_ledger(bad).error().code, errc::init_invalid);
    bad = options();
    bad.alloc = {"0x12=5"};
    EXPECT_EQ(init_ledger(bad).error().code, errc::init_invalid);
    EXPECT_FALSE(fs::exists(folder / "ledger/genesis.json"));
}

TEST_F(Init, OutsideDevelopmentEveryOperatorHasAKeyOfItsOwn) {
    InitOptions real = options(2);
    real.dev = false;
    real.alloc = {"0x00000000000000000000000000000000000000aa=5"};
    ASSERT_TRUE(init_ledger(real));
    const auto genesis = read_genesis(folder / "ledger/genesis.json").value();
    EXPECT_FALSE(genesis.dev);
    EXPECT_EQ(genesis.alloc.size(), 3U);
    const auto key = read_account_key((folder / "ledger/node2/keys/operator.key").string());
    ASSERT_TRUE(key);
    EXPECT_EQ(genesis.members.find(NodeId(2))->operator_account, account_of(*key));
}

TEST_F(Init, RejoinRefusesAWholeNodeAndMarksALostJournal) {
    ASSERT_TRUE(init_ledger(options(1)));
    const Config node = config(1);
    EXPECT_EQ(init_rejoin(node, Discard::nothing).error().code, journal::errc::exists);
    fs::remove_all(journal_folder(node.path(node.data)));
    ASSERT_TRUE(init_rejoin(node, Discard::nothing));

    const auto genesis = read_genesis(node.path(node.genesis)).value();
    const auto device = storage::open_journal_folder(journal_folder(node.path(node.data))).value();
    journal::Journal journal(*device);
    const auto recovered =
        journal.open({.genesis = chain::genesis_hash(genesis), .node = NodeId(1)}, 1);
    ASSERT_TRUE(recovered) << describe(recovered.error());
    EXPECT_EQ(recovered->health, consensus::JournalHealth::lost)
        << "it must not vote as one that never spoke";
}

TEST_F(Init, RejoinMakesALostStoreAnewAndNeverTrustsTheJournalAlone) {
    ASSERT_TRUE(init_ledger(options(1)));
    const Config node = config(1);
    const fs::path data = node.path(node.data);
    fs::remove_all(store_folder(data));
    ASSERT_TRUE(init_rejoin(node, Discard::nothing));
    EXPECT_TRUE(fs::exists(data / "journal.discarded-1"));
    const auto found = verify_data(node, [](Height) {});
    ASSERT_TRUE(found) << describe(found.error());
    EXPECT_TRUE(found->ledger.problems.empty());
}

TEST_F(Init, RejoinWithDiscardSetsAsideAndKeeps) {
    ASSERT_TRUE(init_ledger(options(1)));
    const Config node = config(1);
    ASSERT_TRUE(init_rejoin(node, Discard::everything));
    ASSERT_TRUE(init_rejoin(node, Discard::everything));
    EXPECT_TRUE(fs::exists(node.path(node.data) / "store.discarded-1"));
    EXPECT_TRUE(fs::exists(node.path(node.data) / "store.discarded-2"));
}

TEST_F(Init, RejoinRefusesAnothersJournal) {
    ASSERT_TRUE(init_ledger(options(2)));
    Config node = config(1);
    node.id = 2;
    EXPECT_EQ(init_rejoin(node, Discard::nothing).error().code, journal::errc::wrong_node);
}

TEST_F(Init, JoinPreparesAMemberToBe) {
    ASSERT_TRUE(init_ledger(options(1)));
    JoinOptions join{.out = folder / "node9",
                     .genesis = folder / "ledger/genesis.json",
                     .id = 9,
                     .port_base = 9500};
    const auto joined = init_join(join);
    ASSERT_TRUE(joined) << describe(joined.error());
    EXPECT_EQ(joined->member.endpoint, "127.0.0.1:9501");
    const auto node = read_config(joined->config);
    ASSERT_TRUE(node);
    EXPECT_TRUE(verify_data(*node, [](Height) {})->is_sound());
    EXPECT_EQ(init_join(join).error().code, errc::init_exists);
    join.id = 1;
    join.out = folder / "other";
    EXPECT_EQ(init_join(join).error().code, errc::init_invalid);
}

TEST_F(Init, AFounderBeginsOnAGenesisMadeElsewhere) {
    ASSERT_TRUE(init_ledger(options(2)));
    const Config node = config(2);
    const fs::path data = node.path(node.data);
    EXPECT_EQ(init_found(node).error().code, errc::init_exists);

    // Genesis was edited after the folder was made: everything but the data is kept.
    auto genesis = read_genesis(folder / "ledger/genesis.json").value();
    genesis.fees.base_fee_fixed = true;
    ASSERT_TRUE(storage::write_file(folder / "ledger/genesis.json",
                                    view_of(chain::genesis_to_json(genesis)), 0644));
    fs::remove_all(data);
    ASSERT_TRUE(init_found(node));
    EXPECT_TRUE(verify_data(node, [](Height) {})->is_sound());
    EXPECT_EQ(init_found(node).error().code, errc::init_exists);
}

TEST_F(Init, AFounderMustBeTheOneThatGenesisLists) {
    ASSERT_TRUE(init_ledger(options(2)));
    Config node = config(2);
    fs::remove_all(node.path(node.data));
    node.id = 3;
    EXPECT_EQ(init_found(node).error().code, errc::not_a_member);
    node.id = 1;
    EXPECT_EQ(init_found(node).error().code, errc::key_wrong_member);
}

}  // namespace
}  // namespace holdfast::app
