// What the ledgers should hold, by a second opinion: the chain that the all-seeing eye has seen
// executed, and an interpreter of transfers and fees that shares no rule with ledger/.
#pragma once

#include <functional>
#include <map>
#include <unordered_map>
#include <vector>

#include "chain/genesis.h"
#include "env/state_store.h"
#include "ledger/ledger.h"
#include "sim/member_reference.h"

namespace holdfast::sim {

/// What is kept of a block.
struct ChainBlock {
    Hash32 hash;
    Hash32 parent;
    Address beneficiary;
    U256 base_fee;
    uint64_t gas_limit = 0;
    uint64_t gas_used = 0;
    std::vector<ledger::TransactionPtr> transactions;
    chain::Origin origin;
    struct Ran {
        bool success = false;
        uint64_t gas = 0;
        std::vector<Paid> paid;  ///< as the staking contract says in its logs
    };
    std::vector<Ran> ran;  ///< beside `transactions`
};

/// Height -> block, the first that any node executed there.
class Chain {
  public:
    /// `store`, of the node that executed it, fills gaps: a life may end between execution and word
    /// of it. May be null.
    void take(const ledger::Executed& executed, const env::StateView* store);

    /// Everything from 1 to here is known.
    [[nodiscard]] Height top() const { return top_; }
    /// Null if not known.
    [[nodiscard]] const ChainBlock* at(Height height) const;
    /// Null if it is in no block up to `top`. Only the first place counts.
    [[nodiscard]] std::optional<Height> height_of(const Hash32& transaction) const;

  private:
    void fill(Height below, const env::StateView& store);
    void advance();

    std::unordered_map<Height, ChainBlock> blocks_;
    std::unordered_map<Hash32, Height> places_;
    Height top_;
};

/// Executes the chain again, by rules written down a second time. [EIP-1559, YP §6]
class Interpreter {
  public:
    struct State {
        Height since;
        U256 balance;
        uint64_t nonce = 0;
    };
    Interpreter(const chain::Genesis& genesis, std::shared_ptr<const Chain> chain);

    /// Goes on to the top of the chain. Cheap if there is nothing new.
    void advance();
    [[nodiscard]] Height at() const { return at_; }
    /// Null beyond `at`.
    [[nodiscard]] std::optional<U256> balance(const Address& account, Height height) const;
    [[nodiscard]] State state(const Address& account, Height height) const;
    /// Whose state block `height` changed.
    [[nodiscard]] const std::vector<Address>& touched(Height height) const;
    [[nodiscard]] std::vector<Address> accounts() const;
    [[nodiscard]] const U256& burnt(Height height) const { return burnt_.at(height.value); }
    /// The balances of genesis, and what was made beside them up to `height`.
    [[nodiscard]] const U256& issued(Height height) const { return issued_.at(height.value); }
    /// What of `issued` the members of genesis began with at stake.
    [[nodiscard]] const U256& founding_stake() const { return founding_stake_; }
    /// Who takes part, and what became of stakes; null without epochs. It is where the top is.
    [[nodiscard]] const MemberReference* members() const { return members_.get(); }
    /// The members that the block computed, if it ends an epoch.
    [[nodiscard]] const MemberReference::Weights* computed(Height height) const;
    /// Guilt that the block's transactions proved.
    struct Guilt {
        Height height;
        NodeId guilty;
    };
    [[nodiscard]] const std::vector<Guilt>& guilts() const { return guilts_; }
    /// Calls that came out otherwise, since the last time.
    std::vector<std::string> take_contract_problems() {
        return std::exchange(contract_problems_, {});
    }
    /// Broken rules since the last call.
    std::vector<std::string> take_problems() { return std::exchange(problems_, {}); }

  private:
    void execute(Height height, const ChainBlock& block);
    void run(Height height, const ChainBlock& block, size_t index);
    void pay_from_stakes(Height height, const std::vector<Paid>& payments);
    void call_contract(Height height, const chain::RecoveredTransaction& call,
                       const ChainBlock::Ran& ran);
    void close(Height height, const ChainBlock& block);
    void check_base_fee(Height height, const ChainBlock& block);
    void check_sum(Height height);
    State& open(const Address& account, Height height);
    void problem(Height height, std::string_view what);

    std::shared_ptr<const Chain> chain_;
    chain::FeeRules fees_;
    std::unique_ptr<MemberReference> members_;
    std::map<Height, MemberReference::Weights> computed_;
    std::vector<Guilt> guilts_;
    std::vector<std::string> contract_problems_;
    uint64_t epoch_blocks_ = 0;
    U256 founding_stake_;
    std::vector<Address> contracts_;
    std::unordered_map<Address, std::vector<State>> states_;  ///< by height
    std::vector<std::vector<Address>> touched_;               ///< by height
    std::vector<U256> burnt_, issued_;                        ///< by height
    U256 sum_;
    Height at_;
    U256 parent_base_fee_;
    uint64_t parent_gas_limit_ = 0, parent_gas_used_ = 0;
    std::vector<std::string> problems_;
};

}  // namespace holdfast::sim
