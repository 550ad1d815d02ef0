// The trie in place against the one that is built whole; what it reads, writes and deletes; proofs.
#include "chain/trie.h"

#include <set>

#include <gtest/gtest.h>

#include "base/random.h"
#include "chain/block.h"
#include "chain/errors.h"
#include "chain/trie_node.h"
#include "crypto/hash.h"

namespace holdfast::chain {
namespace {

/// A store that counts its readers.
struct Store {
    std::map<Nibbles, Bytes> nodes;
    std::set<Nibbles> read;

    NodeSource source() {
        return [this](ByteView path) -> std::optional<Bytes> {
            read.insert(to_bytes(path));
            const auto at = nodes.find(to_bytes(path));
            return at != nodes.end() ? std::optional(at->second) : std::nullopt;
        };
    }
    void apply(const TrieUpdate& update) {
        for (const auto& [path, rlp] : update.nodes) {
            if (rlp) {
                EXPECT_NE(nodes[path], *rlp) << "a change that changes nothing";
                nodes[path] = *rlp;
            } else {
                EXPECT_EQ(nodes.erase(path), 1U) << "a deletion of nothing";
            }
        }
    }
};

using Changes = std::map<Hash32, std::optional<Bytes>>;
using Items = std::map<Bytes, Bytes>;

void apply(Items& items, const Changes& changes) {
    for (const auto& [key, value] : changes) {
        items.erase(to_bytes(key.view()));
        if (value) items.emplace(to_bytes(key.view()), *value);
    }
}

/// Few distinct nibbles, so that keys share long paths; and short values, so that nodes are
/// embedded.
Hash32 crowded_key(Random& random, size_t nibbles) {
    Hash32 key;
    for (auto& byte : key.bytes) byte = 0x11;
    for (size_t i = 0; i < nibbles; ++i) {
        uint8_t& byte = key.bytes[31 - random.below(3) * 15];
        byte = static_cast<uint8_t>(random.below(3) << 4 | random.below(3));
    }
    return key;
}

Changes random_changes(Random& random, bool crowded, const Items& items) {
    Changes changes;
    const size_t count = 1 + random.below(8);
    for (size_t i = 0; i < count; ++i) {
        Hash32 key = crowded ? crowded_key(random, 4)
                             : crypto::keccak256(Bytes{static_cast<uint8_t>(random.below(200))});
        const bool removes = random.chance(2, 5);
        if (removes && !items.empty() && random.chance(4, 5)) {
            auto at = items.begin();
            std::advance(at, random.below(items.size()));
            key = Hash32::from(at->first).value();
        }
        const size_t size = crowded ? 1 + random.below(3) : 1 + random.below(60);
        changes[key] = removes
                           ? std::nullopt
                           : std::optional(Bytes(size, static_cast<uint8_t>(random.next() | 1)));
    }
    return changes;
}

/// The nodes that a store of exactly these items must hold: those of a trie built from nothing.
std::map<Nibbles, Bytes> nodes_of(const Items& items) {
    Changes all;
    for (const auto& [key, value] : items) all[Hash32::from(key).value()] = value;
    Store fresh;
    fresh.apply(update_trie(fresh.source(), all));
    return fresh.nodes;
}

class RandomTrie : public testing::TestWithParam<std::tuple<bool, uint64_t>> {};

TEST_P(RandomTrie, IsTheTrieBuiltWhole) {
    const auto [crowded, seed] = GetParam();
    Random random(seed);
    Store store;
    Items items;
    for (int round = 0; round < 150; ++round) {
        const Changes changes = random_changes(random, crowded, items);
        apply(items, changes);
        const TrieUpdate update = update_trie(store.source(), changes);
        store.apply(update);
        ASSERT_EQ(update.root, trie_root(items)) << "round " << round;
        // No node is forgotten and none is left behind.
        ASSERT_EQ(store.nodes, nodes_of(items)) << "round " << round;
    }
    Changes removal;
    for (const auto& [key, value] : items) removal[Hash32::from(key).value()] = std::nullopt;
    const TrieUpdate update = update_trie(store.source(), removal);
    store.apply(update);
    EXPECT_EQ(update.root, empty_trie_root());
    EXPECT_TRUE(store.nodes.empty());
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomTrie,
                         testing::Combine(testing::Bool(), testing::Range<uint64_t>(1, 13)));

TEST_P(RandomTrie, ProvesPresenceAndAbsence) {
    const auto [crowded, seed] = GetParam();
    Random random(seed + 1000);
    Store store;
    Items items;
    for (int round = 0; round < 12; ++round) {
        const Changes changes = random_changes(random, crowded, items);
        apply(items, changes);
        const TrieUpdate update = update_trie(store.source(), changes);
        store.apply(update);
        for (const auto& [key, change] : random_changes(random, crowded, items)) {
            const auto at = items.find(to_bytes(key.view()));
            const auto wanted = at != items.end() ? std::optional(at->second) : std::nullopt;
            const auto proof = prove(store.source(), key);
            const auto found = verify_proof(update.root, key.view(), proof);
            ASSERT_TRUE(found) << describe(found.error());
            EXPECT_EQ(*found, wanted);
        }
    }
}

TEST(Trie, TheEmptyTrie) {
    Store store;
    const TrieUpdate update = update_trie(store.source(), {});
    EXPECT_EQ(update.root, empty_trie_root());
    EXPECT_EQ(update.root, trie_root({}));
    EXPECT_TRUE(update.nodes.empty());
    EXPECT_EQ(to_hex0x(update.root.view()),
              "0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421");
    // Removing what is not there leaves nothing, too.
    EXPECT_TRUE(update_trie(store.source(), {{Hash32{}, std::nullopt}}).nodes.empty());
}

TEST(Trie, AnEmptyValueRemoves) {
    Store store;
    store.apply(update_trie(store.source(), {{Hash32{}, Bytes{1}}}));
    const TrieUpdate update = update_trie(store.source(), {{Hash32{}, Bytes{}}});
    EXPECT_EQ(update.root, empty_trie_root());
}

TEST(Trie, ReadsOnlyTheWayToWhatChanges) {
    Store store;
    Changes many;
    for (uint64_t i = 0; i < 5000; ++i) {
        const Bytes name = U256(i).to_minimal_bytes();
        many[crypto::keccak256(name)] = Bytes(40, 7);
    }
    store.apply(update_trie(store.source(), many));
    store.read.clear();
    const Hash32 key = crypto::keccak256(U256(77).to_minimal_bytes());
    store.apply(update_trie(store.source(), {{key, Bytes(40, 8)}}));
    const Nibbles path = to_nibbles(key.view());
    for (const Nibbles& node : store.read)
        EXPECT_TRUE(std::equal(node.begin(), node.end(), path.begin())) << to_hex(node);
    EXPECT_LE(store.read.size(), 8U);
}

TEST(Trie, AChangeToTheSameValueWritesNothing) {
    Store store;
    const Changes changes{{Hash32{}, Bytes(40, 1)}};
    store.apply(update_trie(store.source(), changes));
    EXPECT_TRUE(update_trie(store.source(), changes).nodes.empty());
}

TEST(Trie, SmallNodesLiveInTheirParent) {
    // Two keys that part at the last nibble, with values of a byte: both leaves are embedded in the
    // branch, and the branch in its extension.
    Store store;
    Hash32 first;
    Hash32 second;
    second.bytes[31] = 1;
    store.apply(update_trie(store.source(), {{first, Bytes{5}}, {second, Bytes{6}}}));
    ASSERT_EQ(store.nodes.size(), 1U);
    const auto proof = prove(store.source(), second);
    EXPECT_EQ(proof.size(), 1U);
    EXPECT_EQ(verify_proof(crypto::keccak256(proof[0]), second.view(), proof).value(), Bytes{6});
}

TEST(TrieDeathTest, ABrokenStoreStopsTheNode) {
    Store store;
    Changes many;
    for (uint8_t i = 0; i < 100; ++i) many[crypto::keccak256(Bytes{i})] = Bytes(40, i);
    store.apply(update_trie(store.source(), many));
    const Changes change{{crypto::keccak256(Bytes{1}), Bytes{1}}};
    const auto broken = [&](auto damage) {
        Store copy = store;
        damage(copy.nodes);
        update_trie(copy.source(), change);
    };
    const Nibbles child{to_nibbles(crypto::keccak256(Bytes{1}).view())[0]};
    EXPECT_EXIT(broken([&](auto& nodes) { nodes.erase(child); }), testing::ExitedWithCode(70),
                "state store: the trie node at path");
    EXPECT_EXIT(broken([&](auto& nodes) { nodes[child] = Bytes{0xc0}; }),
                testing::ExitedWithCode(70), "is broken");
    // A leaf that ends before its key does.
    EXPECT_EXIT(broken([&](auto& nodes) { nodes[child] = from_hex("c22001").value(); }),
                testing::ExitedWithCode(70), "is broken");
}

TEST(TrieProof, AnyChangedByteBreaksIt) {
    Store store;
    Changes many;
    for (uint8_t i = 0; i < 100; ++i) many[crypto::keccak256(Bytes{i})] = Bytes(40, i);
    const TrieUpdate update = update_trie(store.source(), many);
    store.apply(update);
    const Hash32 key = crypto::keccak256(Bytes{42});
    const auto proof = prove(store.source(), key);
    ASSERT_GE(proof.size(), 2U);
    for (size_t node = 0; node < proof.size(); ++node) {
        for (size_t i = 0; i < proof[node].size(); i += 3) {
            auto bad = proof;
            bad[node][i] ^= 0x40;
            EXPECT_EQ(verify_proof(update.root, key.view(), bad).error().code, errc::proof_invalid);
        }
    }
    auto cut = proof;
    cut.pop_back();
    EXPECT_EQ(verify_proof(update.root, key.view(), cut).error().code, errc::proof_invalid);
    auto more = proof;
    more.push_back(proof[0]);
    EXPECT_EQ(verify_proof(update.root, key.view(), more).error().code, errc::proof_invalid);
    EXPECT_EQ(verify_proof(update.root, key.view(), {}).error().code, errc::proof_invalid);
    EXPECT_EQ(verify_proof(Hash32{}, key.view(), proof).error().code, errc::proof_invalid);
}

TEST(TrieProof, OfTheEmptyTrieIsEmpty) {
    Store store;
    EXPECT_TRUE(prove(store.source(), Hash32{}).empty());
    EXPECT_EQ(verify_proof(empty_trie_root(), Hash32{}.view(), {}).value(), std::nullopt);
}

TEST(TrieNode, HexPrefix) {
    EXPECT_EQ(to_hex(trie::hex_prefix(Bytes{1, 2, 3, 4, 5}, false)), "112345");
    EXPECT_EQ(to_hex(trie::hex_prefix(Bytes{0, 1, 2, 3, 4, 5}, false)), "00012345");
    EXPECT_EQ(to_hex(trie::hex_prefix(Bytes{0, 15, 1, 12, 11, 8}, true)), "200f1cb8");
    EXPECT_EQ(to_hex(trie::hex_prefix(Bytes{15, 1, 12, 11, 8}, true)), "3f1cb8");
    EXPECT_EQ(to_hex(trie::hex_prefix({}, true)), "20");
}

TEST(TrieNode, RefusesWhatNoTrieHolds) {
    const auto refused = [](std::string_view text) {
        return trie::decode_node(from_hex(text).value()) == nullptr;
    };
    EXPECT_FALSE(refused("c22001"));  // a leaf: empty path, value 1
    EXPECT_TRUE(refused("c22080"));   // a leaf without a value
    EXPECT_TRUE(refused("c22101"));   // an even path with something in the odd nibble
    EXPECT_TRUE(refused("c24001"));   // a flag that there is not
    EXPECT_TRUE(refused("c28001"));   // no flags at all
    EXPECT_TRUE(refused("c200c0"));   // an extension by nothing
    EXPECT_TRUE(refused("c21180"));   // an extension to nothing
    EXPECT_TRUE(refused("c21101"));   // a child that is neither a hash nor a list
    EXPECT_TRUE(refused("c3200101"));
    EXPECT_TRUE(refused("c0"));
    EXPECT_TRUE(refused("80"));
    EXPECT_TRUE(refused(""));
}

TEST(TrieRoot, ListsAreKeyedByTheirIndex) {
    // Beyond 127 the RLP of an index gets longer, so keys and indexes sort differently.
    std::vector<Bytes> items;
    std::map<Bytes, Bytes> map;
    for (uint8_t i = 0; i < 200; ++i) {
        items.push_back(Bytes(i % 50 + 1, i));
        map[i == 0 ? Bytes{0x80} : i < 128 ? Bytes{i} : Bytes{0x81, i}] = items.back();
        EXPECT_EQ(ordered_trie_root({items.begin(), items.end()}), trie_root(map));
    }
}

TEST(TrieRoot, EachItemOfAListCanBeProven) {
    std::vector<Bytes> items;
    for (size_t count = 1; count <= 300; ++count) {
        items.push_back(Bytes(count % 70 + 1, static_cast<uint8_t>(count)));
        if (count > 20 && count % 9 != 0) continue;
        const std::vector<ByteView> views(items.begin(), items.end());
        const Hash32 root = ordered_trie_root(views);
        for (size_t index = 0; index < count; ++index) {
            auto proof = prove_ordered(views, index);
            const auto value = verify_proof(root, ordered_key(index), proof);
            ASSERT_TRUE(value && *value) << index << " of " << count;
            EXPECT_EQ(**value, items[index]);
            const auto beyond = verify_proof(root, ordered_key(count), proof);
            EXPECT_FALSE(beyond && *beyond) << "an item that is not there";
        }
    }
}

}  // namespace
}  // namespace holdfast::chain
