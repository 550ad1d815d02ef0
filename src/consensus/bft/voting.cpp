// R1, R3, R4, R5: which view it is, and what this node says in it. [Simplex §2]
#include "base/check.h"
#include "base/sometimes.h"
#include "consensus/bft/core.h"

namespace holdfast::bft {
namespace {

/// How many views without finality leave the timers as they are; then they grow by half each, up to
/// a cap: uncapped doubling once gave rounds of an hour (besu #7642). Only finality resets them.
constexpr View patient_views = 3;
constexpr uint64_t growth_max = 8;

}  // namespace

// ---------------------------------------------------------------------------------------- views

// R1: the lowest view that is neither notarized, nor skipped, nor below a final one.
bool Core::advance_view() {
    const View before = current_;
    current_ = std::max(current_, final_view_ + 1);
    while (const Slot* here = slot(current_)) {
        if (!here->is_cleared()) break;
        ++current_;
    }
    if (current_ == before) return false;
    enter_view();
    return true;
}

void Core::enter_view() {
    entered_at_ = leader_heard_at_ = now_;
    proposal_at_.reset();
    announcements_ = 0;
    announce_at_ = now_ + patience(4);
    if (const Slot* here = slot(current_); here != nullptr && !here->proposed.empty())
        proposal_at_ = now_;
    cancel_ask();
}

Duration Core::patience(uint64_t deltas) const {
    const View waiting = current_ - final_view_;
    Duration unit = config_.delta;
    const Duration unit_max = config_.delta * growth_max;
    for (View extra = patient_views; extra < waiting && unit < unit_max; ++extra) unit += unit / 2;
    return std::min(unit, unit_max) * deltas;
}

// ---------------------------------------------------------------------------------------- voting

bool Core::may_speak() const {
    return !silenced_ && !forgetful_ && epoch_.voter(config_.self) != nullptr;
}

// The only way to make a statement: past the gate, into the record, and out when that is durable.
bool Core::say(StatementKind kind, View view, const Hash32& digest) {
    if (!may_speak() || is_closed()) return false;
    const Statement statement{.kind = kind, .epoch = epoch_.number, .view = view, .digest = digest};
    if (!gate_.allows(statement) || gate_.said(place(view), kind) != nullptr) return false;
    const SignedStatement said{statement,
                               key_.sign(chain::statement_bytes(config_.genesis, statement))};
    gate_.record(said);
    record_.said.push_back(said);
    unsynced_.push_back({.token = {}, .said = said});
    if (kind != StatementKind::propose) broadcast_after_persist(Vote{said});
    changed_ = true;
    return true;
}

void Core::vote() {
    if (!may_speak() || is_closed()) return;
    for (auto& [view, slot] : slots_) {
        if (view <= final_view_) continue;
        if (view > current_) break;
        notarize(view);
        // R4: whoever has skipped the view must not; and the digest must be the one notarized.
        if (slot.notarized) say(StatementKind::finalize, view, slot.notarized->statement.digest);
    }
}

// R3. Allowed after a skip as well: only finalizing is excluded by it.
void Core::notarize(View view) {
    if (gate_.said(place(view), StatementKind::notarize) != nullptr) return;
    for (const Hash32& digest : slots_.at(view).proposed) {
        Known* here = candidates_.find(digest);
        if (here == nullptr || here->signature != Trust::good) continue;
        Known& known = *here;
        const Proposal& proposal = known.candidate.proposal;
        if (known.validity == Validity::bad || !has_parent(proposal)) continue;
        const auto parent_height = height_of(proposal.parent_view, proposal.parent);
        if (!parent_height) {
            want(proposal.parent, epoch_.leader_of(view));
            continue;
        }
        if (!fits_parent(known, *parent_height)) {
            known.validity = Validity::bad;
        } else if (known.validity == Validity::unknown) {
            check(known);
        }
        if (known.validity != Validity::good) continue;
        if (say(StatementKind::notarize, view, digest) && epoch_.leader_of(view) != config_.self)
            record_.candidates.push_back(known.candidate);
        return;
    }
}

// The parent is the newest final proposal or one notarized since, and every view between is
// skipped. A parent below the final view would contradict it.
bool Core::has_parent(const Proposal& proposal) const {
    const View parent = proposal.parent_view;
    if (parent < final_view_ || digest_at(parent) != proposal.parent) return false;
    for (View between = parent + 1; between < proposal.place.view; ++between) {
        const Slot* here = slot(between);
        if (here == nullptr || !here->skipped) return false;
    }
    return true;
}

// What is final, or notarized; zero if neither.
Hash32 Core::digest_at(View view) const {
    if (view == final_view_) return final_digest_;
    const Slot* here = slot(view);
    return here != nullptr && here->notarized ? here->notarized->statement.digest : Hash32{};
}

std::optional<Height> Core::height_of(View view, const Hash32& digest) const {
    if (view == delivered_view_ && digest == delivered_digest_) return delivered_;
    const Known* known = candidates_.find(digest);
    if (known == nullptr) return std::nullopt;
    return known->candidate.proposal.height;
}

bool Core::fits_parent(const Known& known, Height parent_height) const {
    const Proposal& proposal = known.candidate.proposal;
    if (proposal.is_filler()) return proposal.height == parent_height;
    const bool may_grow = epoch_after(parent_height) == epoch_.number;
    return may_grow && proposal.height == parent_height.next() &&
           known.candidate.payload->size() <= config_.payload_bytes_max;
}

void Core::check(Known& known) {
    if (known.candidate.proposal.is_filler()) {
        known.validity = Validity::good;
        changed_ = true;
        return;
    }
    known.validity = Validity::asked;
    ++last_ask_;
    checking_.emplace(last_ask_, known.candidate.digest);
    const Known* parent = candidates_.find(known.candidate.proposal.parent);
    asks_.emplace_back(
        consensus::Check{.ask = last_ask_,
                         .parent = parent == nullptr ? nullptr : parent->candidate.payload,
                         .payload = known.candidate.payload});
}

void Core::on_checked(const consensus::Checked& checked) {
    const auto asked = checking_.find(checked.ask);
    if (asked == checking_.end()) return;
    Known* known = candidates_.find(asked->second);
    checking_.erase(asked);
    if (known == nullptr) return;
    switch (checked.verdict) {
        case consensus::Verdict::ok:
            known->validity = Validity::good;
            break;
        case consensus::Verdict::bad:
            known->validity = Validity::bad;
            break;
        case consensus::Verdict::later:
            known->validity = Validity::later;
            known->ask_again_at = now_ + config_.delta;
            break;
    }
}

// ---------------------------------------------------------------------------------------- skips

// R5. The clock of a view starts anew with each sign that its leader lives, but an idle leader may
// wait no longer than it is allowed to.
std::optional<Instant> Core::skip_at() const {
    if (!may_speak() || is_closed()) return std::nullopt;
    const Statement skip{.kind = StatementKind::skip, .epoch = epoch_.number, .view = current_};
    if (gate_.said(place(current_), StatementKind::skip) != nullptr || !gate_.allows(skip))
        return std::nullopt;
    const NodeId leader = epoch_.leader_of(current_);
    if (proposal_at_) return *proposal_at_ + patience(2);
    if (idle_leaders_.contains(leader)) return entered_at_;
    return std::min(leader_heard_at_, entered_at_ + config_.empty_interval) + patience(2);
}

void Core::skip_if_due() {
    const auto at = skip_at();
    if (!at) return;
    bool due = now_ >= *at;
    if (const Slot* here = slot(current_)) {
        // An invalid proposal leaves nothing to wait for, and so does a leader that gives up.
        const auto is_bad = [this](const Hash32& digest) {
            const Known* known = candidates_.find(digest);
            return known != nullptr && known->validity == Validity::bad;
        };
        if (!here->proposed.empty() && std::ranges::all_of(here->proposed, is_bad)) due = true;
        const bool gives_up =
            here->find(epoch_.leader_of(current_), StatementKind::skip) != nullptr;
        if (gives_up && !proposal_at_) due = true;
    }
    if (!due) return;
    if (!proposal_at_ && epoch_.leader_of(current_) != config_.self) {
        HF_SOMETIMES("bft.leader_let_its_turn_pass");
        idle_leaders_.insert(epoch_.leader_of(current_));
    }
    say(StatementKind::skip, current_, Hash32{});
}

}  // namespace holdfast::bft
