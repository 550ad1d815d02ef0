// Which chain is the one, and how the ledger gets there: the most work whose bodies are all here,
// and, of equals, what was here first. [Nakamoto §5] Not the longest: a long chain may be cheap.
#include "base/check.h"
#include "base/sometimes.h"
#include "consensus/pow/core.h"

namespace holdfast::pow {
namespace {

/// An hour: a block further ahead of its time is looked at again all the same.
constexpr uint64_t ahead_max_ms = 3'600'000;

}  // namespace

bool Core::is_put_off(const Block& block) const {
    return block.put_off && *block.put_off > now_;
}

// May a chain go on through this block, as far as is known?
bool Core::is_passable(const Block& block) const {
    if (block.validity == Validity::bad || block.parted) return false;
    const Block* one = &block;
    for (; one != nullptr && !(one->whole && one->validity == Validity::good); one = one->parent)
        if (is_put_off(*one)) return false;
    return true;
}

// A chain that has not more work than what is delivered is no reason to move.
U256 Core::work_to_exceed() const {
    return delivered_->parted ? U256{} : delivered_->work;
}

// A chain of which a body is missing is none yet, however heavy: so nobody makes this node take
// back its blocks with headers alone.
Block* Core::goal() {
    return tree_.heaviest(
        work_to_exceed(), [&](const Block& one) { return one.whole && is_passable(one); },
        [](const Block& one) { return one.seen; });
}

// Where work is going on, as far as headers tell.
Block* Core::best_header() {
    return tree_.heaviest(
        work_to_exceed(), [&](const Block& one) { return is_passable(one); },
        [](const Block& one) { return one.told; });
}

// On the way from one chain to a heavier one, and so for now on less than what was left.
bool Core::is_in_a_switch() {
    const auto is_good = [](const Block& one) {
        return one.whole && one.validity == Validity::good && !one.parted;
    };
    return tree_.heaviest(work_to_exceed(), is_good, [](const Block& one) { return one.seen; }) !=
           nullptr;
}

void Core::choose() {
    if (!changed_) return;
    changed_ = false;
    Block* next = goal();
    while (next != nullptr && move_towards(*next)) next = goal();
    if (next == nullptr) cancel_check();
    if (is_in_a_switch()) return;
    advance_final();
    forget();
    if (next == nullptr && announced_ != delivered_->hash) announce();
}

// One block nearer; false if the ledger has to be asked first.
bool Core::move_towards(Block& goal) {
    Block& fork = fork_of(*delivered_, goal);
    if (&fork != delivered_) revert_to(fork);
    Block& next = *ancestor(&goal, fork.height().next());
    if (next.validity != Validity::good) {
        ask_check(next);
        return false;
    }
    if (checking_) cancel_check();
    deliver(next);
    return true;
}

// A body is judged on top of what was delivered last, and only there: it names the hash that
// executing its parent gave.
void Core::ask_check(Block& block) {
    if (checking_ && checking_->block == block.hash) return;
    cancel_check();
    checking_ = Asked{.ask = ++last_ask_, .block = block.hash};
    out_.asks.emplace_back(
        consensus::Check{.ask = last_ask_, .parent = nullptr, .payload = block.payload});
}

void Core::cancel_check() {
    if (!checking_) return;
    out_.asks.emplace_back(consensus::Cancel{checking_->ask});
    checking_.reset();
}

void Core::on_checked(const consensus::Checked& checked) {
    if (!checking_ || checking_->ask != checked.ask) return;
    Block* block = tree_.find(checking_->block);
    checking_.reset();
    changed_ = true;
    if (block == nullptr) return;
    const bool is_bad = checked.verdict == consensus::Verdict::bad;
    // The schedule of targets goes by the header's time, and the ledger by the payload's: a miner
    // who tells two times would bend one of them.
    if (is_bad || checked.time_ms != block->header.time_ms) {
        HF_SOMETIMES("pow.bad_block");
        ++counters_.bad_blocks;
        tree_.mark_bad(*block);
    } else if (checked.verdict == consensus::Verdict::later) {
        HF_SOMETIMES("pow.block_ahead_of_its_time");
        put_off(*block, checked.time_ms);
    } else {
        block->validity = Validity::good;
        if (!clock_ || checked.time_ms > clock_->time_ms)
            clock_ = ClockFloor{now_, checked.time_ms};
    }
}

// On top of the chain, asking again costs nothing. In a switch it costs a way back and forth, so
// it waits until the answer must be another: by then the wall clock, which was far enough for some
// block before, has gone on by what this one is ahead of that. If nothing is known of the clock, it
// waits twice as long each time.
void Core::put_off(Block& block, WallMillis time_ms) {
    Duration wait = config_.later_again;
    if (is_in_a_switch()) {
        constexpr unsigned doublings_max = 10;
        wait *= int64_t{1} << std::min(block.times_put_off++, doublings_max);
        if (clock_ && time_ms > clock_->time_ms) {
            const uint64_t ahead = std::min(time_ms - clock_->time_ms, ahead_max_ms);
            const Instant due = clock_->at + std::chrono::milliseconds(ahead + 1);
            wait = std::max(wait, std::chrono::duration_cast<Duration>(due - now_));
        }
    }
    block.put_off = now_ + wait;
}

void Core::revert_to(Block& fork) {
    CHECK(fork.height() >= tree_.final().height() || delivered_->parted,
          "what is final is never taken back");
    HF_SOMETIMES("pow.reorganisation");
    ++counters_.reorganisations;
    counters_.deepest = std::max(counters_.deepest, delivered_->height() - fork.height());
    cancel_check();
    // What has no body here cannot be delivered again, should this be the way back.
    for (Block* one = delivered_; one != &fork; one = one->parent)
        if (one->payload == nullptr) tree_.unsettle(*one);
    out_.orders.emplace_back(consensus::Revert{fork.height()});
    delivered_ = &fork;
}

void Core::deliver(Block& block) {
    CHECK(block.parent == delivered_ && block.seen != 0, "delivered in order, and durable");
    out_.orders.emplace_back(
        consensus::Deliver{.position = block.height(),
                           .payload = block.payload,
                           .origin = {.proposer = block.header.miner, .epoch = 0, .view = 0},
                           .mark = encode(tree_.mark_of(block))});
    delivered_ = &block;
}

// So many blocks were built upon it that the work to make another is beyond an attacker, says the
// ledger's genesis. Nobody who has only just come says so: who has not yet asked those around him
// may be looking at a chain that one of them made for him.
void Core::advance_final() {
    const Height last = tree_.final().height();
    const uint64_t depth = config_.rules.final_depth;
    if (introduced() && delivered_->height() > last + depth) {
        Block* block = ancestor(delivered_, delivered_->height() - depth);
        if (block != nullptr && is_in_past(tree_.final(), *block))
            tree_.make_final(*block, delivered_->work);
    }
    // What was final in an earlier life is said again, once the ledger has it again.
    if (tree_.final().height() <= told_final_ || !is_in_past(tree_.final(), *delivered_)) return;
    told_final_ = tree_.final().height();
    out_.final_moved = true;
}

// Some blocks below what is final stay in memory for peers; their records are of no use.
void Core::forget() {
    size_t blocks = 0;
    size_t bytes = 0;
    Block* root = &fork_of(tree_.final(), *delivered_);
    while (root->parent != nullptr && blocks < config_.retained_blocks) {
        bytes += root->payload ? root->payload->size() : 0;
        if (bytes > config_.retained_bytes_max) break;
        root = root->parent;
        ++blocks;
    }
    tree_.move_root(*root);
    if (!out_.final_moved) return;
    consensus::Token oldest = next_token_;
    for (const auto& [hash, block] : tree_.blocks()) {
        const bool needed = block.token != consensus::Token{} && block.payload != nullptr &&
                            block.height() > tree_.final().height();
        if (needed) oldest = std::min(oldest, block.token);
    }
    // The record that says what is final is the one that is written now.
    constexpr uint64_t worth_it = 16;
    if (oldest.value <= forgotten_.value + worth_it) return;
    forgotten_ = oldest.previous();
    out_.forget = forgotten_;
}

}  // namespace holdfast::pow
