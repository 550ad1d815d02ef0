// The root of a trie from all its items at once. It shares only the node encoding with the trie
// that is updated in place, so that each is a check on the other.
#include <algorithm>
#include <span>

#include "base/check.h"
#include "chain/block.h"
#include "chain/rlp.h"
#include "chain/trie.h"
#include "chain/trie_node.h"
#include "crypto/hash.h"

namespace holdfast::chain {
namespace {

struct Item {
    Nibbles path;
    ByteView value;
};

/// Collects the nodes on the way to one key, the deepest first.
struct Trail {
    Nibbles way;
    std::vector<Bytes> nodes;
    void pass(ByteView path, size_t depth, const Bytes& rlp) {
        const bool listed = depth == 0 || rlp.size() >= trie::hashed_size_min;
        if (listed && trie::common_prefix(path, way) >= depth) nodes.push_back(rlp);
    }
};

Bytes build_node(std::span<const Item> items, size_t depth, Trail* trail);

/// The RLP of the node that holds `items`, sorted by path, all alike in their first `depth`
/// nibbles. Recursion is bounded by the longest path.
Bytes node_of(std::span<const Item> items, size_t depth,  // NOLINT(misc-no-recursion)
              Trail* trail) {
    Bytes rlp = build_node(items, depth, trail);
    if (trail != nullptr) trail->pass(items.front().path, depth, rlp);
    return rlp;
}

Bytes build_node(std::span<const Item> items, size_t depth,  // NOLINT(misc-no-recursion)
                 Trail* trail) {
    trie::Node node;
    if (items.size() == 1) {
        node.path.assign(items[0].path.begin() + static_cast<std::ptrdiff_t>(depth),
                         items[0].path.end());
        node.value = to_bytes(items[0].value);
        return trie::encode_node(node);
    }

    // Sorted, so what the first and the last share, all share.
    const size_t common = trie::common_prefix(ByteView(items.front().path).subspan(depth),
                                              ByteView(items.back().path).subspan(depth));
    if (common > 0) {
        node.kind = trie::Kind::extension;
        const auto from = items[0].path.begin() + static_cast<std::ptrdiff_t>(depth);
        node.path.assign(from, from + static_cast<std::ptrdiff_t>(common));
        node.children.resize(1);
        node.children[0].ref = trie::Ref::of_node(node_of(items, depth + common, trail));
        return trie::encode_node(node);
    }

    node.kind = trie::Kind::branch;
    node.children.resize(trie::branch_width);
    if (items[0].path.size() == depth) {
        node.value = to_bytes(items[0].value);
        items = items.subspan(1);
    }
    while (!items.empty()) {
        const uint8_t nibble = items[0].path[depth];
        size_t count = 1;
        while (count < items.size() && items[count].path[depth] == nibble) ++count;
        node.children[nibble].ref =
            trie::Ref::of_node(node_of(items.first(count), depth + 1, trail));
        items = items.subspan(count);
    }
    return trie::encode_node(node);
}

Hash32 root_of(const std::vector<Item>& items) {
    if (items.empty()) return empty_trie_root();
    return crypto::keccak256(node_of(items, 0, nullptr));
}

std::vector<Item> ordered_list(const std::vector<ByteView>& items) {
    std::vector<Item> list;
    list.reserve(items.size());
    for (size_t i = 0; i < items.size(); ++i)
        list.push_back({to_nibbles(ordered_key(i)), items[i]});
    // RLP(0) is 0x80 and sorts behind RLP(127), so the order of indexes is not that of keys.
    std::ranges::sort(list, {}, &Item::path);
    return list;
}

}  // namespace

Hash32 trie_root(const std::map<Bytes, Bytes>& items) {
    std::vector<Item> list;
    list.reserve(items.size());
    for (const auto& [key, value] : items) list.push_back({to_nibbles(key), value});
    return root_of(list);
}

Bytes ordered_key(uint64_t index) {
    rlp::Encoder key;
    key.number(index);
    return key.take();
}

Hash32 ordered_trie_root(const std::vector<ByteView>& items) {
    return root_of(ordered_list(items));
}

std::vector<Bytes> prove_ordered(const std::vector<ByteView>& items, size_t index) {
    CHECK(index < items.size(), "there is such an item");
    Trail trail{.way = to_nibbles(ordered_key(index)), .nodes = {}};
    node_of(ordered_list(items), 0, &trail);
    std::ranges::reverse(trail.nodes);
    return std::move(trail.nodes);
}

}  // namespace holdfast::chain
