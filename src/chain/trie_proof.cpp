// Proofs that a trie holds, or does not hold, a key. [EIP-1186]
#include "chain/block.h"
#include "chain/errors.h"
#include "chain/trie.h"
#include "chain/trie_node.h"
#include "crypto/hash.h"

namespace holdfast::chain {
namespace {

using trie::Kind;
using trie::Node;
using trie::Ref;

/// One step from a node towards the key's remaining nibbles.
struct Step {
    Ref next;                      ///< none: the way ends here
    size_t taken = 0;              ///< nibbles behind us
    const Bytes* value = nullptr;  ///< where it ends, what stands there
};

Step step(const Node& node, ByteView left) {
    const bool fits = trie::common_prefix(node.path, left) == node.path.size();
    switch (node.kind) {
        case Kind::leaf:
            if (fits && left.size() == node.path.size()) return {.value = &node.value};
            return {};
        case Kind::extension:
            if (!fits) return {};
            return {.next = node.children[0].ref, .taken = node.path.size()};
        case Kind::branch:
            if (left.empty()) return {.value = node.value.empty() ? nullptr : &node.value};
            return {.next = node.children[left[0]].ref, .taken = 1};
    }
    return {};
}

}  // namespace

std::vector<Bytes> prove(const NodeSource& source, const Hash32& key) {
    const Nibbles path = to_nibbles(key.view());
    std::vector<Bytes> proof;
    size_t depth = 0;
    auto rlp = source({});
    while (rlp) {
        proof.push_back(*rlp);
        auto node = trie::decode_node(*rlp);
        rlp.reset();
        // Embedded nodes are walked through but not listed: their parent holds them already.
        while (node != nullptr) {
            const Step next = step(*node, ByteView(path).subspan(depth));
            depth += next.taken;
            if (next.next.is_hash()) rlp = source(ByteView(path).first(depth));
            if (next.next.is_none() || next.next.is_hash()) break;
            node = trie::decode_node(next.next.item());
        }
    }
    return proof;
}

Result<std::optional<Bytes>> verify_proof(const Hash32& root, ByteView key,
                                          const std::vector<Bytes>& proof) {
    if (proof.empty()) {
        if (root == empty_trie_root()) return std::nullopt;
        return fail(errc::proof_invalid, "no nodes");
    }
    const Nibbles path = to_nibbles(key);
    size_t depth = 0;
    Bytes expected = to_bytes(root.view());
    for (size_t i = 0; i < proof.size(); ++i) {
        if (!equal(crypto::keccak256(proof[i]).view(), expected))
            return fail(errc::proof_invalid, fmt::format("node {} is not the one named", i));
        auto node = trie::decode_node(proof[i]);
        while (true) {
            if (node == nullptr)
                return fail(errc::proof_invalid, fmt::format("node {} is malformed", i));
            const Step next = step(*node, ByteView(path).subspan(depth));
            depth += next.taken;
            if (next.next.is_none()) {
                if (i + 1 != proof.size())
                    return fail(errc::proof_invalid, "nodes beyond the end of the way");
                if (next.value == nullptr) return std::nullopt;
                return *next.value;
            }
            if (next.next.is_hash()) {
                expected = to_bytes(next.next.hash());
                break;
            }
            node = trie::decode_node(next.next.item());
        }
    }
    return fail(errc::proof_invalid, "the last node names another");
}

}  // namespace holdfast::chain
