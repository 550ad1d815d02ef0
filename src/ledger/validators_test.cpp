// The validators contract: who may change the members, when it takes effect, and what is refused.
#include "ledger/validators.h"

#include <gtest/gtest.h>

#include "base/random.h"
#include "ledger/abi.h"
#include "ledger/test_chain.h"

namespace holdfast::ledger {
namespace {

using namespace testing;

class ValidatorsTest : public ::testing::Test {
  protected:
    /// Account `from` calls the contract; true if the call succeeded.
    bool call(uint64_t from, const Bytes& data) {
        last = chain.execute({make_transaction({.from = from,
                                                .nonce = nonces[from]++,
                                                .to = validators_address(),
                                                .data = data,
                                                .gas_limit = 3'000'000})});
        EXPECT_EQ(last.receipts.size(), 1u);
        return last.receipts.at(0).success;
    }
    /// The reason for which the same call would revert now; empty if it would not.
    std::string reason(uint64_t from, const Bytes& data) {
        const auto result =
            simulate(chain.reader(), chain.genesis(), chain.ledger().head(),
                     {.from = account_address(from), .to = validators_address(), .data = data});
        if (!result) return std::string(result.error().code.name);
        return result->success ? "" : abi::decode_revert(result->output).value_or("?");
    }
    std::vector<uint64_t> ids() {
        std::vector<uint64_t> result;
        for (const auto& member : chain.ledger().members().members)
            result.push_back(member.id.value);
        return result;
    }
    static constexpr uint64_t approval_blocks = 20;
    static chain::Genesis genesis() {
        chain::Genesis result = make_genesis(12, 3);
        result.parameters.approval_blocks_max = approval_blocks;
        return result;
    }
    TestChain chain{genesis()};
    std::map<uint64_t, uint64_t> nonces;
    Executed last;
};

using Ids = std::vector<uint64_t>;

TEST_F(ValidatorsTest, MoreThanHalfAdds) {
    const Bytes add = encode_add_member(make_member(4));
    ASSERT_TRUE(call(1, add));
    EXPECT_FALSE(last.members_changed);
    ASSERT_EQ(last.receipts[0].logs.size(), 1u);
    EXPECT_EQ(last.receipts[0].logs[0].topics[0],
              abi::topic("Approved(bytes32,address,uint64,uint64)"));
    EXPECT_EQ(last.receipts[0].logs[0].topics[1], crypto::keccak256(add));
    EXPECT_EQ(ids(), (Ids{1, 2, 3}));

    ASSERT_TRUE(call(2, add));
    EXPECT_TRUE(last.members_changed);
    EXPECT_EQ(ids(), (Ids{1, 2, 3, 4}));
    EXPECT_EQ(chain.ledger().members().epoch, 1u);
    EXPECT_EQ(*chain.ledger().members().find(NodeId(4)), make_member(4));
    ASSERT_EQ(last.receipts[0].logs.size(), 2u);
    EXPECT_EQ(last.receipts[0].logs[1].topics[0], abi::topic("MemberAdded(uint64,address,uint64)"));
    EXPECT_EQ(last.receipts[0].logs[1].topics[1], abi::word_of(4));
    // The header names the next set, and the reader knows each height's.
    const auto extra = chain::decode_extra(last.block.header.extra_data);
    EXPECT_EQ(extra->next_members_hash, last.members.hash());
    EXPECT_EQ(chain.reader().members(Height(1))->members.size(), 3u);
    EXPECT_EQ(chain.reader().members(Height(2)), last.members);
    chain.reopen();
    EXPECT_EQ(ids(), (Ids{1, 2, 3, 4}));
    chain.expect_sound();
}

TEST_F(ValidatorsTest, RefusesWithAReason) {
    const Bytes add = encode_add_member(make_member(4));
    EXPECT_EQ(reason(0, add), "the caller operates no member");
    ASSERT_TRUE(call(1, add));
    EXPECT_EQ(reason(1, add), "already approved by the caller");
    EXPECT_FALSE(call(1, add));
    EXPECT_TRUE(last.receipts[0].logs.empty());

    const auto bad = [&](auto change) {
        chain::Member member = make_member(9);
        change(member);
        return reason(1, encode_add_member(member));
    };
    EXPECT_EQ(bad([](auto&) {}), "");
    EXPECT_EQ(bad([](auto& m) { m.id = NodeId(2); }), "id was used before");
    EXPECT_EQ(bad([](auto& m) { m.id = NodeId(0); }), "id is zero");
    EXPECT_EQ(bad([](auto& m) { m.voting_key = make_member(2).voting_key; }), "key already in use");
    EXPECT_EQ(bad([](auto& m) { m.transport_key = make_member(2).voting_key; }),
              "key already in use");
    EXPECT_EQ(bad([](auto& m) { m.voting_key = m.transport_key; }), "the two keys are the same");
    EXPECT_EQ(bad([](auto& m) { m.voting_key = {}; }), "a key is zero");
    EXPECT_EQ(bad([](auto& m) { m.endpoint = make_member(3).endpoint; }),
              "endpoint already in use");
    for (const char* endpoint :
         {"", "host", ":1", "host:", "host:0", "host:65536", "a b:1", "h:1x"})
        EXPECT_EQ(bad([&](auto& m) { m.endpoint = endpoint; }), "endpoint is not host:port");
    EXPECT_EQ(bad([](auto& m) { m.weight = 0; }), "weight out of range");
    EXPECT_EQ(bad([](auto& m) { m.operator_account = {}; }), "account is zero");
    EXPECT_EQ(reason(1, encode_remove_member(NodeId(7))), "no such member");
}

TEST_F(ValidatorsTest, RefusesMalformedCalls) {
    Bytes add = encode_add_member(make_member(4));
    EXPECT_EQ(reason(1, {}), "unknown function");
    EXPECT_EQ(reason(1, {1, 2, 3, 4}), "unknown function");
    Bytes longer = add;
    longer.resize(longer.size() + 32);
    EXPECT_EQ(reason(1, longer), "malformed arguments");
    for (size_t size = 4; size < add.size(); ++size)
        EXPECT_EQ(reason(1, Bytes(add.begin(), add.begin() + static_cast<ptrdiff_t>(size))),
                  "malformed arguments");
    Bytes dirty = add;
    dirty.back() = 1;  // padding
    EXPECT_EQ(reason(1, dirty), "malformed arguments");
    dirty = add;
    dirty[4] = 1;  // over uint64
    EXPECT_EQ(reason(1, dirty), "malformed arguments");
    Random random(7);
    for (int i = 0; i < 500; ++i) {  // any damage is refused or gives another, well-formed proposal
        dirty = add;
        dirty[4 + random.below(dirty.size() - 4)] ^= static_cast<uint8_t>(1 + random.below(255));
        reason(1, dirty);
    }
}

TEST_F(ValidatorsTest, RemovesButNotTheLast) {
    ASSERT_TRUE(call(1, encode_remove_member(NodeId(3))));
    ASSERT_TRUE(call(3, encode_remove_member(NodeId(3))));
    EXPECT_EQ(ids(), (Ids{1, 2}));
    ASSERT_TRUE(call(1, encode_remove_member(NodeId(2))));
    EXPECT_EQ(ids(), (Ids{1, 2}));  // one of two is not more than half
    ASSERT_TRUE(call(2, encode_remove_member(NodeId(2))));
    EXPECT_EQ(ids(), (Ids{1}));
    EXPECT_EQ(reason(1, encode_remove_member(NodeId(1))), "the last member cannot be removed");
    // Ids never come back, not even with new keys.
    chain::Member again = make_member(9);
    again.id = NodeId(3);
    EXPECT_EQ(reason(1, encode_add_member(again)), "id was used before");
    again.id = NodeId(10);
    ASSERT_TRUE(call(1, encode_add_member(again)));
    EXPECT_EQ(ids(), (Ids{1, 10}));
    EXPECT_EQ(chain.ledger().members().epoch, 3u);
    chain.expect_sound();
}

TEST_F(ValidatorsTest, ApprovalsOfARemovedMemberDoNotCount) {
    const Bytes add = encode_add_member(make_member(4));
    ASSERT_TRUE(call(3, add));
    ASSERT_TRUE(call(1, encode_remove_member(NodeId(3))));
    ASSERT_TRUE(call(2, encode_remove_member(NodeId(3))));
    EXPECT_EQ(ids(), (Ids{1, 2}));
    ASSERT_TRUE(call(1, add));
    EXPECT_EQ(ids(), (Ids{1, 2}));  // 3's approval is gone
    ASSERT_TRUE(call(2, add));
    EXPECT_EQ(ids(), (Ids{1, 2, 4}));
}

TEST_F(ValidatorsTest, ApprovalsExpire) {
    const Bytes add = encode_add_member(make_member(4));
    ASSERT_TRUE(call(1, add));
    for (uint64_t i = 0; i < approval_blocks; ++i) chain.execute({});
    ASSERT_TRUE(call(2, add));
    EXPECT_EQ(ids(), (Ids{1, 2, 3}));
    ASSERT_TRUE(call(1, add));
    EXPECT_EQ(ids(), (Ids{1, 2, 3, 4}));
}

TEST_F(ValidatorsTest, OneAccountWithSeveralMembersCountsOnce) {
    for (const uint64_t id : {uint64_t{4}, uint64_t{5}}) {
        chain::Member member = make_member(id);
        member.operator_account = account_address(1);
        ASSERT_TRUE(call(1, encode_add_member(member)));
        ASSERT_TRUE(call(2, encode_add_member(member)));
    }
    // Account 1 operates three of five members, but is one of three accounts.
    const Bytes remove = encode_remove_member(NodeId(3));
    ASSERT_TRUE(call(1, remove));
    EXPECT_EQ(ids(), (Ids{1, 2, 3, 4, 5}));
    ASSERT_TRUE(call(2, remove));
    EXPECT_EQ(ids(), (Ids{1, 2, 4, 5}));
}

TEST_F(ValidatorsTest, OpenProposalsAreBounded) {
    for (uint64_t id = 20; id < 20 + open_approvals_max; ++id)
        ASSERT_TRUE(call(1, encode_add_member(make_member(id))));
    EXPECT_EQ(reason(1, encode_add_member(make_member(99))), "too many open proposals");
    EXPECT_EQ(reason(2, encode_add_member(make_member(20))), "");
    const auto view = simulate(chain.reader(), chain.genesis(), chain.ledger().head(),
                               {.to = validators_address(), .data = encode_proposals_call()});
    ASSERT_TRUE(view && view->success);
    EXPECT_EQ(abi::Decoder(ByteView(view->output).subspan(32)).number64(), open_approvals_max);
}

TEST_F(ValidatorsTest, GasRunsOutWithoutATrace) {
    const Bytes add = encode_add_member(make_member(4));
    const auto root =
        chain.reader().account(validators_address(), chain.ledger().head())->storage_root;
    for (uint64_t gas = 30'000; gas <= 80'000; gas += 10'000) {
        last = chain.execute({make_transaction({.from = 1,
                                                .nonce = nonces[1]++,
                                                .to = validators_address(),
                                                .data = add,
                                                .gas_limit = gas})});
        ASSERT_EQ(last.receipts.size(), 1u);
        EXPECT_FALSE(last.receipts[0].success);
        EXPECT_EQ(last.receipts[0].cumulative_gas_used, gas);
        EXPECT_TRUE(last.receipts[0].logs.empty());
        EXPECT_EQ(chain.account(validators_address()).storage_root, root);
    }
}

TEST_F(ValidatorsTest, MembersCallAndCodeAreServed) {
    const auto view = simulate(chain.reader(), chain.genesis(), Height(0),
                               {.to = validators_address(), .data = encode_members_call()});
    ASSERT_TRUE(view && view->success);
    abi::Decoder in(view->output);
    EXPECT_EQ(in.number64(), 0u);
    in.expect(64);
    EXPECT_EQ(in.number64(), 3u);
    EXPECT_EQ(chain.reader().code(validators_address(), Height(0)).value(), Bytes{0xfe});
    // Slot 1 of the globals is the number of members: the layout is part of the contract.
    Hash32 slot;
    slot.bytes[31] = 1;
    EXPECT_EQ(chain.reader().slot(validators_address(), slot, Height(0)).value(), U256(3));
}

}  // namespace
}  // namespace holdfast::ledger
