// I9 and I16: whoever accuses proves it, by two signatures under statements that exclude each
// other, so that a third can see it; and nobody honest is ever accused.
#include <fmt/format.h>

#include "base/codec.h"
#include "sim/checkers.h"

namespace holdfast::sim {
namespace {

class Evidences final : public Checker {
  public:
    explicit Evidences(const Sight& sight)
        : bft_(sight.bft), genesis_(chain::genesis_hash(sight.stage.genesis())) {}
    [[nodiscard]] std::string_view name() const override { return "bft-evidence"; }

    void on_effects(NodeId node, const consensus::Engine& /*engine*/,
                    std::span<const consensus::Effect> effects) override {
        for (const consensus::Effect& effect : effects)
            if (const auto* accuse = std::get_if<consensus::Accuse>(&effect))
                judge(node, accuse->evidence);
    }

  private:
    void judge(NodeId node, ByteView bytes) {
        const auto evidence = chain::decode_evidence(bytes);
        if (!evidence) return violated(fmt::format("node {} accuses by what cannot be read", node));
        const auto wrong = [&](std::string_view what) {
            violated(fmt::format("node {} accuses node {} {}: {} and {}", node, evidence->guilty,
                                 what, to_string(evidence->first.statement),
                                 to_string(evidence->second.statement)));
        };
        if (!bft_->is_liar(evidence->guilty)) return wrong("who is honest");
        if (!contradict(evidence->first.statement, evidence->second.statement))
            return wrong("of what the honest say as well");
        const chain::MemberSet* set = bft_->set(evidence->first.statement.epoch);
        const chain::Member* guilty = set == nullptr ? nullptr : set->find(evidence->guilty);
        if (guilty == nullptr) return wrong("who was no validator then");
        for (const auto* part : {&evidence->first, &evidence->second}) {
            Writer body;
            body.u8(static_cast<uint8_t>(part->statement.kind));
            body.u64(part->statement.view);
            body.fixed(part->statement.digest);
            const Bytes message =
                crypto::signing_bytes("statement", genesis_, part->statement.epoch, body.take());
            if (!crypto::verify(guilty->voting_key, message, part->signature))
                wrong("by a signature that is not his");
        }
    }
    std::shared_ptr<BftSight> bft_;
    Hash32 genesis_;
};

}  // namespace

CheckerPtr make_bft_evidence(const Sight& sight) {
    return std::make_unique<Evidences>(sight);
}

}  // namespace holdfast::sim
