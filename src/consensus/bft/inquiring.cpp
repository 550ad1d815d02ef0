// Asking round: for linearizable reads, and for what a lost journal may have promised. No clock is
// trusted: there are no leases.
//
// A read. What was acknowledged was final somewhere, so more than two thirds of the weight had seen
// it notarized. Of any other two thirds that are asked after the read came, somebody honest did,
// and names a place at or beyond it; once this node has finalized beyond the highest place named,
// it has executed, or will have, everything that was acknowledged. A place counts only when its
// certificate is here: a liar cannot name the far future. If the epoch is over by then, others may
// have gone on in the next one, unseen by those asked: its voters are asked again.
#include "base/sometimes.h"
#include "consensus/bft/core.h"

namespace holdfast::bft {
namespace {

constexpr size_t reads_max = 1024;
constexpr Duration reads_patience = 5s;

}  // namespace

// The newest place that is left for good.
Place Core::seen() const {
    return place(current_ - 1);
}

const Certificate* Core::seen_certificate() const {
    if (const Slot* here = slot(current_ - 1)) {
        for (const auto* one : {&here->finalized, &here->notarized, &here->skipped})
            if (*one) return &**one;
    }
    return current_ - 1 == final_view_ && final_certificate_ ? &*final_certificate_ : nullptr;
}

// Whoever has closed its epoch keeps silent: it does not know what may have been said in the next.
void Core::on_inquiry(NodeId from, const Inquiry& inquiry) {
    if (!may_speak() || is_closed()) return;
    Answer answer{.number = inquiry.number,
                  .seen = seen(),
                  .spoken = gate_.highest(),
                  .certificate = std::nullopt};
    if (const Certificate* one = seen_certificate()) answer.certificate = *one;
    send(from, answer);
}

void Core::on_answer(NodeId from, const Answer& answer) {
    if (!round_ || round_->number != answer.number || epoch_.voter(from) == nullptr) return;
    if (answer.certificate) on_certificate(from, *answer.certificate);
    round_->answers.insert_or_assign(from, answer);
    changed_ = true;
}

void Core::inquire() {
    const bool is_needed =
        !reads_next_.empty() || (forgetful_ && epoch_.voter(config_.self) != nullptr);
    if (!round_ && is_needed && !is_closed()) {
        round_ = Round{.number = random_.next(),
                       .again_at = now_,
                       .answers = {},
                       .reads = std::move(reads_next_)};
        reads_next_.clear();
    }
    if (!round_ || now_ < round_->again_at) return;
    round_->again_at = now_ + config_.delta * 2;
    for (const consensus::Voter& one : epoch_.members.voters)
        if (one.id != config_.self && !round_->answers.contains(one.id))
            send(one.id, Inquiry{round_->number});
}

// ---------------------------------------------------------------------------------------- reads

void Core::on_read(consensus::ReadId id) {
    if (reads_next_.size() + reads_pending_.size() >= reads_max) {
        deliveries_.emplace_back(
            consensus::ReadRefused{.id = id, .why = "too many reads are waiting"});
        return;
    }
    if (reads_next_.empty() && reads_pending_.empty() && !round_)
        reads_expire_at_ = now_ + reads_patience;
    reads_next_.push_back(id);
    inquire();
    changed_ = true;
}

void Core::serve_reads() {
    if (round_ && !round_->reads.empty()) {
        consensus::Weight weight = may_speak() ? epoch_.voter(config_.self)->weight : 0;
        Place target = seen();
        for (const auto& [from, answer] : round_->answers) {
            if (answer.seen > seen() || epoch_.voter(from) == nullptr) continue;
            weight += epoch_.voter(from)->weight;
            target = std::max(target, answer.seen);
        }
        if (consensus::more_than_two_thirds(weight, epoch_.whole)) {
            for (const consensus::ReadId id : round_->reads) reads_pending_.push_back({target, id});
            round_.reset();
        }
    }
    std::erase_if(reads_pending_, [this](const PendingRead& read) {
        if (place(final_view_) < read.target || final_digest_ != delivered_digest_) return false;
        if (is_closed() || read.target.epoch < epoch_.number) {
            HF_SOMETIMES("bft.read_asked_again");
            reads_next_.push_back(read.id);
        } else {
            deliveries_.emplace_back(consensus::ReadAt{.id = read.id, .height = delivered_});
        }
        return true;
    });
    inquire();
}

void Core::expire_reads() {
    if (now_ < reads_expire_at_) return;
    reads_expire_at_ = now_ + reads_patience;
    const std::string why = "no quorum of validators answers; see which are down or cut off";
    const auto refuse = [&](consensus::ReadId id) {
        deliveries_.emplace_back(consensus::ReadRefused{.id = id, .why = why});
    };
    for (const PendingRead& read : reads_pending_) refuse(read.id);
    reads_pending_.clear();
    if (is_closed()) {  // then these do not wait for the answers to others
        std::ranges::for_each(reads_next_, refuse);
        reads_next_.clear();
    }
    if (!round_) return;
    for (const consensus::ReadId id : round_->reads) refuse(id);
    round_->reads.clear();
    if (!forgetful_) round_.reset();
}

// ---------------------------------------------------------------------------------------- amnesia

// To have spoken in a view, a node must have left the one before, where more than two thirds of the
// weight spoke. So if others of that weight tell how far they have spoken, this node can have been
// at most one view ahead. Their own floors count too: they may have lost as much. [bft-simplex.md;
// Sui #18009 asks only one third]
void Core::remember() {
    if (!forgetful_ || !round_ || epoch_.voter(config_.self) == nullptr) return;
    consensus::Weight weight = 0;
    Place highest = gate_.highest();
    for (const auto& [from, answer] : round_->answers) {
        // Nobody honest has spoken far beyond what is certified.
        const View plausible = answer.seen.view + 1 + epoch_.members.voters.size();
        if (answer.seen > seen() || epoch_.voter(from) == nullptr ||
            answer.spoken.epoch > epoch_.number ||
            (answer.spoken.epoch == epoch_.number && answer.spoken.view > plausible))
            continue;
        weight += epoch_.voter(from)->weight;
        highest = std::max(highest, answer.spoken);
    }
    if (!consensus::more_than_two_thirds(weight, epoch_.whole)) return;
    HF_SOMETIMES("bft.remembered");
    const View floor = highest.epoch == epoch_.number ? highest.view + 1 : 1;
    gate_.raise_floor(place(floor));
    forgetful_ = false;
    record_.incarnation = incarnation_;
    record_.forgetful = false;
    record_.floor = gate_.floor();
    note_.clear();
    changed_ = true;
    if (round_->reads.empty()) round_.reset();
}

}  // namespace holdfast::bft
