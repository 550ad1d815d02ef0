// What the reader says about the past, held against what was true then; proofs at every height; and
// what random transfers must never change.
#include <gtest/gtest.h>

#include "base/random.h"
#include "chain/account.h"
#include "chain/trie.h"
#include "ledger/test_chain.h"

namespace holdfast::ledger {
namespace {

using namespace testing;

/// Random transfers among 8 funded accounts, new addresses and the validators contract.
class Workload {
  public:
    explicit Workload(uint64_t seed) : random_(seed) {}

    std::vector<TransactionPtr> next_block() {
        std::vector<TransactionPtr> result;
        const uint64_t count = random_.below(6);
        for (uint64_t i = 0; i < count; ++i) {
            const uint64_t from = random_.below(8);
            TxFields fields{
                .from = from, .nonce = nonces_[from]++, .value = gwei * U256(random_.below(1000))};
            const uint64_t kind = random_.below(10);
            if (kind == 0) {
                fields.to = validators_address();
                fields.value = {};
                fields.gas_limit = 2'000'000;
                fields.data = encode_add_member(make_member(random_.between(20, 24)));
            } else if (kind < 5) {
                fields.to = plain_address(random_.below(40));
            } else {
                fields.to = account_address(random_.below(8));
            }
            result.push_back(make_transaction(fields));
        }
        return result;
    }

  private:
    Random random_;
    std::map<uint64_t, uint64_t> nonces_;
};

std::vector<Address> watched() {
    std::vector<Address> result{validators_address(), plain_address(0xfee)};
    for (uint64_t i = 0; i < 8; ++i) result.push_back(account_address(i));
    for (uint64_t i = 0; i < 40; ++i) result.push_back(plain_address(i));
    return result;
}

void expect_proof(const Reader& reader, const Address& address, Height height) {
    const chain::Header header = reader.header(height).value();
    Hash32 epoch_slot;
    const auto proof = reader.proof(address, {epoch_slot}, height);
    ASSERT_TRUE(proof) << describe(proof.error());
    const auto proved = chain::verify_proof(
        header.state_root, crypto::keccak256(address.view()).view(), proof->account_proof);
    ASSERT_TRUE(proved) << describe(proved.error());
    EXPECT_EQ(proved->has_value(), !proof->account.is_empty());
    if (*proved) {
        EXPECT_EQ(**proved, chain::encode_account(proof->account));
    }
    const auto& slot = proof->slots.at(0);
    EXPECT_EQ(slot.value, reader.slot(address, epoch_slot, height).value());
    if (proof->account.storage_root != chain::empty_trie_root()) {
        EXPECT_TRUE(chain::verify_proof(proof->account.storage_root,
                                        crypto::keccak256(epoch_slot.view()).view(), slot.proof));
    }
}

void certify(TestChain& chain, uint64_t height, const std::vector<uint64_t>& signers) {
    const Hash32 genesis = chain::genesis_hash(chain.genesis());
    const Hash32 hash = chain.reader().block_hash(Height(height)).value();
    chain::Certificate certificate{.height = Height(height), .block_hash = hash};
    for (const uint64_t id : signers) {
        const auto attestation =
            chain::attest(member_key(id), NodeId(id), genesis, 0, Height(height), hash);
        certificate.signatures.emplace_back(NodeId(id), attestation.signature);
    }
    put_certificate(*chain.store, certificate);
}

TEST(History, EqualsWhatWasTrueThenAndIsProved) {
    TestChain chain;
    Workload workload(1);
    std::vector<std::map<Address, chain::Account>> then;
    const auto record = [&] {
        auto& now = then.emplace_back();
        for (const Address& address : watched()) now[address] = chain.account(address);
    };
    record();
    for (int i = 0; i < 40; ++i) {
        chain.execute(workload.next_block());
        record();
        if (i % 10 == 9) chain.reopen();  // cold caches must not matter
    }
    const Reader reader = chain.reader();
    for (Height height; height <= reader.head(); ++height) {
        for (const auto& [address, account] : then[height.value]) {
            EXPECT_EQ(reader.account(address, height).value(), account) << height.value;
            expect_proof(reader, address, height);
        }
    }
    chain.expect_sound();
}

TEST(History, IsBounded) {
    TestChain chain;
    const uint64_t blocks = history_blocks + 20;
    for (uint64_t i = 0; i < blocks; ++i) {
        chain.execute({make_transaction({.nonce = i, .to = plain_address(1), .value = gwei})});
        certify(chain, i + 1, {1, 2});
    }
    const Reader reader = chain.reader();
    const Height oldest = reader.head() - history_blocks;
    EXPECT_EQ(reader.account(plain_address(1), oldest)->balance, gwei * U256(oldest.value));
    expect_proof(reader, account_address(0), oldest);
    EXPECT_EQ(reader.account(plain_address(1), oldest.previous()).error().code,
              errc::unknown_height);
    EXPECT_EQ(reader.account(plain_address(1), reader.head().next()).error().code,
              errc::unknown_height);
    size_t records = 0;
    std::set<Bytes> heights;
    reader.view().scan(env::Column::undo, {}, [&](ByteView key, ByteView) {
        ++records;
        heights.insert(to_bytes(key.first(8)));
        return true;
    });
    EXPECT_EQ(heights.size(), history_blocks);
}

TEST(History, ReachesBackToTheNewestCertifiedBlock) {
    TestChain chain;
    uint64_t nonce = 0;
    const auto execute = [&](uint64_t blocks) {
        for (uint64_t i = 0; i < blocks; ++i)
            chain.execute(
                {make_transaction({.nonce = nonce++, .to = plain_address(1), .value = gwei})});
    };
    execute(8);
    for (uint64_t height = 1; height <= 8; ++height) certify(chain, height, {1, 2});
    execute(2 * history_blocks);
    chain.reopen();
    execute(1);
    EXPECT_EQ(chain.reader().oldest_state(), Height(8));
    expect_proof(chain.reader(), account_address(0), Height(8));
    EXPECT_EQ(chain.reader().back_at(Height(8))->account_at_head(plain_address(1)).balance,
              gwei * U256(8));
    EXPECT_EQ(chain.reader().back_at(Height(7)), nullptr);

    for (uint64_t height = 9; height <= nonce; ++height) certify(chain, height, {1, 2});
    execute(history_blocks);
    size_t indices = 0;
    chain.reader().view().scan(env::Column::undo, {}, [&](ByteView key, ByteView) {
        if (key.back() == 0xff) ++indices;
        return true;
    });
    EXPECT_EQ(indices, history_blocks);
}

TEST(History, AViewStaysConsistentWhileBlocksPass) {
    TestChain chain;
    chain.execute({make_transaction({.nonce = 0, .to = plain_address(1), .value = gwei})});
    const Reader before = chain.reader();
    chain.execute({make_transaction({.nonce = 1, .to = plain_address(1), .value = gwei})});
    EXPECT_EQ(before.head(), Height(1));
    EXPECT_EQ(before.account(plain_address(1), Height(1))->balance, gwei);
    EXPECT_FALSE(before.block(Height(2)));
}

TEST(Determinism, TwoLedgersAgreeWhateverTheirCaches) {
    for (uint64_t seed = 0; seed < 5; ++seed) {
        TestChain one, two;
        Workload work_one(seed), work_two(seed);
        for (int i = 0; i < 25; ++i) {
            const Executed first = one.execute(work_one.next_block());
            const Executed second = two.execute(work_two.next_block());
            ASSERT_EQ(first.block.hash, second.block.hash);
            ASSERT_EQ(first.receipts, second.receipts);
            two.reopen();
        }
        one.expect_sound();  // conservation among others
    }
}

TEST(Blocks, AreReadBackAsTheyWereMade) {
    TestChain chain;
    Workload workload(3);
    for (int i = 0; i < 20; ++i) {
        const Executed executed = chain.execute(workload.next_block());
        const Reader reader = chain.reader();
        const Height height = executed.block.header.number;
        const auto block = reader.block(height);
        ASSERT_TRUE(block);
        EXPECT_EQ(block->header, executed.block.header);
        EXPECT_EQ(block->hash, executed.block.hash);
        ASSERT_EQ(block->transactions.size(), executed.block.transactions.size());
        for (uint32_t index = 0; index < block->transactions.size(); ++index) {
            const auto& read = *block->transactions[index];
            const auto& made = *executed.block.transactions[index];
            EXPECT_EQ(read.transaction, made.transaction);
            EXPECT_EQ(read.sender, made.sender);
            EXPECT_EQ(read.hash, made.hash);
            EXPECT_EQ(reader.place_of(made.hash)->height, height);
            EXPECT_EQ(reader.place_of(made.hash)->index, index);
        }
        EXPECT_EQ(reader.receipts(height), executed.receipts);
        EXPECT_EQ(reader.height_of(executed.block.hash), height);
        EXPECT_EQ(reader.mark(height), (Bytes{1, 2, 3}));
    }
}

TEST(Blocks, TimeNeverGoesBack) {
    TestChain chain;
    OrderedPayload payload = chain.payload({});
    payload.time_ms = 1'700'000'100'750;
    EXPECT_EQ(chain.ledger().execute(payload).block.header.timestamp, 1'700'000'100u);
    payload = chain.payload({});
    payload.time_ms = 5;
    const Executed executed = chain.ledger().execute(payload);
    EXPECT_EQ(executed.block.header.timestamp, 1'700'000'100u);
    EXPECT_EQ(chain::decode_extra(executed.block.header.extra_data)->time_ms, 1'700'000'100'750u);
}

TEST(Certificates, AdvanceWithoutGaps) {
    TestChain chain;
    for (int i = 0; i < 5; ++i) chain.execute({});
    certify(chain, 2, {1, 2});
    EXPECT_EQ(chain.reader().certified(), Height(0));
    certify(chain, 1, {1, 3});
    EXPECT_EQ(chain.reader().certified(), Height(2));
    certify(chain, 4, {1, 2, 3});
    EXPECT_EQ(chain.reader().certified(), Height(2));
    EXPECT_EQ(chain.reader().certificate(Height(4))->signatures.size(), 3u);
    chain.expect_sound();
    // Nobody will ever attest block 3: the certificate of 4, which names it as its parent, is
    // enough.
    vouch(*chain.store, Height(4));
    EXPECT_EQ(chain.reader().certified(), Height(4));
    EXPECT_FALSE(chain.reader().certificate(Height(3)));
    EXPECT_TRUE(chain.reader().vouched_for(Height(3)));
    EXPECT_FALSE(chain.reader().vouched_for(Height(4)));
    chain.expect_sound();
    certify(chain, 5, {1, 2});
    EXPECT_EQ(chain.reader().certified(), Height(5));
    // One of three is no quorum, and verify says so.
    certify(chain, 3, {2});
    EXPECT_EQ(verify(chain.reader(), chain.genesis(), {}).problems.size(), 1u);
}

}  // namespace
}  // namespace holdfast::ledger
