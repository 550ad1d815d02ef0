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
    /// What the staking contract says in its logs that it paid out, or burnt if to nobody.
    struct Paid {
        std::optional<Address> to;
        U256 amount;
    };
    struct Ran {
        bool success = false;
        uint64_t gas = 0;
        std::vector<Paid> paid;
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
    /// Broken rules since the last call.
    std::vector<std::string> take_problems() { return std::exchange(problems_, {}); }

  private:
    void execute(Height height, const ChainBlock& block);
    void run(Height height, const ChainBlock& block, size_t index);
    void pay_from_stakes(Height height, const std::vector<ChainBlock::Paid>& payments);
    void check_base_fee(Height height, const ChainBlock& block);
    void check_sum(Height height);
    State& open(const Address& account, Height height);
    void problem(Height height, std::string_view what);

    std::shared_ptr<const Chain> chain_;
    chain::FeeRules fees_;
    U256 block_reward_, founding_stake_;
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
