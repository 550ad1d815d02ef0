// A3: nothing is executed that no client and no operator made.
#include <unordered_set>

#include <fmt/format.h>

#include "sim/checkers.h"

namespace holdfast::sim {
namespace {

class Validity final : public Checker {
  public:
    explicit Validity(const Sight& sight) : chain_(sight.chain) {}
    [[nodiscard]] std::string_view name() const override { return "validity"; }

    void on_made(const Hash32& transaction) override { made_.insert(transaction); }
    void on_block(NodeId /*node*/, const ledger::Executed& /*executed*/) override {
        while (at_ < chain_->top()) {
            ++at_;
            for (const auto& transaction : chain_->at(at_)->transactions)
                if (!made_.contains(transaction->hash))
                    violated(fmt::format("transaction {} of block {} was made by nobody",
                                         to_hex(transaction->hash.view()), at_));
        }
    }

  private:
    std::shared_ptr<const Chain> chain_;
    std::unordered_set<Hash32> made_;
    Height at_;
};

}  // namespace

CheckerPtr make_validity(const Sight& sight) {
    return std::make_unique<Validity>(sight);
}

}  // namespace holdfast::sim
