// I6 and I7: what is final is one line. Each final proposal is in the past of every later one of
// its epoch, and what a node delivers is final or in the past of what is, at the place that its
// mark says, in the order of the places.
#include <fmt/format.h>

#include "crypto/hash.h"
#include "sim/checkers.h"

namespace holdfast::sim {
namespace {

using chain::Statement;
using chain::StatementKind;

class Finality final : public Checker {
  public:
    explicit Finality(const Sight& sight) : bft_(sight.bft) {}
    [[nodiscard]] std::string_view name() const override { return "bft-finality"; }

    void on_start(NodeId /*node*/, const consensus::Base& /*base*/,
                  const std::vector<consensus::JournalRecord>& /*records*/,
                  consensus::JournalHealth /*health*/, uint64_t /*incarnation*/) override {
        look();
    }
    void on_platter(NodeId /*node*/, consensus::Token /*token*/) override { look(); }
    void on_effects(NodeId node, const consensus::Engine& /*engine*/,
                    std::span<const consensus::Effect> effects) override {
        for (const consensus::Effect& effect : effects)
            if (const auto* deliver = std::get_if<consensus::Deliver>(&effect))
                delivered(node, *deliver);
    }

  private:
    void look() {
        for (const auto& [node, said] : bft_->news()) {
            const Statement& statement = said.statement;
            if (statement.kind != StatementKind::finalize || !is_sound(statement.epoch)) continue;
            if (!bft_->formable(statement) ||
                !finals_.emplace(bft::place_of(statement), statement).second)
                continue;
            const auto here = finals_.find(bft::place_of(statement));
            if (here != finals_.begin()) follows(std::prev(here)->second, statement);
            if (std::next(here) != finals_.end()) follows(statement, std::next(here)->second);
        }
    }
    void follows(const Statement& low, const Statement& high) {
        if (low.epoch != high.epoch) return;
        if (bft_->is_in_past(low.digest, low.view, high.digest) == false)
            violated(fmt::format("{} is not in the past of {}", to_string(low), to_string(high)));
    }
    bool is_sound(uint64_t epoch) {
        const chain::MemberSet* set = bft_->set(epoch);
        return set != nullptr && bft_->is_sound(*set);
    }
    void delivered(NodeId node, const consensus::Deliver& deliver);

    std::shared_ptr<BftSight> bft_;
    std::map<bft::Place, Statement> finals_;  ///< whose certificates were formable
    std::map<Height, bft::Place> places_;     ///< of what was delivered, by whomever first
};

void Finality::delivered(NodeId node, const consensus::Deliver& deliver) {
    const auto wrong = [&](const std::string& what) {
        violated(fmt::format("node {} delivers {} {}", node, deliver.position, what));
    };
    const auto mark = bft::decode_mark(deliver.mark);
    if (!mark) return wrong("without a mark");
    const bft::Proposal& proposal = mark->proposal;
    const Statement& certified = mark->certificate.statement;
    const Hash32 digest = proposal.digest();
    if (proposal.height != deliver.position || certified.digest != digest ||
        bft::place_of(certified) != proposal.place)
        return wrong("with the mark of another proposal");
    if (proposal.payload_hash != crypto::sha256(*deliver.payload))
        return wrong("with another payload than was proposed");
    if (deliver.origin.epoch != proposal.place.epoch || deliver.origin.view != proposal.place.view)
        return wrong("as of another place than its mark's");
    const auto [first, fresh] = places_.try_emplace(deliver.position, proposal.place);
    if (!fresh) {
        if (first->second != proposal.place && is_sound(proposal.place.epoch))
            wrong("at another place than others did");
        return;
    }
    if (first != places_.begin() && std::prev(first)->second >= proposal.place)
        wrong("out of the order of views");
    if (!is_sound(proposal.place.epoch)) return;
    const auto final = bft_->final_from(proposal.place);
    if (!final || bft_->is_in_past(digest, proposal.place.view, final->digest) == false)
        wrong(final ? "which is not in the past of " + to_string(*final)
                    : "and nothing at or above its view can be final");
}

}  // namespace

CheckerPtr make_bft_finality(const Sight& sight) {
    return std::make_unique<Finality>(sight);
}

}  // namespace holdfast::sim
