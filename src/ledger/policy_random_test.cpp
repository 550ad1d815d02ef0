// Thousands of random calls under each policy, and what none of them may break.
#include <gtest/gtest.h>

#include "base/random.h"
#include "ledger/epoch_chain.h"

namespace holdfast::ledger {
namespace {

using namespace testing;

constexpr uint64_t people = 12, ids_max = 10;

chain::Genesis random_genesis(chain::Policy policy) {
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

class Crowd {
  public:
    Crowd(chain::Policy policy, uint64_t seed)
        : policy_(policy), random_(seed), chain_(random_genesis(policy)) {}

    void run(uint64_t blocks) {
        for (uint64_t i = 0; i < blocks; ++i) {
            std::vector<TransactionPtr> transactions;
            for (uint64_t n = random_.below(12); n > 0; --n) transactions.push_back(act());
            std::set<uint64_t> silent;
            const auto ids = chain_.ids();
            if (ids.size() > 1 && random_.chance(1, 2)) silent.insert(ids[i / 4 % ids.size()]);
            const Executed executed = chain_.next(std::move(transactions), silent);
            ASSERT_TRUE(executed.left_out.empty()) << executed.left_out[0].reason.detail;
            for (const auto& receipt : executed.receipts) ++(receipt.success ? done_ : refused_);
            check(executed);
            if (::testing::Test::HasFailure()) return;
            if (i % 97 == 0) chain_.chain.reopen();
        }
        chain_.chain.expect_sound();
        look_back();
        replay();
        // It would show little if nearly all of them were refused.
        EXPECT_GT(done_, blocks / 2);
        EXPECT_GT(refused_, blocks / 10);
        EXPECT_GT(chain_.changes(), blocks / 50);
    }

  private:
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
    TransactionPtr act() {
        // The operators of the first candidates do more than others.
        const bool operates = random_.chance(2, 3);
        const uint64_t from = operates ? random_.between(1, 5) : random_.below(people);
        TxFields fields{.from = from, .nonce = nonces_[from]++, .gas_limit = 3'000'000};
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
    static chain::Member make_operated(uint64_t id) {
        chain::Member member = make_member(id);
        member.operator_account = account_address(1 + id % 5);
        return member;
    }

    // The past is what it was, and can be proved, for the slots of the contracts too.
    void look_back() {
        const Reader reader = chain_.chain.reader();
        size_t looked = 0;
        for (const auto& [height, values] : past_) {
            if (height < reader.oldest_state()) continue;
            ++looked;
            const auto proof = reader.proof(contract(), watched_slots(), height);
            ASSERT_TRUE(proof) << describe(proof.error());
            for (size_t i = 0; i < values.size(); ++i) {
                const auto& slot = proof->slots[i];
                ASSERT_EQ(slot.value, values[i]);
                ASSERT_EQ(reader.slot(contract(), slot.key, height).value(), values[i]);
                const auto proved =
                    chain::verify_proof(proof->account.storage_root,
                                        crypto::keccak256(slot.key.view()).view(), slot.proof);
                ASSERT_TRUE(proved);
                ASSERT_EQ(proved->has_value(), !values[i].is_zero());
            }
        }
        EXPECT_GT(looked, 10u);
    }
    [[nodiscard]] Address contract() const {
        return policy_ == chain::Policy::poa ? validators_address() : staking_address();
    }
    static std::vector<Hash32> watched_slots() {
        std::vector<Hash32> slots{slot_key(0, 0, 0), slot_key(0, 0, 1), slot_key(0, 0, 3)};
        for (uint64_t id = 1; id <= 4; ++id) {
            slots.push_back(slot_key(2, id, 0));
            slots.push_back(slot_key(2, id, 17));
        }
        return slots;
    }

    void check(const Executed& executed) {
        const chain::MemberSet& set = executed.members;
        ASSERT_FALSE(set.members.empty());
        NodeId before;
        for (const chain::Member& member : set.members) {
            ASSERT_LT(before, member.id);
            before = member.id;
            ASSERT_GT(member.weight, 0u);
            ASSERT_LE(member.weight, chain::member_weight_max);
        }
        ASSERT_EQ(executed.members_changed, set.epoch != epoch_before_);
        ASSERT_EQ(executed.members_changed, set.members != set_before_);
        if (executed.members_changed) {
            ASSERT_TRUE(chain::is_boundary(executed.block.header.number, epoch_blocks));
        }
        epoch_before_ = set.epoch;
        set_before_ = set.members;
        if (executed.block.header.number.value % 13 == 0) {
            const Reader reader = chain_.chain.reader();
            for (const Hash32& key : watched_slots())
                past_[reader.head()].push_back(reader.slot(contract(), key, reader.head()).value());
        }
        check_money();
    }
    // stakes + unbonding + balances + burnt - issued = genesis supply; the first two are what the
    // contract has.
    void check_money() {
        const Reader reader = chain_.chain.reader();
        U256 sum, supply;
        reader.view().scan(env::Column::accounts, {}, [&](ByteView, ByteView value) {
            sum += chain::decode_account(value)->balance;
            return true;
        });
        for (const auto& [address, account] : chain_.chain.genesis().alloc)
            supply += account.balance;
        ASSERT_EQ(sum + reader.burnt(), supply + reader.issued());
        if (policy_ == chain::Policy::poa || reader.head().value % 7 != 0) return;

        const auto slot = [&](const Hash32& key) {
            return reader.slot(staking_address(), key, reader.head()).value();
        };
        U256 staked;
        for (uint64_t id = 1; id <= ids_max; ++id) {
            const U256 stake = slot(slot_key(2, id, 17));
            staked += stake;
            U256 worth;
            for (uint64_t account = 0; account < people; ++account)
                worth += slot(account_slot_key(4, account_address(account), id, 0));
            ASSERT_EQ(worth, slot(slot_key(2, id, 18)));
            for (uint64_t epoch = 0; epoch <= chain_.epoch(); ++epoch)
                staked += slot(slot_key(3, id, epoch, 0));
        }
        ASSERT_EQ(staked, chain_.balance(staking_address()));
    }
    void replay() {
        TestChain again(chain_.chain.genesis());
        const Reader reader = chain_.chain.reader();
        for (Height height(1); height <= reader.head(); ++height) {
            const auto block = reader.block(height);
            const auto extra = chain::decode_extra(block->header.extra_data);
            again.ledger().execute({.height = height,
                                    .time_ms = extra->time_ms,
                                    .fee_recipient = block->header.beneficiary,
                                    .payload_hash = extra->payload_hash,
                                    .origin = extra->origin,
                                    .mark = {},
                                    .transactions = block->transactions});
            if (height.value % 50 == 0) again.reopen();
            ASSERT_EQ(again.ledger().head_block().hash, block->hash) << height.value;
        }
    }

    chain::Policy policy_;
    Random random_;
    EpochChain chain_;
    std::map<uint64_t, uint64_t> nonces_;
    std::map<Height, std::vector<U256>> past_;
    uint64_t epoch_before_ = 0, done_ = 0, refused_ = 0;
    std::vector<chain::Member> set_before_ = chain_.chain.genesis().members.members;
};

class RandomCalls : public ::testing::TestWithParam<chain::Policy> {};

TEST_P(RandomCalls, BreakNothing) {
    for (const uint64_t seed : Ids{1, 2, 3}) {
        SCOPED_TRACE(seed);
        Crowd(GetParam(), seed).run(400);
        if (HasFailure()) return;
    }
}

INSTANTIATE_TEST_SUITE_P(Policies, RandomCalls,
                         ::testing::Values(chain::Policy::poa, chain::Policy::pos,
                                           chain::Policy::dpos),
                         [](const auto& each) { return std::string(to_string(each.param)); });

}  // namespace
}  // namespace holdfast::ledger
