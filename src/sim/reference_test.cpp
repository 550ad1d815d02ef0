// The second opinion on ledgers where members have stakes: what is issued, paid out and slashed.
#include "sim/reference.h"

#include <gtest/gtest.h>

#include "ledger/epoch_chain.h"

namespace holdfast::sim {
namespace {

using namespace ledger::testing;

class Opinion {
  public:
    explicit Opinion(EpochChain& chain)
        : chain_(chain),
          seen_(std::make_shared<Chain>()),
          interpreter_(chain.chain.genesis(), seen_) {}
    void look() {
        seen_->take(chain_.last, nullptr);
        interpreter_.advance();
        for (const std::string& problem : interpreter_.take_problems()) ADD_FAILURE() << problem;
        const Height head = chain_.chain.ledger().head();
        ASSERT_EQ(interpreter_.at(), head);
        const ledger::Reader reader = chain_.chain.reader();
        EXPECT_EQ(interpreter_.burnt(head), reader.burnt());
        EXPECT_EQ(interpreter_.issued(head) - interpreter_.issued(Height(0)) +
                      interpreter_.founding_stake(),
                  reader.issued());
        for (const Address& account : interpreter_.accounts())
            EXPECT_EQ(interpreter_.balance(account, head), reader.account_at_head(account).balance)
                << to_hex(account.view());
    }

  private:
    EpochChain& chain_;
    std::shared_ptr<Chain> seen_;
    Interpreter interpreter_;
};

TEST(Reference, CountsWhatStakesIssuePayAndLose) {
    for (const auto policy : {chain::Policy::poa, chain::Policy::pos, chain::Policy::dpos}) {
        chain::Genesis genesis = epoch_genesis(policy);
        if (policy != chain::Policy::poa) {
            genesis.bft.block_reward = gwei;
            genesis.bft.accuser_per_mille = 200;
        }
        EpochChain chain(genesis);
        Opinion opinion(chain);
        const auto stake = [&](uint64_t from, const Bytes& data, const U256& value = {}) {
            EXPECT_EQ(chain.stake(from, data, value), policy != chain::Policy::poa);
            opinion.look();
        };
        if (policy != chain::Policy::poa) {
            stake(5, bond_of(5), ether * U256(3));
            stake(5, ledger::encode_unbond(NodeId(5), ether));
        }
        EXPECT_TRUE(chain.accuse(7, chain.lie(3, 0)));
        opinion.look();
        EXPECT_FALSE(chain.accuse(7, chain.lie(3, 0)));
        opinion.look();
        while (chain.epoch() < 3) {
            chain.next();
            opinion.look();
        }
        if (policy != chain::Policy::poa) stake(5, ledger::encode_withdraw(NodeId(5)));
        chain.chain.expect_sound();
    }
}

}  // namespace
}  // namespace holdfast::sim
