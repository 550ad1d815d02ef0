// R10, and what guilt costs: the members of each epoch are those that a second opinion computes
// from the chain, calls of the contracts come out as it says and leave them the money that it
// counts, whom execution punishes has lied, for each proven lie once; and once an honest node that
// can report has found a liar out, the ledger knows.
#include <fmt/format.h>

#include "sim/checkers.h"

namespace holdfast::sim {
namespace {

class Members final : public Checker {
  public:
    explicit Members(const Sight& sight)
        : stage_(sight.stage), interpreter_(sight.interpreter), bft_(sight.bft) {}
    [[nodiscard]] std::string_view name() const override { return "bft-members"; }

    void on_block(NodeId node, const ledger::Executed& executed) override;
    void on_end(NodeId node, Death /*why*/) override { accused_.erase(node); }
    void on_effects(NodeId node, const consensus::Engine& /*engine*/,
                    std::span<const consensus::Effect> effects) override {
        if (!stage_.plan().reports(node)) return;
        for (const consensus::Effect& effect : effects)
            if (const auto* accuse = std::get_if<consensus::Accuse>(&effect))
                if (auto evidence = chain::decode_evidence(accuse->evidence))
                    accused_[node].push_back(std::move(*evidence));
    }
    [[nodiscard]] std::string waits_for() const override;

  private:
    const Stage& stage_;
    std::shared_ptr<Interpreter> interpreter_;
    std::shared_ptr<BftSight> bft_;
    std::map<NodeId, std::vector<chain::Evidence>> accused_;  ///< by lives that still are
    size_t judged_ = 0;
};

void Members::on_block(NodeId node, const ledger::Executed& executed) {
    interpreter_->advance();
    for (std::string& problem : interpreter_->take_contract_problems())
        violated(std::move(problem));
    for (; judged_ < interpreter_->guilts().size(); ++judged_) {
        const auto& [height, guilty] = interpreter_->guilts()[judged_];
        if (!bft_->is_liar(guilty))
            violated(fmt::format("block {} punishes node {}, who is honest", height, guilty));
    }
    const auto* expected = interpreter_->computed(executed.block.header.number);
    if (expected == nullptr) return;
    MemberReference::Weights found;
    for (const chain::Member& member : executed.members.members)
        found.emplace(member.id, member.weight);
    if (found == *expected) return;
    const auto text = [](const MemberReference::Weights& weights) {
        std::string all;
        for (const auto& [id, weight] : weights) all += fmt::format(" {}:{}", id, weight);
        return all;
    };
    violated(fmt::format("node {} has members{} after block {}, by the rules they are{}", node,
                         text(found), executed.block.header.number, text(*expected)));
}

// Reports go the way of all transactions, so it takes a core that gets on, and some time.
std::string Members::waits_for() const {
    const MemberReference* members = interpreter_->members();
    for (const NodeId node : stage_.core()) {
        const auto found = accused_.find(node);
        if (found == accused_.end()) continue;
        for (const chain::Evidence& evidence : found->second) {
            const bool is_settled = members->guilts().contains(evidence.guilty) ||
                                    members->is_too_old(evidence, interpreter_->at().next());
            if (!is_settled && members->weights().contains(node))
                return fmt::format(
                    "node {} has found out that node {} lies, and the ledger does "
                    "not know",
                    node, evidence.guilty);
        }
    }
    return {};
}

}  // namespace

CheckerPtr make_bft_members(const Sight& sight) {
    return std::make_unique<Members>(sight);
}

}  // namespace holdfast::sim
