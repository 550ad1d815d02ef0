// R6 and R10: what is final is delivered, in order and once; and one epoch follows the other.
#include "base/check.h"
#include "base/sometimes.h"
#include "chain/epochs.h"
#include "consensus/bft/core.h"

namespace holdfast::bft {
namespace {

/// Behind by more than this, blocks come faster from a peer's ledger than one by one.
constexpr uint64_t fetched_blocks_max = 32;

}  // namespace

void Core::finalize(const Certificate& certificate) {
    const Statement& statement = certificate.statement;
    if (statement.view <= final_view_) return;
    final_view_ = statement.view;
    final_digest_ = statement.digest;
    final_certificate_ = certificate;
    gate_.raise_floor(place(final_view_));
    changed_ = true;
}

// The candidates above what is delivered, newest first, down to it. Null if some are missing: then
// they are on their way.
std::optional<std::vector<const Known*>> Core::path_to_final() {
    std::vector<const Known*> path;
    Hash32 digest = final_digest_;
    View above = final_view_ + 1;
    while (digest != delivered_digest_) {
        const Known* known = candidates_.find(digest);
        if (known == nullptr) {
            want(digest, NodeId{});
            const Height newest =
                path.empty() ? delivered_.next() : path.front()->candidate.proposal.height;
            if (is_in_vain(digest) || newest.value > delivered_.value + fetched_blocks_max)
                catch_up(newest, NodeId{});
            return std::nullopt;
        }
        const Proposal& proposal = known->candidate.proposal;
        const bool passes_by =
            proposal.parent_view <= delivered_view_ && proposal.parent != delivered_digest_;
        if (proposal.place.view <= delivered_view_ || proposal.place.view >= above || passes_by) {
            note_ =
                "what is certified to be final does not continue this node's ledger: more than a "
                "third of the weight lies, or this store is of another ledger; compare `holdfast "
                "verify` on the members";
            silenced_ = true;
            return std::nullopt;
        }
        path.push_back(known);
        above = proposal.place.view;
        digest = proposal.parent;
    }
    return path;
}

void Core::deliver() {
    if (final_digest_ == delivered_digest_ || is_closed()) return;
    auto path = path_to_final();
    if (!path) return;
    for (const Known* known : std::views::reverse(*path)) {
        // An ancestor that was passed over by a later final certificate: its own comes with it.
        if (is_missing(known->candidate.digest)) {
            want(known->candidate.digest, NodeId{});
            if (is_in_vain(known->candidate.digest))
                catch_up(known->candidate.proposal.height, NodeId{});
            break;
        }
        settle(*known);
    }
    prune();
}

// Either kind will do; null if there is none yet.
const Certificate* Core::certificate_of(const Known& known) const {
    if (known.certificate) return &*known.certificate;
    const Slot* here = slot(known.candidate.proposal.place.view);
    if (here == nullptr || known.candidate.proposal.place.epoch != epoch_.number) return nullptr;
    for (const auto* one : {&here->notarized, &here->finalized})
        if (*one && (*one)->statement.digest == known.candidate.digest) return &**one;
    return nullptr;
}

void Core::settle(const Known& known) {
    const Candidate& candidate = known.candidate;
    const Proposal& proposal = candidate.proposal;
    const Certificate& certificate = candidates_.settle(candidate.digest, *certificate_of(known));
    delivered_view_ = proposal.place.view;
    delivered_digest_ = candidate.digest;
    changed_ = true;
    if (proposal.is_filler()) return;
    delivered_ = proposal.height;
    if (delivered_ <= ledger_) return;
    ledger_ = delivered_;
    deliveries_.emplace_back(consensus::Deliver{
        .position = proposal.height,
        .payload = candidate.payload,
        .origin = {.proposer = epoch_.leader_of(proposal.place.view),
                   .epoch = epoch_.number,
                   .view = proposal.place.view},
        .mark = encode_mark({.proposal = proposal, .certificate = certificate})});
    deliveries_.emplace_back(consensus::Final{delivered_});
}

// What is delivered keeps its candidate for a while, for slower peers; what was skipped goes.
void Core::prune() {
    slots_.erase(slots_.begin(), slots_.upper_bound(delivered_view_));
    std::erase_if(candidates_.open(), [this](const auto& entry) {
        const Place where = entry.second.candidate.proposal.place;
        return where.epoch == epoch_.number && where.view <= delivered_view_;
    });
    candidates_.forget_old();
    std::erase_if(fetching_, [this](const auto& entry) { return !is_missing(entry.first); });
    std::erase_if(accused_,
                  [this](const auto& entry) { return entry.second <= place(delivered_view_); });
}

// --------------------------------------------------------------------------------------- epochs

// The ledger has decided, in a block that the outgoing set certified, who votes next.
void Core::on_members(const consensus::MembersChanged& change) {
    if (!chain::is_boundary(change.boundary, config_.epoch_blocks) ||
        change.boundary != delivered_ || !is_closed())
        return;
    start_epoch(epoch_after(change.boundary), change.members, change.boundary);
    announce();
}

void Core::start_epoch(uint64_t number, const consensus::Members& members, Height root) {
    CHECK(!members.voters.empty(), "an epoch has voters");
    if (final_certificate_) closing_ = final_certificate_;
    closing_height_ = root;
    epoch_ = Epoch(number, members);
    slots_.clear();
    candidates_.open().clear();
    fetching_.clear();
    checking_.clear();
    verifying_.clear();
    unsynced_.clear();
    idle_leaders_.clear();
    accused_.clear();
    helped_.clear();
    final_view_ = delivered_view_ = checkpoint_view_ = 0;
    final_digest_ = delivered_digest_ = root_digest(config_.genesis, number);
    final_certificate_.reset();
    delivered_ = root;
    gate_.raise_floor({.epoch = number, .view = 0});
    current_ = 1;
    enter_view();
    recall_epoch();
    changed_ = true;
}

// What the journal holds of this epoch: an earlier life was here already.
void Core::recall_epoch() {
    std::vector<Statement> own;
    for (const auto& [at, said] : gate_.all()) {
        if (at.epoch != epoch_.number) continue;
        said.each([&](const SignedStatement& one) {
            hear(config_.self, one, Trust::good);
            own.push_back(one.statement);
        });
    }
    for (const Candidate& candidate : recalled_.candidates) {
        if (candidate.proposal.place.epoch != epoch_.number) continue;
        Known& known = candidates_.add(candidate);
        known.signature = Trust::good;
        known.validity = Validity::good;
    }
    for (const Certificate& certificate : recalled_.certificates)
        if (is_wanted(certificate.statement)) adopt(certificate);
    // One that weighs enough alone may have died before it counted its own vote.
    if (may_speak())
        for (const Statement& statement : own) certify(statement);
    const auto is_past = [this](uint64_t epoch) { return epoch <= epoch_.number; };
    std::erase_if(recalled_.candidates, [&](const Candidate& candidate) {
        return is_past(candidate.proposal.place.epoch);
    });
    std::erase_if(recalled_.certificates, [&](const Certificate& certificate) {
        return is_past(certificate.statement.epoch);
    });
}

// ---------------------------------------------------------------------------------------- syncing

// The ledger now stands at `position`, by other means than this engine; which follows as soon as it
// knows where in the run of views that is.
void Core::on_synced(const consensus::Synced& synced) {
    catch_up_again_at_.reset();
    ledger_ = std::max(ledger_, synced.position);
    // At an epoch's end the word who votes next may have come before this engine was there itself.
    const bool is_awaited = is_closed() && synced.position == delivered_;
    if (synced.position <= delivered_ && !is_awaited) return;
    if (chain::is_boundary(synced.position, config_.epoch_blocks)) {
        start_epoch(epoch_after(synced.position), synced.members, synced.position);
        return announce();
    }
    // Where in the epoch that is, only a quorum's signatures can tell: the mark is not hashed.
    const auto mark = decode_mark(synced.mark);
    if (!mark || mark->proposal.height != synced.position ||
        mark->proposal.place.epoch != epoch_after(synced.position)) {
        note_ = "a synced block came with a mark that is not its own: sync from another peer";
        return;
    }
    std::vector<consensus::VerifyItem> items;
    consensus::Weight weight = 0;
    for (const auto& [signer, signature] : mark->certificate.signatures) {
        const auto at = std::ranges::find(synced.members.voters, signer, &consensus::Voter::id);
        if (at == synced.members.voters.end()) continue;
        weight += at->weight;
        items.push_back(
            {.key = at->voting_key,
             .message = chain::statement_bytes(config_.genesis, mark->certificate.statement),
             .signature = signature});
    }
    if (consensus::more_than_two_thirds(weight, consensus::total_weight(synced.members)))
        verify(MarkCheck{synced.position, synced.members, *mark}, std::move(items));
}

void Core::finish_sync(Height position, const consensus::Members& members, const Mark& mark) {
    const Proposal& proposal = mark.proposal;
    if (proposal.place.epoch != epoch_.number) start_epoch(proposal.place.epoch, members, position);
    if (proposal.place.view <= delivered_view_) return;
    HF_SOMETIMES("bft.went_on_from_a_mark");
    delivered_ = position;
    delivered_view_ = proposal.place.view;
    delivered_digest_ = proposal.digest();
    if (delivered_view_ >= final_view_) {
        final_view_ = delivered_view_;
        final_digest_ = delivered_digest_;
        final_certificate_.reset();
        if (mark.certificate.statement.kind == StatementKind::finalize)
            final_certificate_ = mark.certificate;
        gate_.raise_floor(place(final_view_));
    }
    prune();
    changed_ = true;
}

}  // namespace holdfast::bft
