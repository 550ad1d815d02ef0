// A3: nothing is executed that no client and no operator made, and nobody is told that something
// was taken in which could cost more than there is.
#include <unordered_set>

#include <fmt/format.h>

#include "sim/cast.h"
#include "sim/checkers.h"

namespace holdfast::sim {
namespace {

class Validity final : public Checker {
  public:
    explicit Validity(const Sight& sight) : chain_(sight.chain), interpreter_(sight.interpreter) {
        const Plan& plan = sight.stage.plan();
        for (uint64_t id = 1; id <= plan.nodes + plan.spares; ++id)
            if (plan.reports(NodeId(id))) reporters_.insert(account(reporter_number(NodeId(id))));
    }
    [[nodiscard]] std::string_view name() const override { return "validity"; }

    void on_made(const Hash32& transaction) override { made_.insert(transaction); }
    void on_admitted(NodeId node, const chain::RecoveredTransaction& taken) override {
        const chain::Transaction& it = taken.transaction;
        const auto fee = checked_mul(U256(it.gas_limit), it.max_fee_per_gas);
        const auto cost = fee ? checked_add(*fee, it.value) : std::nullopt;
        if (!cost || *cost > interpreter_->issued(interpreter_->at()))
            violated(fmt::format("node {} takes in {}, which can cost more than was ever issued",
                                 node, to_hex(taken.hash.view())));
    }
    void on_block(NodeId /*node*/, const ledger::Executed& /*executed*/) override {
        while (at_ < chain_->top()) {
            ++at_;
            for (const auto& transaction : chain_->at(at_)->transactions)
                if (!made_.contains(transaction->hash) && !reporters_.contains(transaction->sender))
                    violated(fmt::format("transaction {} of block {} was made by nobody",
                                         to_hex(transaction->hash.view()), at_));
        }
    }

  private:
    std::shared_ptr<const Chain> chain_;
    std::shared_ptr<const Interpreter> interpreter_;
    std::unordered_set<Hash32> made_;
    std::unordered_set<Address> reporters_;  ///< with keys of their own, for one purpose
    Height at_;
};

}  // namespace

CheckerPtr make_validity(const Sight& sight) {
    return std::make_unique<Validity>(sight);
}

}  // namespace holdfast::sim
