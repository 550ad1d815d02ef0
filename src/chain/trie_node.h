// One node of a Merkle-Patricia trie, as bytes and in memory. For the trie's own files.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "chain/trie.h"

namespace holdfast::chain::trie {

inline constexpr size_t branch_width = 16;
/// Shorter nodes are embedded in their parent instead of named by their hash. [YP §App. D]
inline constexpr size_t hashed_size_min = 32;

/// How a parent names a child, as RLP: nothing, a hash, or the child itself if it is small.
class Ref {
  public:
    Ref() = default;
    /// `item` is a whole RLP item of at most 33 bytes, "0x80" standing for nothing.
    static Ref of_item(ByteView item);
    /// The name of a node with this RLP.
    static Ref of_node(ByteView rlp);

    [[nodiscard]] bool is_none() const { return size_ == 0; }
    [[nodiscard]] bool is_hash() const { return size_ == 1 + Hash32::size_bytes; }
    [[nodiscard]] ByteView item() const { return ByteView(bytes_).first(size_); }
    /// Only of a hash.
    [[nodiscard]] ByteView hash() const { return item().subspan(1); }

  private:
    uint8_t size_ = 0;
    std::array<uint8_t, 1 + Hash32::size_bytes> bytes_{};
};

struct Node;

/// A child that is in memory, or only named, or absent.
struct Child {
    Ref ref;
    std::unique_ptr<Node> node;  ///< takes precedence over `ref`
    [[nodiscard]] bool is_none() const { return node == nullptr && ref.is_none(); }
};

enum class Kind : uint8_t { leaf, extension, branch };

struct Node {
    Kind kind = Kind::leaf;
    Nibbles path;                 ///< leaf, extension
    Bytes value;                  ///< leaf; a branch's own value (keys of unequal length only)
    std::vector<Child> children;  ///< extension: 1; branch: 16
};

/// Null unless `rlp` is a well-formed node.
std::unique_ptr<Node> decode_node(ByteView rlp);
/// Every child in memory must have its `ref` up to date.
Bytes encode_node(const Node& node);
/// Nibbles as bytes, with the kind of node in the first. [YP §App. C]
Bytes hex_prefix(ByteView nibbles, bool is_leaf);

inline size_t common_prefix(ByteView a, ByteView b) {
    return static_cast<size_t>(std::ranges::mismatch(a, b).in1 - a.begin());
}

}  // namespace holdfast::chain::trie
