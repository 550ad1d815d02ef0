// Blocks from peers of whom some may lie: which of them may be executed.
#pragma once

#include <map>
#include <span>

#include "chain/member.h"
#include "node/messages.h"

namespace holdfast::node {

/// What can be known of an answer from itself.
struct Examined {
    std::vector<Hash32> hashes;  ///< of the blocks that hang together, from the first on
    size_t certified = 0;        ///< so many of them a quorum vouches for
    std::string flaw;            ///< why not all hang together; empty: they do
};

/// The blocks up to `upto` are attested by `members`; blocks above are left for later, and are no
/// flaw. A certificate vouches for the blocks before it as well: each names its parent by hash, and
/// its transactions by their root.
Examined examine(std::span<const SyncBlock> blocks, Height from, Height upto,
                 const chain::MemberSet& members, const Hash32& genesis);

/// What members say of blocks that have no certificate yet, and perhaps never get one.
class Hearsay {
  public:
    /// `from` has executed these blocks, the first of them at `first`.
    void note(NodeId from, Height first, std::span<const Hash32> hashes);
    /// Of `hashes`, so many from the first on may be executed: more than a third of the weight,
    /// hence somebody honest, has executed them.
    [[nodiscard]] size_t believed(Height first, std::span<const Hash32> hashes,
                                  const chain::MemberSet& members) const;
    void forget(Height upto) { said_.erase(said_.begin(), said_.upper_bound(upto)); }

  private:
    std::map<Height, std::map<NodeId, Hash32>> said_;
};

}  // namespace holdfast::node
