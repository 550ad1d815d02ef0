// I10: every certificate that an honest node sends, writes down or stores with a block is signed by
// distinct validators of its epoch with more than two thirds of the weight, each of whom has said
// so: the honest ones in their journals, on the platter; the others by a good signature.
#include <unordered_set>

#include <fmt/format.h>

#include "base/codec.h"
#include "sim/checkers.h"
#include "sim/draw.h"

namespace holdfast::sim {
namespace {

class BftCertificates final : public Checker {
  public:
    explicit BftCertificates(const Sight& sight)
        : bft_(sight.bft), genesis_(chain::genesis_hash(sight.stage.genesis())) {}
    [[nodiscard]] std::string_view name() const override { return "bft-certificate"; }

    void on_effects(NodeId node, const consensus::Engine& /*engine*/,
                    std::span<const consensus::Effect> effects) override {
        for (const consensus::Effect& effect : effects) {
            if (const auto* persist = std::get_if<consensus::Persist>(&effect)) {
                const auto record = bft::decode_record(*persist->record);
                if (!record) continue;
                for (const bft::Certificate& one : record->certificates) judge(node, one);
            }
            if (const auto* deliver = std::get_if<consensus::Deliver>(&effect))
                if (const auto mark = bft::decode_mark(deliver->mark))
                    judge(node, mark->certificate);
        }
    }
    void on_send(NodeId from, NodeId /*to*/, ByteView /*message*/) override {
        const bft::Body* body = bft_->message();
        if (body == nullptr) return;
        if (const auto* certified = std::get_if<bft::Certified>(body))
            judge(from, certified->certificate);
        if (const auto* propose = std::get_if<bft::Propose>(body))
            for (const bft::Certificate& one : propose->justification) judge(from, one);
        if (const auto* fetched = std::get_if<bft::Fetched>(body); fetched && fetched->certificate)
            judge(from, *fetched->certificate);
        if (const auto* answer = std::get_if<bft::Answer>(body); answer && answer->certificate)
            judge(from, *answer->certificate);
    }

  private:
    void judge(NodeId node, const bft::Certificate& certificate);
    std::string wrong(const bft::Certificate& certificate);

    std::shared_ptr<BftSight> bft_;
    Hash32 genesis_;
    std::unordered_set<uint64_t> judged_;
};

void BftCertificates::judge(NodeId node, const bft::Certificate& certificate) {
    Writer bytes;
    encode(bytes, certificate);
    if (!judged_.insert(fingerprint(bytes.take())).second) return;
    if (const std::string what = wrong(certificate); !what.empty())
        violated(fmt::format("node {} has a certificate of {} {}", node,
                             to_string(certificate.statement), what));
}

std::string BftCertificates::wrong(const bft::Certificate& certificate) {
    const chain::Statement& statement = certificate.statement;
    if (statement.kind == chain::StatementKind::propose) return "which nobody votes on";
    const chain::MemberSet* set = bft_->set(statement.epoch);
    if (set == nullptr) return "of an epoch that has not begun";
    Writer body;
    body.u8(static_cast<uint8_t>(statement.kind));
    body.u64(statement.view);
    body.fixed(statement.digest);
    const Bytes message =
        crypto::signing_bytes("statement", genesis_, statement.epoch, body.take());
    uint64_t weight = 0, whole = 0;
    for (const chain::Member& member : set->members) whole += member.weight;
    std::set<NodeId> signers;
    for (const auto& [signer, signature] : certificate.signatures) {
        const chain::Member* member = set->find(signer);
        if (member == nullptr) return fmt::format("signed by node {}, no validator", signer);
        if (!signers.insert(signer).second) return fmt::format("signed twice by node {}", signer);
        if (!crypto::verify(member->voting_key, message, signature))
            return fmt::format("that node {} has not signed", signer);
        if (!bft_->is_liar(signer) && !bft_->has_said(signer, statement))
            return fmt::format("which is not on the platter of its signer, node {}", signer);
        weight += member->weight;
    }
    if (is_quorum(weight, whole)) return {};
    return fmt::format("signed by a weight of {} of {}", weight, whole);
}

}  // namespace

CheckerPtr make_bft_certificates(const Sight& sight) {
    return std::make_unique<BftCertificates>(sight);
}

}  // namespace holdfast::sim
