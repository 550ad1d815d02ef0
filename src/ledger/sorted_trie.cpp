// Ascending keys in, finished nodes out.
#include "ledger/sorted_trie.h"

#include <algorithm>
#include <utility>

#include "chain/block.h"

namespace holdfast::ledger {
namespace {

constexpr size_t pending_max = 1024;

}  // namespace

void SortedTrie::add(const Hash32& key, Bytes value) {
    pending_.emplace_hint(pending_.end(), key, std::move(value));
    if (pending_.size() >= pending_max) apply();
}

void SortedTrie::apply() {
    if (pending_.empty()) return;
    const Bytes last = chain::to_nibbles(pending_.rbegin()->first.view());
    chain::TrieUpdate update = chain::update_trie(
        [this](ByteView path) -> std::optional<Bytes> {
            const auto node = nodes_.find(to_bytes(path));
            return node == nodes_.end() ? std::nullopt : std::optional(node->second);
        },
        pending_);
    for (auto& [path, node] : update.nodes) {
        if (node) {
            nodes_.insert_or_assign(path, std::move(*node));
        } else {
            nodes_.erase(path);
        }
    }
    root_ = update.root;
    pending_.clear();
    // A later key can only reach nodes on the path that it shares with the last one.
    hand_out(last);
}

void SortedTrie::hand_out(ByteView keep_prefixes_of) {
    std::erase_if(nodes_, [&](const auto& item) {
        const auto& [path, node] = item;
        if (path.size() <= keep_prefixes_of.size() &&
            equal(path, keep_prefixes_of.first(path.size())))
            return false;
        if (final_node_) final_node_(path, node);
        return true;
    });
}

Hash32 SortedTrie::finish() {
    apply();
    for (const auto& [path, node] : nodes_) {
        if (final_node_) final_node_(path, node);
    }
    nodes_.clear();
    return std::exchange(root_, std::nullopt).value_or(chain::empty_trie_root());
}

}  // namespace holdfast::ledger
