// I1 to I5: what quorums could be made of at each place, from everything that was ever durable
// anywhere, with those who lie supporting whatever they like. At most one proposal can be notarized
// and at most one final; what can be final can not be skipped; what is finalized was notarized; and
// what is notarized stands on a notarized parent with only skipped views between.
#include <fmt/format.h>

#include "sim/checkers.h"

namespace holdfast::sim {
namespace {

using chain::Statement;
using chain::StatementKind;

/// Hears each statement once, when it is durable and nobody lies too much.
class OfStatements : public Checker {
  public:
    explicit OfStatements(const Sight& sight) : bft_(sight.bft), plan_(sight.stage.plan()) {}

    void on_start(NodeId /*node*/, const consensus::Base& /*base*/,
                  const std::vector<consensus::JournalRecord>& /*records*/,
                  consensus::JournalHealth /*health*/, uint64_t /*incarnation*/) override {
        look();
    }
    void on_platter(NodeId /*node*/, consensus::Token /*token*/) override { look(); }

  protected:
    virtual void said(NodeId node, const Statement& statement) = 0;
    std::shared_ptr<BftSight> bft_;
    const Plan& plan_;

  private:
    void look() {
        for (const auto& [node, said_by_it] : bft_->news()) {
            const chain::MemberSet* set = bft_->set(said_by_it.statement.epoch);
            if (set != nullptr && bft_->is_sound(*set)) said(node, said_by_it.statement);
        }
    }
};

class Quorums final : public OfStatements {
  public:
    using OfStatements::OfStatements;
    [[nodiscard]] std::string_view name() const override { return "bft-quorums"; }

  private:
    void said(NodeId /*node*/, const Statement& statement) override {
        if (statement.kind == StatementKind::propose || !bft_->formable(statement)) return;
        for (const Statement& other : bft_->said_at(bft::place_of(statement)))
            if (other.kind != StatementKind::propose && contradict(statement, other) &&
                bft_->formable(other))
                violated(fmt::format("there can be certificates of {} and of {}",
                                     to_string(statement), to_string(other)));
    }
};

class Notarized final : public OfStatements {
  public:
    using OfStatements::OfStatements;
    [[nodiscard]] std::string_view name() const override { return "bft-notarized"; }

  private:
    void said(NodeId node, const Statement& statement) override {
        if (statement.kind != StatementKind::finalize) return;
        Statement before = statement;
        before.kind = StatementKind::notarize;
        if (!bft_->formable(before))
            violated(fmt::format("node {} says {}, which no quorum has notarized", node,
                                 to_string(statement)));
    }
};

class Parents final : public OfStatements {
  public:
    using OfStatements::OfStatements;
    [[nodiscard]] std::string_view name() const override { return "bft-parent"; }

  private:
    void said(NodeId node, const Statement& statement) override {
        if (statement.kind != StatementKind::propose && statement.kind != StatementKind::notarize)
            return;
        const bft::Proposal* it = bft_->proposal(statement.digest);
        const std::string what = wrong(it, statement);
        if (!what.empty())
            violated(fmt::format("node {} says {}, {}", node, to_string(statement), what));
    }
    std::string wrong(const bft::Proposal* it, const Statement& statement);
    std::string wrong_height(const bft::Proposal& it, uint64_t parent) const;
    std::map<uint64_t, Hash32> roots_;  ///< what an epoch begins on, as was said first
};

std::string Parents::wrong(const bft::Proposal* it, const Statement& statement) {
    if (it == nullptr) return "which nobody has proposed";
    if (it->place != bft::place_of(statement)) return "which was proposed at another place";
    if (it->parent_view >= it->place.view) return "whose parent is of no earlier view";
    for (bft::View view = it->parent_view + 1; view < it->place.view; ++view)
        if (!bft_->formable({.kind = StatementKind::skip,
                             .epoch = statement.epoch,
                             .view = view,
                             .digest = {}}))
            return fmt::format("which passes over view {}, and no quorum has skipped it", view);
    if (it->parent_view == 0) {
        if (roots_.try_emplace(statement.epoch, it->parent).first->second != it->parent)
            return "which begins the epoch on another root";
        return wrong_height(*it, statement.epoch * plan_.epoch_blocks);
    }
    if (!bft_->formable({.kind = StatementKind::notarize,
                         .epoch = statement.epoch,
                         .view = it->parent_view,
                         .digest = it->parent}))
        return "whose parent no quorum has notarized";
    const bft::Proposal* parent = bft_->proposal(it->parent);
    return parent == nullptr ? "whose parent nobody has proposed"
                             : wrong_height(*it, parent->height.value);
}

std::string Parents::wrong_height(const bft::Proposal& it, uint64_t parent) const {
    const bool grows = !it.payload_hash.is_zero();
    if (it.height.value != parent + (grows ? 1 : 0))
        return fmt::format("of height {} on one of height {}", it.height, parent);
    const uint64_t last = (it.place.epoch + 1) * plan_.epoch_blocks;
    return it.height.value > last ? "beyond the end of the epoch" : "";
}

}  // namespace

CheckerPtr make_bft_quorums(const Sight& sight) {
    return std::make_unique<Quorums>(sight);
}
CheckerPtr make_bft_notarized(const Sight& sight) {
    return std::make_unique<Notarized>(sight);
}
CheckerPtr make_bft_parent(const Sight& sight) {
    return std::make_unique<Parents>(sight);
}

}  // namespace holdfast::sim
