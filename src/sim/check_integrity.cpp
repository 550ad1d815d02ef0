// A2: on the chain a transaction is executed once, and the nonces of each account count up by one.
#include <fmt/format.h>

#include "sim/checkers.h"

namespace holdfast::sim {
namespace {

class Integrity final : public Checker {
  public:
    explicit Integrity(const Sight& sight) : chain_(sight.chain) {
        for (const auto& [address, account] : sight.stage.genesis().alloc)
            nonces_[address] = account.nonce;
    }
    [[nodiscard]] std::string_view name() const override { return "integrity"; }

    void on_block(NodeId /*node*/, const ledger::Executed& /*executed*/) override {
        while (at_ < chain_->top()) {
            ++at_;
            for (const auto& transaction : chain_->at(at_)->transactions) check(*transaction);
        }
    }

  private:
    void check(const chain::RecoveredTransaction& recovered) {
        // The chain remembers the first place only.
        const auto place = chain_->height_of(recovered.hash);
        if (place != at_ || !in_block_.insert_or_assign(recovered.hash, at_).second)
            violated(fmt::format("transaction {} is executed in block {} and again in {}",
                                 to_hex(recovered.hash.view()), place.value_or(at_), at_));
        uint64_t& next = nonces_[recovered.sender];
        const uint64_t nonce = recovered.transaction.nonce;
        if (nonce != next)
            violated(fmt::format("block {} has nonce {} of {}, whose next is {}", at_, nonce,
                                 to_hex(recovered.sender.view()), next));
        next = nonce + 1;
    }

    std::shared_ptr<const Chain> chain_;
    std::unordered_map<Address, uint64_t> nonces_;
    std::unordered_map<Hash32, Height> in_block_;
    Height at_;
};

}  // namespace

CheckerPtr make_integrity(const Sight& sight) {
    return std::make_unique<Integrity>(sight);
}

}  // namespace holdfast::sim
