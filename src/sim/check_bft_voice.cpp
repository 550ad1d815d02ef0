// I8: an honest node never says two things that exclude each other, over all its lives and
// journals; and says nothing on the wire that is not in its journal on the platter.
#include <fmt/format.h>

#include "sim/checkers.h"

namespace holdfast::sim {
namespace {

using chain::Statement;
using chain::StatementKind;

class OneVoice final : public Checker {
  public:
    explicit OneVoice(const Sight& sight) : bft_(sight.bft) {}
    [[nodiscard]] std::string_view name() const override { return "bft-one-voice"; }

    void on_start(NodeId /*node*/, const consensus::Base& /*base*/,
                  const std::vector<consensus::JournalRecord>& /*records*/,
                  consensus::JournalHealth /*health*/, uint64_t /*incarnation*/) override {
        look();
    }
    void on_platter(NodeId /*node*/, consensus::Token /*token*/) override { look(); }

  private:
    void look() {
        for (const auto& [node, said] : bft_->news()) {
            const Statement& statement = said.statement;
            for (const Statement& other : bft_->said_at(bft::place_of(statement)))
                if (contradict(statement, other) && bft_->has_said(node, other))
                    violated(fmt::format("node {} says {} and has said {}", node,
                                         to_string(statement), to_string(other)));
            const chain::MemberSet* set = bft_->set(statement.epoch);
            if (set == nullptr)
                violated(fmt::format("node {} says {} before anybody has closed the epoch before",
                                     node, to_string(statement)));
            else if (set->find(node) == nullptr)
                violated(fmt::format("node {} says {} and is no validator then", node,
                                     to_string(statement)));
        }
    }
    std::shared_ptr<BftSight> bft_;
};

class BftPromise final : public Checker {
  public:
    explicit BftPromise(const Sight& sight) : bft_(sight.bft) {}
    [[nodiscard]] std::string_view name() const override { return "bft-promise"; }

    void on_send(NodeId from, NodeId to, ByteView /*message*/) override {
        const bft::Body* body = bft_->message();
        if (body == nullptr) return;
        if (const auto* vote = std::get_if<bft::Vote>(body)) expect(from, to, vote->said.statement);
        if (const auto* propose = std::get_if<bft::Propose>(body))
            expect(from, to,
                   {.kind = StatementKind::propose,
                    .epoch = propose->candidate.proposal.place.epoch,
                    .view = propose->candidate.proposal.place.view,
                    .digest = propose->candidate.digest});
    }

  private:
    void expect(NodeId from, NodeId to, const Statement& statement) {
        if (!bft_->has_said(from, statement))
            violated(fmt::format("node {} says {} to node {}, which is not on its platter", from,
                                 to_string(statement), to));
    }
    std::shared_ptr<BftSight> bft_;
};

}  // namespace

CheckerPtr make_bft_one_voice(const Sight& sight) {
    return std::make_unique<OneVoice>(sight);
}
CheckerPtr make_bft_promise(const Sight& sight) {
    return std::make_unique<BftPromise>(sight);
}

}  // namespace holdfast::sim
