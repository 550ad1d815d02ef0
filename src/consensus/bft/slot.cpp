// The books of one view.
#include "consensus/bft/slot.h"

#include "base/check.h"

namespace holdfast::bft {

std::optional<SignedStatement> Slot::hear(NodeId signer, const SignedStatement& said, Trust trust) {
    auto& of_signer = heard_[signer];
    std::optional<SignedStatement> contradicted;
    for (const auto& earlier : of_signer)
        if (earlier && chain::conflict(earlier->said.statement, said.statement))
            contradicted = earlier->said;
    auto& place = of_signer.at(static_cast<size_t>(said.statement.kind));
    if (!place || (trust == Trust::good && place->trust != Trust::good))
        place = Heard{.said = said, .trust = trust};
    return contradicted;
}

const Heard* Slot::find(NodeId signer, StatementKind kind) const {
    const auto at = heard_.find(signer);
    if (at == heard_.end()) return nullptr;
    const auto& place = at->second.at(static_cast<size_t>(kind));
    return place ? &*place : nullptr;
}

void Slot::mark_checking(NodeId signer, StatementKind kind) {
    heard_.at(signer).at(static_cast<size_t>(kind))->trust = Trust::checking;
}

void Slot::drop(NodeId signer, StatementKind kind) {
    if (const auto at = heard_.find(signer); at != heard_.end())
        at->second.at(static_cast<size_t>(kind)).reset();
}

Slot::Support Slot::support(const Statement& statement, const consensus::Members& members) const {
    Support support;
    for (const consensus::Voter& voter : members.voters) {
        const auto at = heard_.find(voter.id);
        if (at == heard_.end()) continue;
        const auto& place = at->second.at(static_cast<size_t>(statement.kind));
        if (!place || place->said.statement != statement) continue;
        switch (place->trust) {
            case Trust::good:
                support.good += voter.weight;
                break;
            case Trust::checking:
                support.checking += voter.weight;
                break;
            case Trust::unchecked:
                support.unchecked.push_back(voter.id);
                break;
        }
    }
    return support;
}

Certificate Slot::certificate(const Statement& statement) const {
    Certificate certificate{.statement = statement, .signatures = {}};
    for (const auto& [signer, by_kind] : heard_) {
        const auto& place = by_kind.at(static_cast<size_t>(statement.kind));
        if (place && place->trust == Trust::good && place->said.statement == statement)
            certificate.signatures.emplace_back(signer, place->said.signature);
    }
    return certificate;
}

std::optional<Certificate>& Slot::of_kind(StatementKind kind) {
    CHECK(kind != StatementKind::propose, "nobody certifies a proposal as such");
    if (kind == StatementKind::notarize) return notarized;
    return kind == StatementKind::skip ? skipped : finalized;
}

const std::optional<Certificate>& Slot::of_kind(StatementKind kind) const {
    CHECK(kind != StatementKind::propose, "nobody certifies a proposal as such");
    if (kind == StatementKind::notarize) return notarized;
    return kind == StatementKind::skip ? skipped : finalized;
}

}  // namespace holdfast::bft
