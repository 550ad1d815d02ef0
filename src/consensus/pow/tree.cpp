// The tree of blocks: what it takes in, and what it lets go.
#include "consensus/pow/tree.h"

#include "base/check.h"
#include "consensus/pow/difficulty.h"

namespace holdfast::pow {
namespace {

/// So many steps back one by one, before they double.
constexpr size_t locator_dense = 8;

}  // namespace

Tree::Tree(const Rules& rules, const std::optional<Mark>& root, size_t headers_max)
    : rules_(rules), headers_max_(headers_max) {
    Block block;
    block.header = root ? root->header : genesis_header(rules);
    block.hash = root ? hash_of(block.header) : rules.genesis;
    block.work = root ? root->work : U256{};
    block.whole = true;
    block.validity = Validity::good;
    if (root) times_ = root->times;
    root_ = final_ = &blocks_.emplace(block.hash, block).first->second;
}

Tree::Addition Tree::add(const Header& header) {
    const Hash32 hash = hash_of(header);
    if (Block* known = find(hash)) return {.what = Added::known, .block = known};
    Block* parent = find(header.parent);
    if (parent == nullptr) {
        // Nothing is kept of it, but whether it is junk can be told all the same.
        const bool sealed = header.target <= rules_.target_max && is_sealed(header);
        if (!sealed) return {.what = Added::flawed, .flaw = Flaw::seal};
        return {.what = Added::orphan};
    }
    const Flaw flaw = flaw_of(rules_, parent->header, times_upto(*parent), header);
    if (flaw != Flaw::none) return {.what = Added::flawed, .flaw = flaw};
    if (parent->validity == Validity::bad) return {.what = Added::barren};
    const auto work = checked_add(parent->work, work_of(header.target));
    if (!work || !make_room(*work, *parent)) return {.what = Added::full};

    Block& block = blocks_[hash];
    block.header = header;
    block.hash = hash;
    block.work = *work;
    block.parent = parent;
    block.told = ++told_;
    // Below what is final there is one chain, and this is another.
    block.parted = parent->parted || parent->height() < final_->height();
    parent->children.push_back(&block);
    return {.what = Added::fresh, .block = &block};
}

void Tree::settle(Block& block) {
    block.seen = ++seen_;
    std::vector<Block*> next{&block};
    while (!next.empty()) {
        Block* one = next.back();
        next.pop_back();
        if (one->whole || one->seen == 0 || one->parent == nullptr || !one->parent->whole) continue;
        one->whole = true;
        next.insert(next.end(), one->children.begin(), one->children.end());
    }
}

void Tree::unsettle(Block& block) {
    block.seen = 0;
    std::vector<Block*> next{&block};
    while (!next.empty()) {
        Block* one = next.back();
        next.pop_back();
        one->whole = false;
        next.insert(next.end(), one->children.begin(), one->children.end());
    }
}

void Tree::mark_bad(Block& block) {
    std::vector<Block*> next{&block};
    while (!next.empty()) {
        Block* one = next.back();
        next.pop_back();
        one->validity = Validity::bad;
        one->payload.reset();
        next.insert(next.end(), one->children.begin(), one->children.end());
    }
}

void Tree::make_final(Block& block, const U256& work) {
    CHECK(is_in_past(*final_, block), "what is final stays");
    for (Block* kept = &block; kept != final_; kept = kept->parent) {
        const std::vector<Block*> children = kept->parent->children;
        for (Block* child : children)
            if (child != kept) part(*child, work);
    }
    final_ = &block;
}

// A branch that is heavier than the chain is remembered without its bodies: the operator must hear
// of it.
void Tree::part(Block& block, const U256& work) {
    std::vector<Block*> all{&block};
    for (size_t i = 0; i < all.size(); ++i)
        all.insert(all.end(), all[i]->children.begin(), all[i]->children.end());
    const bool is_heavier =
        std::ranges::any_of(all, [&](const Block* one) { return one->work > work; });
    for (size_t i = all.size(); i-- > 0;) {
        all[i]->parted = true;
        all[i]->payload.reset();
        if (!is_heavier) erase(*all[i]);
    }
}

void Tree::move_root(Block& block) {
    if (&block == root_) return;
    CHECK(is_in_past(*root_, block) && is_in_past(block, *final_), "the root is below final");
    std::vector<WallMillis> times = times_upto(*block.parent);
    if (times.size() > median_blocks - 1) times.erase(times.begin());
    times_ = std::move(times);
    std::vector<Block*> all{root_};
    for (size_t i = 0; i < all.size(); ++i)
        for (Block* child : all[i]->children)
            if (child != &block) all.push_back(child);
    block.parent = nullptr;
    root_ = &block;
    for (const Block* one : all) blocks_.erase(Hash32(one->hash));
}

// Of a block without children.
void Tree::erase(Block& block) {
    std::erase(block.parent->children, &block);
    blocks_.erase(Hash32(block.hash));
}

// The lightest end of any branch gives way to a heavier one: what somebody wants to fill this
// memory with has to outweigh all that is in it. Bodies that are here were asked for.
bool Tree::make_room(const U256& work, const Block& parent) {
    if (blocks_.size() < headers_max_) return true;
    Block* lightest = nullptr;
    for (auto& [hash, block] : blocks_) {
        const bool may_go =
            block.children.empty() && block.payload == nullptr && &block != &parent && !block.whole;
        if (may_go && (lightest == nullptr || block.work < lightest->work)) lightest = &block;
    }
    if (lightest == nullptr || lightest->work >= work) return false;
    erase(*lightest);
    return true;
}

Block* Tree::find(const Hash32& hash) {
    const auto found = blocks_.find(hash);
    return found == blocks_.end() ? nullptr : &found->second;
}

const Block* Tree::find(const Hash32& hash) const {
    const auto found = blocks_.find(hash);
    return found == blocks_.end() ? nullptr : &found->second;
}

U256 Tree::parted_work() const {
    U256 most;
    for (const auto& [hash, block] : blocks_)
        if (block.parted) most = std::max(most, block.work);
    return most;
}

std::vector<WallMillis> Tree::times_upto(const Block& block) const {
    std::vector<WallMillis> times;
    for (const Block* one = &block; one != nullptr && times.size() < median_blocks;
         one = one->parent)
        times.push_back(one->header.time_ms);
    for (size_t i = times_.size(); i-- > 0 && times.size() < median_blocks;)
        times.push_back(times_[i]);
    std::ranges::reverse(times);
    return times;
}

Mark Tree::mark_of(const Block& block) const {
    Mark mark{.header = block.header, .work = block.work, .times = times_upto(block)};
    mark.times.pop_back();
    return mark;
}

std::vector<Hash32> Tree::locator(const Block& block) const {
    std::vector<Hash32> hashes;
    uint64_t step = 1;
    const Block* at = &block;
    while (at != root_) {
        hashes.push_back(at->hash);
        if (hashes.size() >= locator_dense) step *= 2;
        for (uint64_t i = 0; i < step && at != root_; ++i) at = at->parent;
    }
    hashes.push_back(root_->hash);
    return hashes;
}

Block& fork_of(Block& a, Block& b) {
    Block* one = &a;
    Block* other = &b;
    while (one != other) {
        Block*& higher = one->height() >= other->height() ? one : other;
        higher = higher->parent;
        CHECK(higher != nullptr, "blocks of one tree have a common past");
    }
    return *one;
}

bool is_in_past(const Block& block, const Block& tip) {
    return ancestor(&tip, block.height()) == &block;
}

}  // namespace holdfast::pow
