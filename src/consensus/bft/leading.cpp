// R2: proposing, and taking the proposals of others. [Simplex §2]
#include "base/check.h"
#include "base/sometimes.h"
#include "consensus/bft/core.h"
#include "crypto/hash.h"

namespace holdfast::bft {

// The highest notarized view with nothing but skipped views above it.
std::optional<View> Core::parent_view() const {
    for (View view = current_ - 1; view > final_view_; --view) {
        const Slot* here = slot(view);
        if (here == nullptr) return std::nullopt;
        if (here->notarized) return view;
        if (!here->skipped) return std::nullopt;
    }
    return final_view_;
}

void Core::lead() {
    if (!may_speak() || is_closed() || epoch_.leader_of(current_) != config_.self) return;
    if (gate_.said(place(current_), StatementKind::propose) != nullptr) return;
    if (gate_.said(place(current_), StatementKind::skip) != nullptr) return cancel_ask();
    if (place(current_) <= gate_.floor()) return;  // it may have proposed, and not remember it
    if (ask_) {
        if (now_ < waiting_said_at_ + config_.delta) return;
        waiting_said_at_ = now_;
        broadcast(Waiting{place(current_)});
        leader_heard_at_ = now_;
        return;
    }
    const auto parent = parent_view();
    if (!parent) return;
    const auto height = height_of(*parent, digest_at(*parent));
    if (!height) return want(digest_at(*parent), NodeId{});

    // What is proposed but not delivered, from the newest to the oldest.
    std::vector<Buffer> ancestors;
    Hash32 digest = digest_at(*parent);
    while (digest != delivered_digest_) {
        const Known* known = candidates_.find(digest);
        if (known == nullptr) return want(digest, NodeId{});
        const Candidate& candidate = known->candidate;
        if (candidate.proposal.place.view <= delivered_view_) return;  // of another history
        if (!candidate.proposal.is_filler()) ancestors.push_back(candidate.payload);
        digest = candidate.proposal.parent;
    }
    std::ranges::reverse(ancestors);
    // At an epoch's end, or when finality lags, more blocks would only have to wait.
    const bool is_full = height->value / config_.epoch_blocks > epoch_.number ||
                         ancestors.size() >= config_.unfinal_blocks_max;
    if (is_full) {
        HF_SOMETIMES("bft.filler_proposed");
        return propose(make_buffer({}));
    }
    ask_ = ++last_ask_;
    ask_view_ = current_;
    ask_parent_ = digest_at(*parent);
    waiting_said_at_ = now_;
    asks_.emplace_back(consensus::NeedPayload{
        .ask = *ask_, .ancestors = std::move(ancestors), .bytes_max = config_.payload_bytes_max});
}

void Core::cancel_ask() {
    if (!ask_ || ask_view_ == current_) return;
    asks_.emplace_back(consensus::Cancel{*ask_});
    ask_.reset();
}

void Core::on_payload(consensus::AskId ask, const Buffer& payload) {
    // Late answers are for a view that is over.
    if (!ask_ || *ask_ != ask) return;
    ask_.reset();
    CHECK(payload->size() <= config_.payload_bytes_max,
          "the host answered with too large a payload");
    const auto parent = parent_view();
    // A view that was skipped may be notarized late: then the payload was made to follow another.
    if (ask_view_ == current_ && parent && digest_at(*parent) == ask_parent_) propose(payload);
}

// An empty buffer makes a filler: a payload always has some bytes.
void Core::propose(const Buffer& payload) {
    const auto parent = parent_view();
    if (!parent) return;
    const Hash32 parent_digest = digest_at(*parent);
    const auto parent_height = height_of(*parent, parent_digest);
    if (!parent_height) return;
    const bool is_filler = payload->empty();
    Candidate candidate{
        .proposal = {.place = place(current_),
                     .parent_view = *parent,
                     .parent = parent_digest,
                     .height = is_filler ? *parent_height : parent_height->next(),
                     .payload_hash = is_filler ? Hash32{} : crypto::sha256(*payload)},
        .digest = {},
        .signature = {},
        .payload = payload};
    candidate.digest = candidate.proposal.digest();
    if (!say(StatementKind::propose, current_, candidate.digest)) return;
    candidate.signature = gate_.said(place(current_), StatementKind::propose)->signature;
    record_.candidates.push_back(candidate);
    broadcast_after_persist(Propose{candidate, justification(*parent)});
    Known& known = candidates_.add(candidate);
    known.signature = Trust::good;
    known.validity = Validity::good;
    slots_[current_].proposed.push_back(candidate.digest);
    proposal_at_ = now_;
}

// As far as this node has them: after a crash it may have a proposal of its own and not all that it
// rested on.
std::vector<Certificate> Core::justification(View parent) const {
    std::vector<Certificate> certificates;
    if (parent == final_view_ && final_certificate_) certificates.push_back(*final_certificate_);
    for (View view = std::max(parent, final_view_ + 1);
         view < current_ && certificates.size() < justification_max; ++view) {
        const Slot* here = slot(view);
        if (here == nullptr) continue;
        const auto& needed = view == parent ? here->notarized : here->skipped;
        if (needed) certificates.push_back(*needed);
    }
    return certificates;
}

// ------------------------------------------------------------------------------------- followers

void Core::on_propose(NodeId from, const Propose& propose) {
    const Proposal& proposal = propose.candidate.proposal;
    const View view = proposal.place.view;
    if (proposal.place.epoch != epoch_.number || is_closed() || epoch_.voter(from) == nullptr)
        return;
    for (const Certificate& certificate : propose.justification) on_certificate(from, certificate);
    if (view <= final_view_ || view > current_ + views_ahead_max || epoch_.leader_of(view) != from)
        return;
    std::vector<Hash32>& proposed = slots_[view].proposed;
    if (std::ranges::find(proposed, propose.candidate.digest) != proposed.end()) return;
    const auto said_by_leader = [&](const Candidate& candidate) {
        return SignedStatement{{.kind = StatementKind::propose,
                                .epoch = epoch_.number,
                                .view = view,
                                .digest = candidate.digest},
                               candidate.signature};
    };
    if (!proposed.empty()) {
        if (const Known* first = candidates_.find(proposed.front()))
            suspect(from, said_by_leader(first->candidate), said_by_leader(propose.candidate));
        return;
    }
    proposed.push_back(propose.candidate.digest);
    if (view == current_) proposal_at_ = now_;
    changed_ = true;
    Known& known = candidates_.add(propose.candidate);
    if (known.signature != Trust::unchecked) return;
    known.candidate.signature = propose.candidate.signature;
    known.signature = Trust::checking;
    verify(ProposalCheck{known.candidate.digest}, {item(from, said_by_leader(propose.candidate))});
}

void Core::on_waiting(NodeId from, const Waiting& waiting) {
    if (waiting.place == place(current_) && from == epoch_.leader_of(current_))
        leader_heard_at_ = now_;
}

}  // namespace holdfast::bft
