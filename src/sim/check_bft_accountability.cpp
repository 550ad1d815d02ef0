// B-AC: if agreement is broken, then statements that were sent, each with a good signature of its
// signer, prove the guilt of validators of at least a third of the weight, and of nobody honest.
// Two checkers hear the same: `bft-guilt` names them, and `bft-accountability` speaks if they are
// too few, or too many.
#include <fmt/format.h>

#include "base/codec.h"
#include "sim/checkers.h"

namespace holdfast::sim {
namespace {

using chain::SignedStatement;
using chain::Statement;
using chain::StatementKind;

class Accountability final : public Checker {
  public:
    Accountability(const Sight& sight, bool names)
        : bft_(sight.bft), genesis_(chain::genesis_hash(sight.stage.genesis())), names_(names) {}
    [[nodiscard]] std::string_view name() const override {
        return names_ ? "bft-guilt" : "bft-accountability";
    }

    void on_send(NodeId from, NodeId /*to*/, ByteView /*message*/) override { hear(from); }
    void on_lie(NodeId from, NodeId /*to*/, ByteView /*message*/) override { hear(from); }
    void on_effects(NodeId node, const consensus::Engine& /*engine*/,
                    std::span<const consensus::Effect> effects) override {
        for (const consensus::Effect& effect : effects) {
            const auto* deliver = std::get_if<consensus::Deliver>(&effect);
            if (deliver == nullptr) continue;
            const auto [first, fresh] =
                delivered_.try_emplace(deliver->position, fingerprint(*deliver->payload));
            if (!fresh && first->second != fingerprint(*deliver->payload)) judge(node, *deliver);
        }
    }

  private:
    void hear(NodeId from) {
        const bft::Body* body = bft_->message();
        if (body == nullptr) return;
        if (const auto* vote = std::get_if<bft::Vote>(body)) note(from, vote->said);
        if (const auto* propose = std::get_if<bft::Propose>(body)) {
            const bft::Candidate& it = propose->candidate;
            note(from, {{.kind = StatementKind::propose,
                         .epoch = it.proposal.place.epoch,
                         .view = it.proposal.place.view,
                         .digest = it.digest},
                        it.signature});
        }
        if (const auto* certified = std::get_if<bft::Certified>(body))
            for (const auto& [signer, signature] : certified->certificate.signatures)
                note(signer, {certified->certificate.statement, signature});
    }
    void note(NodeId signer, const SignedStatement& said) {
        said_[{signer, bft::place_of(said.statement)}].emplace(said.statement, said.signature);
    }
    [[nodiscard]] bool is_signed(const chain::Member& member, const Statement& statement,
                                 const crypto::NodeSignature& signature) const;
    [[nodiscard]] std::set<NodeId> guilty(const chain::MemberSet& set);
    void judge(NodeId node, const consensus::Deliver& deliver);

    using Said = std::map<Statement, crypto::NodeSignature>;
    std::shared_ptr<BftSight> bft_;
    Hash32 genesis_;
    bool names_;
    std::map<std::pair<NodeId, bft::Place>, Said> said_;
    std::map<Height, uint64_t> delivered_;
};

bool Accountability::is_signed(const chain::Member& member, const Statement& statement,
                               const crypto::NodeSignature& signature) const {
    Writer body;
    body.u8(static_cast<uint8_t>(statement.kind));
    body.u64(statement.view);
    body.fixed(statement.digest);
    return crypto::verify(
        member.voting_key,
        crypto::signing_bytes("statement", genesis_, statement.epoch, body.take()), signature);
}

std::set<NodeId> Accountability::guilty(const chain::MemberSet& set) {
    std::set<NodeId> found;
    for (const auto& [who, said] : said_) {
        const chain::Member* member = set.find(who.first);
        if (member == nullptr || found.contains(who.first)) continue;
        for (auto one = said.begin(); one != said.end(); ++one)
            for (auto other = std::next(one); other != said.end(); ++other)
                if (contradict(one->first, other->first) &&
                    is_signed(*member, one->first, one->second) &&
                    is_signed(*member, other->first, other->second))
                    found.insert(who.first);
    }
    return found;
}

void Accountability::judge(NodeId node, const consensus::Deliver& deliver) {
    const chain::MemberSet* set = bft_->set(deliver.origin.epoch);
    if (set == nullptr) return;
    const std::set<NodeId> found = guilty(*set);
    uint64_t weight = 0, whole = 0;
    bool is_sound = true;
    for (const chain::Member& member : set->members) {
        whole += member.weight;
        if (!found.contains(member.id)) continue;
        weight += member.weight;
        is_sound = is_sound && bft_->is_liar(member.id);
    }
    if (!names_ && is_sound && weight * 3 >= whole) return;
    violated(
        fmt::format("node {} delivers another {} than others did, and signed statements prove "
                    "the guilt of {}: a weight of {} of {}",
                    node, deliver.position, fmt::join(found, ", "), weight, whole));
}

}  // namespace

CheckerPtr make_bft_guilt(const Sight& sight) {
    return std::make_unique<Accountability>(sight, true);
}
CheckerPtr make_bft_accountability(const Sight& sight) {
    return std::make_unique<Accountability>(sight, false);
}

}  // namespace holdfast::sim
