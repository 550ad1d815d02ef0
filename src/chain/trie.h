// The Merkle-Patricia trie over any store of nodes by path, updated in place. [YP §App. D]
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace holdfast::chain {

/// A path from the root, one nibble a byte.
using Nibbles = Bytes;
Nibbles to_nibbles(ByteView key);

/// Reads the RLP of the node at a path; null if there is none. Nodes are kept by path, not by hash:
/// an update overwrites, so nothing has to be pruned.
///
/// Which nodes are kept: the root, at the empty path, and every node whose RLP has 32 bytes or
/// more, at the nibbles that lead to it (an extension's child lies behind the extension's own
/// nibbles). A smaller node is embedded in its parent, as in the hash tree, and has no entry of its
/// own.
using NodeSource = std::function<std::optional<Bytes>(ByteView path)>;
/// Path -> new RLP, or null to delete the node there.
using NodeChanges = std::map<Nibbles, std::optional<Bytes>>;

struct TrieUpdate {
    Hash32 root;
    NodeChanges nodes;
};

/// Applies changes (key -> value, or null or nothing to delete) to the trie behind `source`. Reads
/// only the nodes on the way to changed keys. Keys are of equal length (they are hashes). An empty
/// `source` is the empty trie. A source that lacks a node that another names, or holds one that is
/// not a trie node, is a broken store: `fatal`.
TrieUpdate update_trie(const NodeSource& source,
                       const std::map<Hash32, std::optional<Bytes>>& changes);

/// The nodes from the root towards `key`, as eth_getProof gives them: proves presence or absence.
/// [EIP-1186]
std::vector<Bytes> prove(const NodeSource& source, const Hash32& key);
/// The same for item `index` of the trie that maps RLP(index) to each item. `index` must be below
/// their number.
std::vector<Bytes> prove_ordered(const std::vector<ByteView>& items, size_t index);
/// The key of an item in such a trie: RLP(index).
Bytes ordered_key(uint64_t index);
/// The value that the proof leads to, null for a proof of absence. Errors: errc::proof_invalid.
Result<std::optional<Bytes>> verify_proof(const Hash32& root, ByteView key,
                                          const std::vector<Bytes>& proof);

/// The root of a whole trie at once, keys of any length: for lists of transactions and receipts,
/// and for tests.
Hash32 trie_root(const std::map<Bytes, Bytes>& items);
/// The root of the trie that maps RLP(index) to each item. [YP §4.4.2]
Hash32 ordered_trie_root(const std::vector<ByteView>& items);

}  // namespace holdfast::chain
