// The trie that is updated in place: nodes are loaded along the changed keys only, changed in
// memory, and written back by path. Deletion keeps the one shape that a set of keys has. [YP §App.
// D]
#include "chain/trie.h"

#include "base/check.h"
#include "chain/block.h"
#include "chain/trie_node.h"
#include "crypto/hash.h"

namespace holdfast::chain {
namespace {

using trie::Child;
using trie::Kind;
using trie::Node;
using trie::Ref;
using NodePtr = std::unique_ptr<Node>;

constexpr size_t key_nibbles = 2 * Hash32::size_bytes;

Nibbles joined(ByteView a, ByteView b) {
    Nibbles result;
    result.reserve(a.size() + b.size());
    append(result, a);
    append(result, b);
    return result;
}

/// What every recursion below relies on: paths never grow longer than a key. Enforced where nodes
/// enter memory, so a broken store cannot lead us astray.
void require(bool condition, ByteView path) {
    if (!condition) fatal("state store: the trie node at path " + to_hex(path) + " is broken");
}

class Update {
  public:
    explicit Update(const NodeSource& source) : source_(source) {
        if (auto rlp = source({})) root_ = decode({}, remember({}, std::move(*rlp)));
    }

    void put(ByteView key, ByteView value) { put_below(root_, key, 0, value); }
    void remove(ByteView key) { remove_below(root_, key, 0); }
    TrieUpdate finish();

  private:
    void put_below(NodePtr& slot, ByteView key, size_t depth, ByteView value);
    void remove_below(NodePtr& slot, ByteView key, size_t depth);
    void remove_from_branch(NodePtr& slot, ByteView key, size_t depth);
    static void split(NodePtr& slot, size_t common);
    static void join_extension(NodePtr& slot);
    NodePtr& load(Child& child, ByteView path);
    const Bytes& remember(ByteView path, Bytes rlp);
    static NodePtr decode(ByteView path, ByteView rlp);
    Ref write(Node& node, const Nibbles& path, TrieUpdate& update);
    void write_at(const Nibbles& path, Bytes rlp, TrieUpdate& update);

    const NodeSource& source_;
    NodePtr root_;
    std::map<Nibbles, Bytes>
        read_;  ///< every node that the source gave and that is not written yet
};

const Bytes& Update::remember(ByteView path, Bytes rlp) {
    return read_.insert_or_assign(to_bytes(path), std::move(rlp)).first->second;
}

NodePtr Update::decode(ByteView path, ByteView rlp) {
    NodePtr node = trie::decode_node(rlp);
    require(node != nullptr, path);
    const size_t reach = path.size() + node->path.size();
    switch (node->kind) {
        case Kind::leaf:
            require(reach == key_nibbles, path);
            break;
        case Kind::extension:
        case Kind::branch:
            require(reach < key_nibbles && node->value.empty(), path);
            break;
    }
    return node;
}

/// The child's node in memory; `path` leads to it. Null if there is no child.
NodePtr& Update::load(Child& child, ByteView path) {
    if (child.node != nullptr || child.ref.is_none()) return child.node;
    if (child.ref.is_hash()) {
        auto rlp = source_(path);
        require(rlp.has_value(), path);
        child.node = decode(path, remember(path, std::move(*rlp)));
    } else {
        child.node = decode(path, child.ref.item());
    }
    return child.node;
}

/// Turns a leaf or an extension into a branch `common` nibbles further down, with the old content
/// as its one child (put below an extension if common > 0). The caller adds the second.
void Update::split(NodePtr& slot, size_t common) {
    NodePtr old = std::move(slot);
    const Nibbles path = std::move(old->path);
    const auto at = path.begin() + static_cast<std::ptrdiff_t>(common);

    auto branch = std::make_unique<Node>();
    branch->kind = Kind::branch;
    branch->children.resize(trie::branch_width);
    old->path.assign(at + 1, path.end());
    // An extension by nothing is no node: its child moves up, to the same path that it had.
    Child& child = branch->children[*at];
    if (old->kind == Kind::extension && old->path.empty())
        child = std::move(old->children[0]);
    else
        child.node = std::move(old);

    if (common == 0) {
        slot = std::move(branch);
        return;
    }
    slot = std::make_unique<Node>();
    slot->kind = Kind::extension;
    slot->path.assign(path.begin(), at);
    slot->children.resize(1);
    slot->children[0].node = std::move(branch);
}

// Recursion is bounded by the nibbles of a key: every call goes at least one deeper, or returns.
// NOLINTNEXTLINE(misc-no-recursion)
void Update::put_below(NodePtr& slot, ByteView key, size_t depth, ByteView value) {
    if (slot == nullptr) {
        slot = std::make_unique<Node>();
        slot->path = to_bytes(key.subspan(depth));
        slot->value = to_bytes(value);
        return;
    }
    if (slot->kind == Kind::branch) {
        NodePtr& next = load(slot->children[key[depth]], key.first(depth + 1));
        put_below(next, key, depth + 1, value);
        return;
    }
    const size_t common = trie::common_prefix(slot->path, key.subspan(depth));
    if (common < slot->path.size()) {
        split(slot, common);
        put_below(slot, key, depth, value);
    } else if (slot->kind == Kind::leaf) {
        slot->value = to_bytes(value);
    } else {
        put_below(load(slot->children[0], key.first(depth + common)), key, depth + common, value);
    }
}

// NOLINTNEXTLINE(misc-no-recursion): bounded by the nibbles of a key
void Update::remove_below(NodePtr& slot, ByteView key, size_t depth) {
    if (slot == nullptr) return;
    if (slot->kind == Kind::branch) {
        remove_from_branch(slot, key, depth);
        return;
    }
    if (trie::common_prefix(slot->path, key.subspan(depth)) < slot->path.size()) return;
    if (slot->kind == Kind::leaf) {
        slot.reset();
        return;
    }
    const size_t below = depth + slot->path.size();
    remove_below(load(slot->children[0], key.first(below)), key, below);
    join_extension(slot);
}

/// A branch left with one child is no branch: the child takes its place, one nibble longer.
// NOLINTNEXTLINE(misc-no-recursion): bounded by the nibbles of a key
void Update::remove_from_branch(NodePtr& slot, ByteView key, size_t depth) {
    Child& child = slot->children[key[depth]];
    if (child.is_none()) return;
    remove_below(load(child, key.first(depth + 1)), key, depth + 1);
    if (child.node != nullptr) return;
    child = {};

    size_t left = 0;
    uint8_t last = 0;
    for (uint8_t i = 0; i < trie::branch_width; ++i) {
        if (slot->children[i].is_none()) continue;
        ++left;
        last = i;
    }
    if (left > 1) return;
    require(left == 1, key.first(depth));
    auto extension = std::make_unique<Node>();
    extension->kind = Kind::extension;
    extension->path = {last};
    extension->children.push_back(std::move(slot->children[last]));
    // Only its kind decides the shape now, so this one node off the way has to be read.
    load(extension->children[0], joined(key.first(depth), extension->path));
    slot = std::move(extension);
    join_extension(slot);
}

/// An extension leads to a branch; to a leaf or another extension it adds its path instead.
void Update::join_extension(NodePtr& slot) {
    NodePtr& child = slot->children[0].node;
    if (child == nullptr || child->kind == Kind::branch) return;
    child->path = joined(slot->path, child->path);
    NodePtr joined_node = std::move(child);
    slot = std::move(joined_node);
}

void Update::write_at(const Nibbles& path, Bytes rlp, TrieUpdate& update) {
    const auto before = read_.find(path);
    const bool same = before != read_.end() && before->second == rlp;
    if (before != read_.end()) read_.erase(before);
    if (!same) update.nodes.insert_or_assign(path, std::move(rlp));
}

/// Writes what is in memory, children first, and names the node.
// NOLINTNEXTLINE(misc-no-recursion): bounded by the nibbles of a key
Ref Update::write(Node& node, const Nibbles& path, TrieUpdate& update) {
    for (size_t i = 0; i < node.children.size(); ++i) {
        Child& child = node.children[i];
        if (child.node == nullptr) continue;
        const Nibbles step =
            node.kind == Kind::branch ? Nibbles{static_cast<uint8_t>(i)} : node.path;
        child.ref = write(*child.node, joined(path, step), update);
    }
    Bytes rlp = trie::encode_node(node);
    const Ref ref = Ref::of_node(rlp);
    if (path.empty()) update.root = crypto::keccak256(rlp);
    if (path.empty() || ref.is_hash()) write_at(path, std::move(rlp), update);
    return ref;
}

TrieUpdate Update::finish() {
    TrieUpdate update{.root = empty_trie_root(), .nodes = {}};
    if (root_ != nullptr) write(*root_, {}, update);
    // What was read and is nowhere now has moved, shrunk into its parent, or gone.
    for (const auto& [path, rlp] : read_) update.nodes.emplace(path, std::nullopt);
    return update;
}

}  // namespace

TrieUpdate update_trie(const NodeSource& source,
                       const std::map<Hash32, std::optional<Bytes>>& changes) {
    Update update(source);
    // Removals last: then a branch that gains one child and loses another need not collapse
    // between, nor its remaining child be read. What maps to nothing is not held. [YP §App. D]
    const auto removes = [](const std::optional<Bytes>& value) { return !value || value->empty(); };
    for (const auto& [key, value] : changes) {
        if (!removes(value)) update.put(to_nibbles(key.view()), *value);
    }
    for (const auto& [key, value] : changes) {
        if (removes(value)) update.remove(to_nibbles(key.view()));
    }
    return update.finish();
}

}  // namespace holdfast::chain
