// Thousands of random calls under each policy, and what none of them may break.
#include <gtest/gtest.h>

#include "base/random.h"
#include "ledger/epoch_chain.h"
#include "ledger/random_calls.h"

namespace holdfast::ledger {
namespace {

using namespace testing;

class Crowd {
  public:
    Crowd(chain::Policy policy, uint64_t seed)
        : policy_(policy),
          random_(seed),
          chain_(random_genesis(policy)),
          calls_(policy, chain_, random_) {}

    void run(uint64_t blocks) {
        for (uint64_t i = 0; i < blocks; ++i) {
            std::vector<TransactionPtr> transactions;
            for (uint64_t n = random_.below(12); n > 0; --n) transactions.push_back(calls_.next());
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
    RandomCalls calls_;
    std::map<Height, std::vector<U256>> past_;
    uint64_t epoch_before_ = 0, done_ = 0, refused_ = 0;
    std::vector<chain::Member> set_before_ = chain_.chain.genesis().members.members;
};

class Policies : public ::testing::TestWithParam<chain::Policy> {};

TEST_P(Policies, BearRandomCalls) {
    for (const uint64_t seed : Ids{1, 2, 3}) {
        SCOPED_TRACE(seed);
        Crowd(GetParam(), seed).run(400);
        if (HasFailure()) return;
    }
}

INSTANTIATE_TEST_SUITE_P(Each, Policies,
                         ::testing::Values(chain::Policy::poa, chain::Policy::pos,
                                           chain::Policy::dpos),
                         [](const auto& each) { return std::string(to_string(each.param)); });

}  // namespace
}  // namespace holdfast::ledger
