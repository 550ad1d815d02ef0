// R8 and R9: helping each other on. A node that stands still says where it stands; whoever is
// further sends what it lacks, and no more: so a stuck cluster is not talked to death.
#include "base/sometimes.h"
#include "consensus/bft/core.h"

namespace holdfast::bft {
namespace {

constexpr size_t helped_views_max = 16;
constexpr size_t fetching_max = 64;
constexpr uint64_t fetch_tries_max = 6;
constexpr uint64_t announce_growth_max = 4;
constexpr Duration catch_up_again = 1s;

}  // namespace

// ------------------------------------------------------------------------------------- standstill

void Core::announce() {
    broadcast(Standing{.floor = place(final_view_), .current = current_, .final = delivered_});
    announcements_ = std::min(announcements_ + 1, announce_growth_max);
    announce_at_ = now_ + patience(4) * (uint64_t{1} << announcements_);
}

void Core::on_standing(NodeId from, const Standing& standing) {
    const bool is_behind = Place{standing.floor.epoch, standing.current} < place(current_) ||
                           standing.floor < place(final_view_);
    if (standing.floor.epoch > epoch_.number && !is_closed()) catch_up(standing.final, from);
    if (epoch_.voter(from) == nullptr && !is_behind) return;
    // Seldom, whoever asks how often; but once more to who has come to this epoch meanwhile.
    const bool is_here = standing.floor.epoch >= epoch_.number;
    Helped& helped = helped_[from];
    if (now_ < helped.again_at && (helped.here || !is_here)) return;
    helped = {.again_at = now_ + config_.delta, .here = is_here};
    help(from, standing);
}

void Core::help(NodeId peer, const Standing& standing) {
    if (standing.floor.epoch < epoch_.number) {
        if (standing.final >= closing_height_) return;  // it only waits for its own ledger
        if (closing_ && closing_->statement.epoch == standing.floor.epoch)
            send(peer, Certified{*closing_});
        else
            send(peer, InLedger{delivered_});
        return;
    }
    if (standing.floor.epoch > epoch_.number) return;
    if (standing.floor.view < final_view_) {
        if (final_certificate_)
            send(peer, Certified{*final_certificate_});
        else
            send(peer, InLedger{delivered_});
    }
    size_t helped = 0;
    for (const auto& [view, slot] : slots_) {
        if (view < standing.current || view <= final_view_ || view > current_) continue;
        if (++helped > helped_views_max) break;
        for (const auto* one : {&slot.notarized, &slot.skipped})
            if (*one) send(peer, Certified{**one});
        const auto said = gate_.all().find(place(view));
        if (said == gate_.all().end() || (slot.is_cleared() && !slot.notarized)) continue;
        for (const StatementKind kind :
             {StatementKind::notarize, StatementKind::skip, StatementKind::finalize})
            if (const auto* one = said->second.find(kind); one != nullptr && is_durable(*one))
                send(peer, Vote{*one});
    }
    const auto* own = gate_.said(place(current_), StatementKind::propose);
    if (own == nullptr || standing.current != current_ || !is_durable(*own)) return;
    if (const Known* known = candidates_.find(own->statement.digest))
        send(peer, Propose{known->candidate, justification(known->candidate.proposal.parent_view)});
}

// What waits for the disk in an earlier list must not leave in this one.
bool Core::is_durable(const SignedStatement& said) const {
    return std::ranges::none_of(unsynced_, [&](const Unsynced& one) { return one.said == said; });
}

// ------------------------------------------------------------------------------------- candidates

bool Core::is_missing(const Hash32& digest) const {
    const Known* known = candidates_.find(digest);
    if (known == nullptr) return true;
    const Place where = known->candidate.proposal.place;
    return where.epoch == epoch_.number && where.view <= final_view_ &&
           where.view > delivered_view_ && certificate_of(*known) == nullptr;
}

void Core::want(const Hash32& digest, NodeId hint) {
    if (digest.is_zero() || fetching_.contains(digest) || fetching_.size() >= fetching_max) return;
    fetching_[digest] = {.again_at = now_ + config_.delta, .tries = 1};
    send(hint != NodeId{} && hint != config_.self ? hint : some_peer(), Fetch{digest});
}

// Nobody gives it away: a ledger must have it.
bool Core::is_in_vain(const Hash32& digest) const {
    const auto at = fetching_.find(digest);
    return at != fetching_.end() && at->second.tries > fetch_tries_max;
}

// Whoever comes back without its disk helps to keep what may be final again only when it has the
// candidates. They are usually on their way from their leader: no hurry.
void Core::fetch_notarized() {
    for (const auto& [view, slot] : slots_) {
        if (view <= final_view_ || !slot.notarized || fetching_.size() >= fetching_max) continue;
        const Hash32& digest = slot.notarized->statement.digest;
        if (candidates_.find(digest) != nullptr || fetching_.contains(digest)) continue;
        fetching_[digest] = {.again_at = now_ + config_.delta, .tries = 0};
    }
}

void Core::fetch_again() {
    std::erase_if(fetching_, [this](const auto& entry) { return !is_missing(entry.first); });
    for (auto& [digest, fetching] : fetching_) {
        if (now_ < fetching.again_at) continue;
        ++fetching.tries;
        fetching.again_at = now_ + config_.delta * std::min<uint64_t>(fetching.tries, 8);
        send(some_peer(), Fetch{digest});
    }
}

size_t Core::candidates_missing() const {
    return static_cast<size_t>(std::ranges::count_if(slots_, [this](const auto& entry) {
        const auto& notarized = entry.second.notarized;
        return notarized && candidates_.find(notarized->statement.digest) == nullptr;
    }));
}

NodeId Core::some_peer() {
    std::vector<NodeId> peers;
    for (const consensus::Voter& one : epoch_.members.voters)
        if (one.id != config_.self) peers.push_back(one.id);
    return peers.empty() ? config_.self : peers[random_.below(peers.size())];
}

void Core::on_fetch(NodeId from, const Fetch& fetch) {
    const Known* known = candidates_.find(fetch.digest);
    if (known == nullptr) {
        if (delivered_ > Height{}) send(from, InLedger{delivered_});
        return;
    }
    Fetched fetched{known->candidate, std::nullopt};
    if (const Certificate* one = certificate_of(*known)) fetched.certificate = *one;
    send(from, fetched);
}

void Core::on_fetched(NodeId from, const Fetched& fetched) {
    const Candidate& candidate = fetched.candidate;
    if (!fetching_.contains(candidate.digest)) return;
    if (candidate.proposal.place.epoch != epoch_.number) return;
    HF_SOMETIMES("bft.candidate_fetched");
    // Now this node's journal vouches for it as those of its voters do.
    changed_ = true;
    if (candidates_.add(candidate).validity != Validity::good)
        record_.candidates.push_back(candidate);
    if (fetched.certificate && fetched.certificate->statement.digest == candidate.digest)
        on_certificate(from, *fetched.certificate);
    // Room for the next: there may be many, and they come faster than any timer.
    if (!is_missing(candidate.digest)) fetching_.erase(candidate.digest);
}

void Core::catch_up(Height upto, NodeId source) {
    if (upto <= delivered_) return;
    upto = std::max(upto, ledger_.next());
    if (catch_up_again_at_ && now_ < *catch_up_again_at_) return;
    catch_up_again_at_ = now_ + catch_up_again;
    deliveries_.emplace_back(
        consensus::CatchUp{.from = ledger_.next(), .upto = upto, .source = source});
}

}  // namespace holdfast::bft
