// The trie of keys that come in ascending order, in constant memory: what lies left of the last key
// can never change again, so it is handed out and forgotten.
#pragma once

#include <functional>

#include "chain/trie.h"

namespace holdfast::ledger {

class SortedTrie {
  public:
    using Sink = std::function<void(const Bytes& path, const Bytes& node)>;

    /// `final_node` (may be empty) gets every node once, in its final form.
    explicit SortedTrie(Sink final_node = {}) : final_node_(std::move(final_node)) {}

    /// Keys must ascend.
    void add(const Hash32& key, Bytes value);
    /// The root of all that was added; the trie is empty again.
    Hash32 finish();

  private:
    void apply();
    void hand_out(ByteView keep_prefixes_of);

    Sink final_node_;
    std::map<Hash32, std::optional<Bytes>> pending_;
    std::map<Bytes, Bytes> nodes_;  ///< that may still change
    std::optional<Hash32> root_;
};

}  // namespace holdfast::ledger
