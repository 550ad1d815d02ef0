// Trie nodes as RLP. [YP §App. C, D]
#include "chain/trie_node.h"

#include "base/check.h"
#include "chain/rlp.h"
#include "crypto/hash.h"

namespace holdfast::chain::trie {
namespace {

constexpr uint8_t leaf_flag = 0x20;
constexpr uint8_t odd_flag = 0x10;
constexpr uint8_t empty_string = 0x80;
constexpr uint8_t hash_prefix = 0x80 + Hash32::size_bytes;
constexpr size_t pair_items = 2;
constexpr size_t branch_items = branch_width + 1;

struct HexPrefixed {
    Nibbles nibbles;
    bool is_leaf = false;
};

std::optional<HexPrefixed> parse_hex_prefix(ByteView bytes) {
    if (bytes.empty() || bytes[0] >= leaf_flag * 2) return std::nullopt;
    HexPrefixed result{.nibbles = {}, .is_leaf = (bytes[0] & leaf_flag) != 0};
    const bool odd = (bytes[0] & odd_flag) != 0;
    if (!odd && (bytes[0] & 15) != 0) return std::nullopt;
    if (odd) result.nibbles.push_back(bytes[0] & 15);
    append(result.nibbles, to_nibbles(bytes.subspan(1)));
    return result;
}

/// A child is nothing, a hash, or a list shorter than a hash would be.
std::optional<Ref> parse_ref(ByteView item) {
    if (item.empty()) return std::nullopt;
    const bool none = item.size() == 1 && item[0] == empty_string;
    const bool hash = item.size() == 1 + Hash32::size_bytes && item[0] == hash_prefix;
    const bool embedded = item[0] >= 0xc0 && item.size() < hashed_size_min;
    if (!none && !hash && !embedded) return std::nullopt;
    return Ref::of_item(item);
}

std::unique_ptr<Node> decode_pair(ByteView first, ByteView second) {
    rlp::Decoder path_in(first);
    const auto path = parse_hex_prefix(path_in.string());
    if (!path_in.finish() || !path) return nullptr;
    auto node = std::make_unique<Node>();
    node->path = path->nibbles;
    if (path->is_leaf) {
        rlp::Decoder value_in(second);
        node->value = to_bytes(value_in.string());
        if (!value_in.finish() || node->value.empty()) return nullptr;
        return node;
    }
    const auto ref = parse_ref(second);
    if (!ref || ref->is_none() || node->path.empty()) return nullptr;
    node->kind = Kind::extension;
    node->children.resize(1);
    node->children[0].ref = *ref;
    return node;
}

std::unique_ptr<Node> decode_branch(const std::array<ByteView, branch_items>& items) {
    auto node = std::make_unique<Node>();
    node->kind = Kind::branch;
    node->children.resize(branch_width);
    for (size_t i = 0; i < branch_width; ++i) {
        const auto ref = parse_ref(items[i]);
        if (!ref) return nullptr;
        node->children[i].ref = *ref;
    }
    rlp::Decoder value_in(items[branch_width]);
    node->value = to_bytes(value_in.string());
    if (!value_in.finish()) return nullptr;
    return node;
}

}  // namespace

Ref Ref::of_item(ByteView item) {
    CHECK(item.size() <= 1 + Hash32::size_bytes, "a reference is a hash or shorter");
    Ref ref;
    if (item.size() == 1 && item[0] == empty_string) return ref;
    ref.size_ = static_cast<uint8_t>(item.size());
    std::ranges::copy(item, ref.bytes_.begin());
    return ref;
}

Ref Ref::of_node(ByteView rlp) {
    if (rlp.size() < hashed_size_min) return of_item(rlp);
    Ref ref;
    ref.size_ = 1 + Hash32::size_bytes;
    ref.bytes_[0] = hash_prefix;
    std::ranges::copy(crypto::keccak256(rlp).bytes, ref.bytes_.begin() + 1);
    return ref;
}

std::unique_ptr<Node> decode_node(ByteView rlp) {
    rlp::Decoder in(rlp);
    rlp::Decoder list = in.list();
    std::array<ByteView, branch_items> items;
    size_t count = 0;
    while (!list.at_end() && count < items.size()) items[count++] = list.item();
    in.close(list);
    if (!in.finish()) return nullptr;
    if (count == pair_items) return decode_pair(items[0], items[1]);
    if (count == branch_items) return decode_branch(items);
    return nullptr;
}

Bytes encode_node(const Node& node) {
    rlp::Encoder out;
    const auto put_ref = [&out](const Ref& ref) {
        if (ref.is_none())
            out.string({});
        else
            out.raw(ref.item());
    };
    out.begin_list();
    switch (node.kind) {
        case Kind::leaf:
            out.string(hex_prefix(node.path, true));
            out.string(node.value);
            break;
        case Kind::extension:
            out.string(hex_prefix(node.path, false));
            put_ref(node.children[0].ref);
            break;
        case Kind::branch:
            for (const Child& child : node.children) put_ref(child.ref);
            out.string(node.value);
            break;
    }
    out.end_list();
    return out.take();
}

Bytes hex_prefix(ByteView nibbles, bool is_leaf) {
    const bool odd = nibbles.size() % 2 != 0;
    uint8_t first = is_leaf ? leaf_flag : 0;
    if (odd) first = static_cast<uint8_t>(first | odd_flag | nibbles[0]);
    Bytes bytes;
    bytes.reserve(1 + nibbles.size() / 2);
    bytes.push_back(first);
    for (size_t i = odd ? 1 : 0; i < nibbles.size(); i += 2)
        bytes.push_back(static_cast<uint8_t>(nibbles[i] << 4 | nibbles[i + 1]));
    return bytes;
}

}  // namespace holdfast::chain::trie

namespace holdfast::chain {

Nibbles to_nibbles(ByteView key) {
    Nibbles nibbles;
    nibbles.reserve(key.size() * 2);
    for (const uint8_t byte : key) {
        nibbles.push_back(byte >> 4);
        nibbles.push_back(byte & 15);
    }
    return nibbles;
}

}  // namespace holdfast::chain
