// Who hears of what: headers go from neighbour to neighbour, each judged from its own ancestors
// before it is kept. A header without a known parent is not kept but a reason to ask for what is
// between: so orphans take no memory at all.
#include "base/sometimes.h"
#include "consensus/pow/core.h"

namespace holdfast::pow {
namespace {

/// So many of the neighbours are asked before this node takes its chain for everybody's.
constexpr size_t introductions = 8;
/// A need for old blocks is repeated after so many timeouts.
constexpr int catch_up_timeouts = 10;

}  // namespace

Peer* Core::heard(NodeId from) {
    auto found = peers_.find(from);
    if (found == peers_.end()) {
        if (peers_.size() >= config_.neighbours_max) return nullptr;
        found = peers_.emplace(from, Peer{}).first;
    }
    return found->second.muted_until ? nullptr : &found->second;
}

void Core::on_neighbours(const consensus::Neighbours& neighbours) {
    const auto& now = neighbours.reachable;
    std::vector<NodeId> gone;
    for (const auto& [id, peer] : peers_)
        if (std::ranges::find(now, id) == now.end()) gone.push_back(id);
    for (const NodeId id : gone) {
        peers_.at(id).tip = {};
        fail_fetches_from(id);
        peers_.erase(id);
    }
    for (const NodeId id : now) {
        if (id == config_.self || id == NodeId{} || peers_.contains(id)) continue;
        if (peers_.size() >= config_.neighbours_max) return;
        ask_headers(id, peers_[id], *delivered_);
    }
}

// Nobody's word is needed to go on, but a node that has only just begun asks around first, and who
// is alone waits for somebody a moment.
bool Core::is_introduced() const {
    if (now_ >= began_at_ + introduction_timeouts * config_.request_timeout) return true;
    if (peers_.empty()) return now_ >= began_at_ + config_.request_timeout;
    const auto asked = std::ranges::count_if(
        peers_, [](const auto& one) { return one.second.asked || one.second.muted_until; });
    return static_cast<size_t>(asked) >= std::min(peers_.size(), introductions);
}

// Once is enough: who comes later can hold up nobody.
bool Core::introduced() {
    introduced_ = introduced_ || is_introduced();
    return introduced_;
}

void Core::ask_headers(NodeId id, Peer& peer, const Block& from) {
    if (peer.headers_due || peer.muted_until) return;
    peer.headers_due = now_ + config_.request_timeout;
    peer.has_more = false;
    send(id, AskHeaders{tree_.locator(from)});
}

void Core::ask_everybody() {
    for (auto& [id, peer] : peers_) ask_headers(id, peer, *delivered_);
}

Block* Core::take_header(NodeId from, const Header& header) {
    const Tree::Addition addition = tree_.add(header);
    switch (addition.what) {
        case Tree::Added::fresh:
            changed_ = changed_ || addition.block->parted;
            return addition.block;
        case Tree::Added::known:
            return addition.block;
        case Tree::Added::flawed:
            // Whoever keeps the rules passes on no header that breaks one.
            HF_SOMETIMES("pow.flawed_header");
            ++counters_.flawed;
            mute(from);
            return nullptr;
        case Tree::Added::orphan:
        case Tree::Added::barren:
        case Tree::Added::full:
            return nullptr;
    }
    return nullptr;
}

void Core::on_announce(NodeId from, const Announce& announce) {
    Block* block = take_header(from, announce.tip);
    Peer& peer = peers_.at(from);
    if (peer.muted_until) return;
    if (block == nullptr) {
        ++counters_.orphans;
        Block* best = best_header();
        return ask_headers(from, peer, best == nullptr ? *delivered_ : *best);
    }
    peer.tip = block->hash;
    if (block->work < delivered_->work) announce_to(from, peer);
}

// The answer is on the chain that this node stands on, and on no other: the rest is hearsay.
void Core::on_ask_headers(NodeId from, const AskHeaders& ask) {
    Peer& peer = peers_.at(from);
    const Block* common = nullptr;
    for (const Hash32& hash : ask.locator) {
        const Block* block = tree_.find(hash);
        if (block == nullptr || !is_in_past(*block, *delivered_)) continue;
        common = block;
        break;
    }
    if (tree_.find(ask.locator.front()) == nullptr) ask_headers(from, peer, *delivered_);
    const Height first = first_body();
    if (common == nullptr || common->height().next() < first) {
        send(from, Gap{.first = first, .tip = delivered_->height()});
        return;
    }
    Headers answer;
    const uint64_t count =
        std::min<uint64_t>(delivered_->height() - common->height(), config_.headers_per_message);
    const Block* at = ancestor<const Block>(delivered_, common->height() + count);
    answer.more = at != delivered_;
    for (; at != common; at = at->parent) answer.headers.push_back(at->header);
    std::ranges::reverse(answer.headers);
    send(from, answer);
}

/// From here on, every body of the chain is in memory.
Height Core::first_body() const {
    const Block* at = delivered_;
    while (at->payload != nullptr && at->parent != nullptr) at = at->parent;
    return at->height().next();
}

void Core::on_headers(NodeId from, const Headers& headers) {
    Peer& peer = peers_.at(from);
    if (!peer.headers_due) return;  // nobody asked
    peer.headers_due.reset();
    peer.asked = changed_ = true;
    for (const Header& header : headers.headers) {
        Block* block = take_header(from, header);
        if (block == nullptr) return;
        peer.tip = block->hash;
    }
    peer.has_more = headers.more;
}

// Deep history is the ledger's business. What is not final here may be on another chain than the
// peer's, so it is asked for from there on.
void Core::on_gap(NodeId from, const Gap& gap) {
    Peer& peer = peers_.at(from);
    if (!peer.headers_due) return;
    peer.headers_due.reset();
    peer.asked = changed_ = true;
    const bool has_less = gap.tip < delivered_->height() || gap.first <= tree_.final().height() + 1;
    if (!has_less) catch_up(gap.tip, from);
}

void Core::catch_up(Height upto, NodeId source) {
    if (catch_up_again_at_) return;
    HF_SOMETIMES("pow.catch_up");
    catch_up_again_at_ = now_ + catch_up_timeouts * config_.request_timeout;
    out_.asks.emplace_back(
        consensus::CatchUp{.from = tree_.final().height().next(), .upto = upto, .source = source});
}

void Core::announce() {
    announced_ = delivered_->hash;
    for (const auto& [id, peer] : peers_) announce_to(id, peer);
}

void Core::announce_to(NodeId id, const Peer& peer) {
    if (peer.muted_until || delivered_->height() == Height{}) return;
    const Block* theirs = tree_.find(peer.tip);
    if (theirs != nullptr && is_in_past(*delivered_, *theirs)) return;
    send(id, Announce{delivered_->header});
}

void Core::mute(NodeId id) {
    Peer& peer = peers_.at(id);
    peer.muted_until = now_ + config_.mute;
    peer.headers_due.reset();
    peer.has_more = false;
    fail_fetches_from(id);
}

void Core::expire_requests() {
    for (auto& [id, peer] : peers_) {
        if (peer.headers_due && now_ >= *peer.headers_due) {
            peer.headers_due.reset();
            peer.asked = true;
        }
        if (peer.muted_until && now_ >= *peer.muted_until) peer.muted_until.reset();
    }
    std::vector<Hash32> late;
    for (const auto& [hash, fetch] : fetches_)
        if (now_ >= fetch.due) late.push_back(hash);
    for (const Hash32& hash : late) fail_fetch(hash, Failure::late);
    if (!catch_up_again_at_ || now_ < *catch_up_again_at_) return;
    catch_up_again_at_.reset();
    ask_everybody();
}

}  // namespace holdfast::pow
