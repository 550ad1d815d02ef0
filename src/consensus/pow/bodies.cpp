// Bodies, asked for one by one along the heaviest chain of headers: only work makes this node
// download anything. What a peer does not give in time, the next one is asked for.
#include "base/sometimes.h"
#include "consensus/pow/core.h"
#include "crypto/hash.h"

namespace holdfast::pow {
namespace {

/// Nobody gave it: so many timeouts later everybody is asked again.
constexpr int put_off_timeouts = 4;

}  // namespace

void Core::fetch() {
    for (auto& [id, peer] : peers_) {
        const Block* tip = tree_.find(peer.tip);
        const bool has_room =
            tip != nullptr && tip->height() < delivered_->height() + config_.headers_max / 4;
        if (peer.has_more && has_room) ask_headers(id, peer, *tip);
    }
    if (Block* tip = best_header()) fetch_along(*tip);
}

void Core::fetch_along(Block& tip) {
    std::vector<Block*> missing;
    const Height limit =
        delivered_->height() + config_.bodies_ahead_max + config_.rules.final_depth;
    for (Block* one = &tip; one != nullptr && !one->whole; one = one->parent) {
        const bool is_here = one->payload != nullptr || fetches_.contains(one->hash);
        if (!is_here && one->height() <= limit) missing.push_back(one);
    }
    std::map<NodeId, AskBodies> asks;
    for (; !missing.empty() && fetches_.size() < config_.bodies_in_flight_max; missing.pop_back()) {
        Block& block = *missing.back();
        NodeId source;
        const Source found = find_source(block, source);
        if (found == Source::none) give_up(block);
        if (found != Source::found) break;
        ++peers_.at(source).bodies_asked;
        fetches_[block.hash] = {.from = source, .due = now_ + config_.request_timeout};
        asks[source].blocks.push_back(block.hash);
    }
    for (const auto& [id, ask] : asks) send(id, ask);
}

bool Core::may_have(const Peer& peer, const Block& block) const {
    const Block* tip = tree_.find(peer.tip);
    return tip != nullptr && is_in_past(block, *tip);
}

// Who is known to have it, or else anybody; of several, who has least to do.
Core::Source Core::find_source(const Block& block, NodeId& source) const {
    Source result = Source::none;
    const Peer* best = nullptr;
    for (const bool known : {true, false}) {
        for (const auto& [id, peer] : peers_) {
            if (peer.muted_until || peer.lacks.contains(block.hash)) continue;
            if (may_have(peer, block) != known) continue;
            if (peer.bodies_asked >= config_.bodies_in_flight_per_peer_max) {
                result = Source::busy;
            } else if (best == nullptr || peer.bodies_asked < best->bodies_asked) {
                best = &peer;
                source = id;
            }
        }
        if (best != nullptr) return Source::found;
        if (result == Source::busy) return result;
    }
    return result;
}

// Anything that is here is given to whoever asks: its header has been sealed, and its sender paid.
void Core::on_ask_bodies(NodeId from, const AskBodies& ask) {
    for (const Hash32& hash : ask.blocks) {
        const Block* block = tree_.find(hash);
        const bool is_here = block != nullptr && block->payload != nullptr && block->seen != 0;
        if (is_here) {
            send(from, Body{.block = hash, .payload = block->payload});
        } else {
            send(from, NoBody{hash});
        }
    }
}

// A body that is not the header's says nothing about the block: else anybody could spoil a good
// one for everybody.
void Core::on_body(NodeId from, const Body& body) {
    if (!fetches_.contains(body.block)) return;
    Block* block = tree_.find(body.block);
    if (block == nullptr || block->payload != nullptr) return end_fetch(body.block);
    if (crypto::sha256(*body.payload) != block->header.payload) {
        HF_SOMETIMES("pow.wrong_body");
        ++counters_.wrong_bodies;
        return mute(from);
    }
    end_fetch(body.block);
    if (body.payload->size() > config_.rules.payload_bytes_max) {
        ++counters_.bad_blocks;
        tree_.mark_bad(*block);
        return;
    }
    keep_body(*block, body.payload);
}

// Written before anybody hears of it; of use once that is durable.
void Core::keep_body(Block& block, Buffer payload) {
    block.payload = std::move(payload);
    block.put_off.reset();
    out_.blocks.push_back(block.hash);
}

void Core::on_no_body(NodeId from, const NoBody& answer) {
    const auto fetch = fetches_.find(answer.block);
    if (fetch != fetches_.end() && fetch->second.from == from)
        fail_fetch(answer.block, Failure::refused);
}

void Core::end_fetch(const Hash32& hash) {
    const auto fetch = fetches_.find(hash);
    if (fetch == fetches_.end()) return;
    const auto peer = peers_.find(fetch->second.from);
    if (peer != peers_.end() && peer->second.bodies_asked > 0) --peer->second.bodies_asked;
    fetches_.erase(fetch);
}

// The next one is asked, and if there is none, everybody again after a while.
void Core::fail_fetch(const Hash32& hash, Failure failure) {
    const NodeId from = fetches_.at(hash).from;
    end_fetch(hash);
    if (const auto peer = peers_.find(from); peer != peers_.end()) {
        constexpr size_t lacks_max = 1000;
        if (peer->second.lacks.size() >= lacks_max) peer->second.lacks.clear();
        peer->second.lacks[hash] = failure == Failure::refused;
    }
    Block* block = tree_.find(hash);
    if (block == nullptr || block->payload != nullptr) return;
    NodeId next;
    const Source found = find_source(*block, next);
    if (found == Source::none) return give_up(*block);
    if (found == Source::busy) return;  // its turn comes
    HF_SOMETIMES("pow.next_peer_for_a_body");
    ++peers_.at(next).bodies_asked;
    fetches_[hash] = {.from = next, .due = now_ + config_.request_timeout};
    send(next, AskBodies{{hash}});
}

void Core::give_up(Block& block) {
    HF_SOMETIMES("pow.nobody_gives_a_body");
    bool is_refused = false;  // else it was lost on the way, as it seems
    for (auto& [id, peer] : peers_) {
        const auto lacks = peer.lacks.find(block.hash);
        if (lacks == peer.lacks.end()) continue;
        is_refused = is_refused || lacks->second;
        peer.lacks.erase(lacks);
    }
    block.put_off = now_ + (is_refused ? put_off_timeouts : 1) * config_.request_timeout;
    if (!is_refused) return;
    // Whoever has gone past it may have it in his ledger only.
    for (const auto& [id, peer] : peers_)
        if (!peer.muted_until && may_have(peer, block))
            return catch_up(tree_.find(peer.tip)->height(), id);
}

void Core::fail_fetches_from(NodeId id) {
    std::vector<Hash32> lost;
    for (const auto& [hash, fetch] : fetches_)
        if (fetch.from == id) lost.push_back(hash);
    for (const Hash32& hash : lost) fail_fetch(hash, Failure::late);
}

}  // namespace holdfast::pow
