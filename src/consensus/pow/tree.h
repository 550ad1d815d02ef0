// All blocks that a node knows of and has not left behind: a tree of valid headers, each with as
// much of its body as is here. Refuses what breaks a rule, whatever it comes from, and knows
// nothing of peers, disks or the ledger.
#pragma once

#include <map>
#include <memory>

#include "base/time.h"
#include "consensus/pow/header.h"

namespace holdfast::pow {

enum class Validity : uint8_t {
    unknown,  ///< the ledger was not asked yet
    good,
    bad,  ///< for ever, and with it all that follows
};

struct Block {
    Header header;
    Hash32 hash;
    U256 work;  ///< of the chain up to here
    Block* parent = nullptr;
    std::vector<Block*> children;

    uint64_t told = 0;       ///< order in which headers came
    Buffer payload;          ///< null: not here
    consensus::Token token;  ///< of its record, the newest; 0: none
    uint64_t seen = 0;       ///< order in which bodies came to be safely here; 0: not yet
    bool whole = false;      ///< its body is safely here, and those of all before it
    Validity validity = Validity::unknown;
    bool parted = false;  ///< leaves the chain below what is final: never to be followed
    /// Until then it is passed over: its time is ahead, or nobody gives its body.
    std::optional<Instant> put_off;
    unsigned times_put_off = 0;

    [[nodiscard]] Height height() const { return header.height; }
};

class Tree {
  public:
    enum class Added : uint8_t { fresh, known, orphan, flawed, barren, full };
    struct Addition {
        Added what;
        Block* block = nullptr;  ///< if fresh or known
        Flaw flaw = Flaw::none;  ///< if flawed
    };

    /// Begins with the block of the mark, or with genesis: it is taken as good.
    Tree(const Rules& rules, const std::optional<Mark>& root, size_t headers_max);

    /// Judges the header by its own ancestry. `barren`: it follows a bad block.
    Addition add(const Header& header);
    /// The body of a block is here and durable: it is whole, if its ancestors are.
    void settle(Block& block);
    /// The body of a block is here no more.
    void unsettle(Block& block);
    /// The block and all that follows, now and later.
    void mark_bad(Block& block);
    /// Everything that leaves this block's chain below it is parted, and what has less work than
    /// `work` is forgotten. The block must not be below the last such.
    void make_final(Block& block, const U256& work);
    /// Forgets what is before this block, which must not be above the final one.
    void move_root(Block& block);

    [[nodiscard]] Block* find(const Hash32& hash);
    [[nodiscard]] const Block* find(const Hash32& hash) const;
    [[nodiscard]] Block& root() { return *root_; }
    [[nodiscard]] const Block& root() const { return *root_; }
    [[nodiscard]] Block& final() { return *final_; }
    [[nodiscard]] const Block& final() const { return *final_; }
    [[nodiscard]] size_t size() const { return blocks_.size(); }
    [[nodiscard]] const std::map<Hash32, Block>& blocks() const { return blocks_; }

    /// The heaviest block above `work` that `wanted` says yes to, the one that is least by `order`
    /// if there are several; null if there is none. [Nakamoto §5: first seen on ties]
    template <class Wanted, class Order>
    [[nodiscard]] Block* heaviest(const U256& work, Wanted wanted, Order order) {
        Block* best = nullptr;
        // Any order of the map gives the same: the comparison is total.
        for (auto& [hash, block] : blocks_) {
            if (block.work <= work || (best != nullptr && block.work < best->work)) continue;
            const bool is_better =
                best == nullptr || block.work > best->work || order(block) < order(*best);
            if (is_better && wanted(block)) best = &block;
        }
        return best;
    }

    /// Work of the heaviest chain that is parted; 0 if there is none.
    [[nodiscard]] U256 parted_work() const;
    /// Times of the block and up to ten before it, oldest first.
    [[nodiscard]] std::vector<WallMillis> times_upto(const Block& block) const;
    [[nodiscard]] Mark mark_of(const Block& block) const;
    /// Hashes from the block back to the root, ever further apart: whoever follows another branch
    /// finds where it left. [Bitcoin, CBlockLocator]
    [[nodiscard]] std::vector<Hash32> locator(const Block& block) const;

  private:
    void part(Block& block, const U256& work);
    void erase(Block& block);
    bool make_room(const U256& work, const Block& parent);

    Rules rules_;
    size_t headers_max_;
    std::map<Hash32, Block> blocks_;  ///< addresses stay
    std::vector<WallMillis> times_;   ///< of up to ten blocks before the root
    Block* root_ = nullptr;
    Block* final_ = nullptr;
    uint64_t told_ = 0;
    uint64_t seen_ = 0;
};

/// The ancestor at this height, or the block itself; null if it is before the root or above.
template <class B>
B* ancestor(B* block, Height height) {
    while (block != nullptr && block->height() > height) block = block->parent;
    return block != nullptr && block->height() == height ? block : nullptr;
}
/// Where the two chains part: every two blocks of a tree have such a block.
Block& fork_of(Block& a, Block& b);
/// Is `block` in the past of `tip`, or the same?
bool is_in_past(const Block& block, const Block& tip);

}  // namespace holdfast::pow
