// For tests: random calls of every kind that people make under each policy, mostly with some sense.
#pragma once

#include "base/random.h"
#include "ledger/epoch_chain.h"

namespace holdfast::ledger::testing {

inline constexpr uint64_t people = 12, ids_max = 10;

inline chain::Genesis random_genesis(chain::Policy policy) {
    chain::Genesis genesis = epoch_genesis(policy);
    genesis.parameters.approval_blocks_max = 10;
    if (policy == chain::Policy::poa) return genesis;
    genesis.bft.block_reward = U256(987'654'321);
    genesis.bft.accuser_per_mille = 333;
    genesis.bft.slash_per_mille = 77;
    genesis.bft.guilts_max = 3;
    genesis.bft.missed_per_mille = 400;
    genesis.bft.committee_max = 5;
    return genesis;
}

class RandomCalls {
  public:
    RandomCalls(chain::Policy policy, EpochChain& chain, Random& random)
        : policy_(policy), chain_(chain), random_(random) {}

    TransactionPtr next() {
        // The operators of the first candidates do more than others.
        const bool operates = random_.chance(2, 3);
        const uint64_t from = operates ? random_.between(1, 5) : random_.below(people);
        TxFields fields{.from = from, .nonce = next_nonce(from), .gas_limit = 3'000'000};
        const uint64_t kind = random_.below(20);
        if (kind == 0) {
            fields.to = account_address(random_.below(people));
            fields.value = gwei;
        } else if (kind == 1) {
            fields.to = faults_address();
            const uint64_t now = chain_.epoch();
            const uint64_t back = random_.below(4);
            const NodeId accused = someone();
            const uint64_t view = random_.below(3);
            fields.data =
                encode_accuse(chain_.lie(accused.value, now > back ? now - back : 0, view));
        } else if (policy_ == chain::Policy::poa) {
            fields.to = validators_address();
            // Few arguments, so that more than half agree now and then.
            const uint64_t turn = chain_.chain.ledger().head().value / 2;
            const auto ids = chain_.ids();
            fields.data = turn % 3 == 0 && random_.chance(9, 10)
                              ? encode_remove_member(NodeId(ids[turn % ids.size()]))
                              : encode_add_member(make_operated(1 + turn % 200));
        } else {
            fields.to = staking_address();
            fields.data = staking_call(from, fields.value);
        }
        // Some run out of gas somewhere on the way.
        if (random_.chance(1, 6)) fields.gas_limit = random_.between(60'000, 150'000);
        return make_transaction(fields);
    }
    /// Nonces are read from the chain again: it went another way than was thought.
    void reread_nonces() { nonces_.clear(); }

  private:
    uint64_t next_nonce(uint64_t from) {
        const auto [place, fresh] = nonces_.try_emplace(from);
        if (fresh) place->second = chain_.chain.account(account_address(from)).nonce;
        return place->second++;
    }
    U256 amount() {
        switch (random_.below(6)) {
            case 0:
                return U256(random_.below(3000));
            case 1:
                return U256{} - U256(1);
            default:
                return ether * U256(random_.below(4000)) / U256(1000) + U256(7);
        }
    }
    NodeId someone() { return NodeId(1 + random_.below(ids_max)); }
    /// Mostly the candidate that the account operates or will.
    NodeId one_of(uint64_t account) {
        const bool own = account > 0 && account <= ids_max && random_.chance(2, 3);
        return own ? NodeId(account) : someone();
    }

    // Draws stand in statements of their own: compilers differ in the order of arguments.
    Bytes staking_call(uint64_t from, U256& value) {
        const U256 coins = ether * U256(random_.below(3000)) / U256(1000);
        const NodeId id = one_of(from);
        const NodeId other = someone();
        const U256 some = amount();
        const uint64_t kind = random_.below(9);
        if (kind < 2 || kind > 6) value = coins;
        switch (kind) {
            case 0:
                return bond_of(id.value);
            case 1:
                return encode_bond_more(id);
            case 2:
                return encode_unbond(id, some);
            case 3:
                return encode_withdraw(id);
            case 4:
                return encode_unjail(id);
            case 5:
                return encode_undelegate(id, some);
            case 6:
                return encode_redelegate(id, other, some);
            default:
                return encode_delegate(other);
        }
    }
    static chain::Member make_operated(uint64_t id) {
        chain::Member member = make_member(id);
        member.operator_account = account_address(1 + id % 5);
        return member;
    }

    chain::Policy policy_;
    EpochChain& chain_;
    Random& random_;
    std::map<uint64_t, uint64_t> nonces_;
};

}  // namespace holdfast::ledger::testing
