// R7: votes into certificates, each signature checked once and only if it is needed; and evidence,
// where signatures contradict each other.
#include "base/check.h"
#include "base/sometimes.h"
#include "consensus/bft/core.h"

namespace holdfast::bft {
namespace {

/// Questions about signatures under way; what comes beyond that comes again.
constexpr size_t verifying_max = 4096;

}  // namespace

consensus::VerifyItem Core::item(NodeId signer, const SignedStatement& said) const {
    return {.key = epoch_.voter(signer)->voting_key,
            .message = chain::statement_bytes(config_.genesis, said.statement),
            .signature = said.signature};
}

void Core::verify(Asked asked, std::vector<consensus::VerifyItem> items) {
    ++last_ask_;
    verifying_.emplace(last_ask_, std::move(asked));
    asks_.emplace_back(consensus::Verify{.ask = last_ask_, .items = std::move(items)});
}

// ---------------------------------------------------------------------------------------- votes

void Core::on_vote(NodeId from, const SignedStatement& said) {
    const Statement& statement = said.statement;
    if (statement.epoch != epoch_.number || is_closed() || epoch_.voter(from) == nullptr) return;
    // Whoever votes there has left the views before: so can this node, once it knows how.
    if (statement.view > current_ + 1) announce_at_ = std::min(announce_at_, now_ + config_.delta);
    if (statement.view <= final_view_ || statement.view > current_ + views_ahead_max) return;
    hear(from, said, Trust::unchecked);
    certify(statement);
}

void Core::hear(NodeId signer, const SignedStatement& said, Trust trust) {
    if (said.statement.view <= delivered_view_) return;
    const auto lie = slots_[said.statement.view].hear(signer, said, trust);
    if (lie) suspect(signer, *lie, said);
}

// As many checks as a quorum still lacks, once there are enough to make one.
void Core::certify(const Statement& statement) {
    if (statement.kind == StatementKind::propose) return;  // one voice is all there is
    const auto at = slots_.find(statement.view);
    if (at == slots_.end() || at->second.of_kind(statement.kind)) return;
    Slot& slot = at->second;
    const Slot::Support support = slot.support(statement, epoch_.members);
    if (consensus::more_than_two_thirds(support.good, epoch_.whole))
        return accept(slot.certificate(statement), config_.self);
    if (verifying_.size() >= verifying_max) return;
    consensus::Weight hoped_for = support.good + support.checking;
    VoteCheck check{.statement = statement, .signers = {}};
    std::vector<consensus::VerifyItem> items;
    for (const NodeId signer : support.unchecked) {
        if (consensus::more_than_two_thirds(hoped_for, epoch_.whole)) break;
        hoped_for += epoch_.voter(signer)->weight;
        check.signers.push_back(signer);
        items.push_back(item(signer, slot.find(signer, statement.kind)->said));
    }
    if (check.signers.empty() || !consensus::more_than_two_thirds(hoped_for, epoch_.whole)) return;
    for (const NodeId signer : check.signers) slot.mark_checking(signer, statement.kind);
    verify(std::move(check), std::move(items));
}

// ---------------------------------------------------------------------------------- certificates

// Worth the checking of its signatures? One that contradicts another is: it shows who lies. Below
// what is final, only what an ancestor still lacks.
bool Core::is_wanted(const Statement& statement) const {
    if (statement.epoch != epoch_.number || is_closed() || statement.view <= delivered_view_)
        return false;
    if (statement.view <= final_view_) {
        const Known* known = candidates_.find(statement.digest);
        return statement.kind == StatementKind::notarize && known != nullptr &&
               certificate_of(*known) == nullptr;
    }
    const Slot* here = slot(statement.view);
    if (here == nullptr || !here->of_kind(statement.kind)) return true;
    return here->of_kind(statement.kind)->statement != statement;
}

void Core::on_certificate(NodeId from, const Certificate& certificate) {
    if (!is_wanted(certificate.statement) || !epoch_.has_quorum(certificate)) return;
    if (verifying_.size() >= verifying_max) return;
    std::vector<consensus::VerifyItem> items;
    const Slot* here = slot(certificate.statement.view);
    for (const auto& [signer, signature] : certificate.signatures) {
        const SignedStatement said{certificate.statement, signature};
        const Heard* heard =
            here == nullptr ? nullptr : here->find(signer, certificate.statement.kind);
        if (heard != nullptr && heard->trust == Trust::good && heard->said == said) continue;
        items.push_back(item(signer, said));
    }
    if (items.empty()) return accept(certificate, from);
    verify(CertificateCheck{certificate, from}, std::move(items));
}

void Core::accept(const Certificate& certificate, NodeId from) {
    const Statement& statement = certificate.statement;
    if (!is_wanted(statement)) return;
    record_.certificates.push_back(certificate);
    // Once, to all who may not have it.
    if (statement.view > final_view_) send_to_others(Certified{certificate}, sends_, from);
    adopt(certificate);
}

// Known to be good, and known to the journal.
void Core::adopt(const Certificate& certificate) {
    const Statement& statement = certificate.statement;
    changed_ = true;
    for (const auto& [signer, signature] : certificate.signatures) {
        const SignedStatement said{statement, signature};
        if (signer == config_.self && place(statement.view) > gate_.floor() && !forgetful_) {
            const auto* own = gate_.said(place(statement.view), statement.kind);
            if (own == nullptr || own->statement != statement) {
                silenced_ = true;
                note_ =
                    "somebody else signs with this node's voting key: stop both, find out who "
                    "copied the key, and replace the member";
            }
        }
        hear(signer, said, Trust::good);
    }
    auto& place_for = slots_[statement.view].of_kind(statement.kind);
    if (place_for) {
        note_ = fmt::format(
            "two certificates of view {} contradict each other: more than a third of the weight "
            "lies; the evidence is in the ledger's fault reports",
            statement.view);
        return;
    }
    place_for = certificate;
    if (statement.kind == StatementKind::finalize) finalize(certificate);
}

// -------------------------------------------------------------------------------------- verdicts

void Core::on_votes_verified(const VoteCheck& check, const std::vector<bool>& valid) {
    const Statement& statement = check.statement;
    if (statement.epoch != epoch_.number) return;
    if (const auto here = slots_.find(statement.view); here != slots_.end()) {
        for (size_t i = 0; i < check.signers.size() && i < valid.size(); ++i) {
            const Heard* heard = here->second.find(check.signers[i], statement.kind);
            if (heard == nullptr || heard->said.statement != statement ||
                heard->trust != Trust::checking)
                continue;
            if (valid[i]) {
                here->second.hear(check.signers[i], SignedStatement(heard->said), Trust::good);
            } else {
                here->second.drop(check.signers[i], statement.kind);
            }
        }
    }
    certify(statement);
}

void Core::on_verified(const consensus::Verified& verified) {
    const auto at = verifying_.find(verified.ask);
    if (at == verifying_.end()) return;
    const Asked asked = std::move(at->second);
    verifying_.erase(at);
    const bool all = std::ranges::all_of(verified.valid, [](bool valid) { return valid; });
    if (const auto* votes = std::get_if<VoteCheck>(&asked)) {
        on_votes_verified(*votes, verified.valid);
    } else if (const auto* proposal = std::get_if<ProposalCheck>(&asked)) {
        if (!all) {
            candidates_.open().erase(proposal->digest);
        } else if (Known* known = candidates_.find(proposal->digest)) {
            known->signature = Trust::good;
        }
    } else if (!all) {
        HF_SOMETIMES("bft.bad_signature");
        if (const auto* guilt = std::get_if<GuiltCheck>(&asked))
            accused_.erase({guilt->evidence.guilty, place_of(guilt->evidence.first.statement)});
    } else if (const auto* one = std::get_if<CertificateCheck>(&asked)) {
        accept(one->certificate, one->from);
    } else if (const auto* guilt = std::get_if<GuiltCheck>(&asked)) {
        deliveries_.emplace_back(consensus::Accuse{chain::encode(guilt->evidence)});
        HF_SOMETIMES("bft.accused");
    } else if (const auto* mark = std::get_if<MarkCheck>(&asked)) {
        finish_sync(mark->position, mark->members, mark->mark);
    }
}

// Both signatures must be good, or somebody could be blamed for what he never said.
void Core::suspect(NodeId signer, const SignedStatement& one, const SignedStatement& other) {
    if (signer == config_.self || epoch_.voter(signer) == nullptr) return;
    if (!accused_.emplace(signer, place_of(one.statement)).second) return;
    verify(GuiltCheck{{.guilty = signer, .first = one, .second = other}},
           {item(signer, one), item(signer, other)});
}

}  // namespace holdfast::bft
