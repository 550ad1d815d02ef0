// Payloads, headers, extra data, receipts, accounts: what is written reads back, and nothing else
// does.
#include "chain/block.h"

#include <gtest/gtest.h>

#include "chain/account.h"
#include "chain/errors.h"
#include "chain/receipt.h"
#include "crypto/hash.h"

namespace holdfast::chain {
namespace {

std::shared_ptr<const RecoveredTransaction> raw_transaction(Bytes raw) {
    RecoveredTransaction transaction;
    transaction.raw = std::move(raw);
    return std::make_shared<const RecoveredTransaction>(std::move(transaction));
}

Payload example_payload() {
    Payload payload;
    payload.time_ms = 1'700'000'000'123;
    payload.fee_recipient.bytes.fill(7);
    payload.transactions = {raw_transaction({1, 2, 3}), raw_transaction({4})};
    return payload;
}

TEST(Payload, ReadsBack) {
    const Bytes bytes = encode_payload(example_payload());
    EXPECT_EQ(bytes.size(), payload_overhead_bytes + 2 * payload_transaction_overhead_bytes + 4);
    const auto decoded = decode_payload(bytes);
    ASSERT_TRUE(decoded);
    EXPECT_EQ(decoded->time_ms, 1'700'000'000'123U);
    EXPECT_EQ(decoded->fee_recipient, example_payload().fee_recipient);
    ASSERT_EQ(decoded->transactions.size(), 2U);
    EXPECT_EQ(to_bytes(decoded->transactions[0]), (Bytes{1, 2, 3}));
    // They alias the buffer: nothing is copied on the way to the ledger.
    EXPECT_EQ(decoded->transactions[1].data(), bytes.data() + bytes.size() - 1);
}

TEST(Payload, RefusesWhatIsMalformedOrTooLarge) {
    const Bytes bytes = encode_payload(example_payload());
    for (size_t size = 0; size < bytes.size(); ++size)
        EXPECT_EQ(decode_payload(ByteView(bytes).first(size)).error().code,
                  errc::payload_malformed);
    Bytes longer = bytes;
    longer.push_back(0);
    EXPECT_EQ(decode_payload(longer).error().code, errc::payload_malformed);
    EXPECT_EQ(decode_payload(Bytes(payload_bytes_max + 1)).error().code, errc::payload_too_large);
    // A count that no bytes stand behind costs nothing.
    Bytes claim = encode_payload({});
    claim[28] = 0xff;
    claim[29] = 0xff;
    EXPECT_EQ(decode_payload(claim).error().code, errc::payload_malformed);
}

TEST(Extra, ReadsBack) {
    Extra extra{.origin = {.proposer = NodeId(3), .epoch = 4, .view = 5},
                .time_ms = 6,
                .payload_hash = crypto::sha256({}),
                .next_members_hash = crypto::keccak256({})};
    const Bytes bytes = encode_extra(extra);
    EXPECT_EQ(bytes.size(), 96U);
    EXPECT_EQ(decode_extra(bytes), extra);
    EXPECT_FALSE(decode_extra(ByteView(bytes).first(95)));
    EXPECT_FALSE(decode_extra(Bytes(97)));
}

Header example_header() {
    Header header;
    header.parent_hash = crypto::keccak256({});
    header.ommers_hash = empty_list_hash();
    header.beneficiary.bytes.fill(1);
    header.state_root = empty_trie_root();
    header.logs_bloom.bytes[3] = 4;
    header.number = Height(300);
    header.gas_limit = 30'000'000;
    header.gas_used = 21'000;
    header.timestamp = 1'700'000'000;
    header.extra_data = Bytes(96, 5);
    header.nonce = {1, 2, 3, 4, 5, 6, 7, 8};
    header.base_fee_per_gas = 7;
    header.requests_hash = empty_requests_hash();
    return header;
}

TEST(Header, ReadsBack) {
    const Bytes bytes = encode_header(example_header());
    const auto decoded = decode_header(bytes);
    ASSERT_TRUE(decoded) << describe(decoded.error());
    EXPECT_EQ(*decoded, example_header());
    EXPECT_EQ(header_hash(*decoded), crypto::keccak256(bytes));
    for (size_t size = 0; size < bytes.size(); size += 7)
        EXPECT_FALSE(decode_header(ByteView(bytes).first(size)));
}

TEST(Header, ExtraDataIsBounded) {
    Header header = example_header();
    header.extra_data.resize(header_extra_bytes_max);
    EXPECT_TRUE(decode_header(encode_header(header)));
    header.extra_data.resize(header_extra_bytes_max + 1);
    EXPECT_EQ(decode_header(encode_header(header)).error().code, errc::rlp_unexpected);
}

TEST(Header, KnownEmptyHashes) {
    EXPECT_EQ(to_hex(empty_trie_root().view()),
              "56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421");
    EXPECT_EQ(to_hex(empty_list_hash().view()),
              "1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347");
    EXPECT_EQ(to_hex(empty_requests_hash().view()),
              "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

U256 fee_after(uint64_t base, uint64_t used, const FeeRules& rules = {}) {
    Header parent;
    parent.gas_limit = 20'000'000;
    parent.gas_used = used;
    parent.base_fee_per_gas = base;
    return next_base_fee(parent, rules);
}

TEST(BaseFee, FollowsEip1559) {
    // EIP-1559's own examples, as clients test them: at the target, below, above.
    EXPECT_EQ(fee_after(1'000'000'000, 10'000'000), U256(1'000'000'000));
    EXPECT_EQ(fee_after(1'000'000'000, 9'000'000), U256(987'500'000));
    EXPECT_EQ(fee_after(1'000'000'000, 11'000'000), U256(1'012'500'000));
    EXPECT_EQ(fee_after(1'000'000'000, 20'000'000), U256(1'125'000'000));
    EXPECT_EQ(fee_after(1'000'000'000, 0), U256(875'000'000));
}

TEST(BaseFee, HasAFloorAndRisesByOneAtLeast) {
    EXPECT_EQ(fee_after(7, 20'000'000), U256(8));
    EXPECT_EQ(fee_after(7, 0), U256(7));
    EXPECT_EQ(fee_after(8, 0), U256(7));
    EXPECT_EQ(fee_after(0, 0, {.base_fee_min = 0}), U256(0));
    EXPECT_EQ(fee_after(0, 0), U256(7));
    EXPECT_EQ(fee_after(0, 10'000'000), U256(7));
}

TEST(BaseFee, MayBeFixed) {
    const FeeRules rules{.base_fee_initial = 0, .base_fee_fixed = true};
    EXPECT_EQ(fee_after(1'000, 20'000'000, rules), U256(0));
}

TEST(BaseFee, SurvivesRulesThatNoGenesisMayHave) {
    EXPECT_EQ(fee_after(100, 20'000'000, {.elasticity = 0}), U256(100));
    EXPECT_EQ(fee_after(100, 20'000'000, {.change_denominator = 0}), U256(101));
}

Receipt example_receipt(TxType type) {
    Receipt receipt;
    receipt.type = type;
    receipt.success = type != TxType::access_list;
    receipt.cumulative_gas_used = 70'000;
    Log log;
    log.address.bytes.fill(9);
    log.topics = {crypto::keccak256({}), Hash32{}};
    log.data = Bytes(70, 1);
    receipt.logs = {log, Log{}};
    receipt.logs_bloom = bloom_of(receipt.logs);
    return receipt;
}

TEST(Receipt, EachTypeReadsBack) {
    for (const auto type : {TxType::legacy, TxType::access_list, TxType::dynamic_fee}) {
        const Bytes bytes = encode_receipt(example_receipt(type));
        const auto decoded = decode_receipt(bytes);
        ASSERT_TRUE(decoded) << describe(decoded.error());
        EXPECT_EQ(*decoded, example_receipt(type));
        for (size_t size = 0; size < bytes.size(); size += 5)
            EXPECT_FALSE(decode_receipt(ByteView(bytes).first(size)));
    }
}

TEST(Receipt, RefusesWhatNoneCanBe) {
    Receipt receipt = example_receipt(TxType::legacy);
    receipt.logs[0].topics.resize(log_topics_max + 1);
    EXPECT_EQ(decode_receipt(encode_receipt(receipt)).error().code, errc::rlp_unexpected);
    Bytes bytes = encode_receipt(example_receipt(TxType::legacy));
    bytes[3] = 2;  // the status, behind the list's prefix of three bytes
    EXPECT_EQ(decode_receipt(bytes).error().code, errc::rlp_unexpected);
    EXPECT_EQ(decode_receipt(Bytes{3, 0xc0}).error().code, errc::tx_type_unknown);
    EXPECT_EQ(decode_receipt({}).error().code, errc::rlp_truncated);
}

TEST(Receipt, BloomSetsThreeBitsAnItem) {
    const Bloom bloom = bloom_of({Log{}});
    size_t bits = 0;
    for (const uint8_t byte : bloom.bytes)
        bits += static_cast<size_t>(std::popcount(static_cast<unsigned>(byte)));
    EXPECT_EQ(bits, 3U);
    // Keccak of the zero address is
    // 5380c7b7ae81a58eb98d9c78de4a1fd7fd9535fc953ed2be602daaa41767312a: 0x380, 0x7b7, 0x681.
    EXPECT_EQ(bloom.bytes[255 - 0x380 / 8], 1U << (0x380 % 8));
    EXPECT_EQ(bloom.bytes[255 - 0x7b7 / 8], 1U << (0x7b7 % 8));
    EXPECT_EQ(bloom.bytes[255 - 0x681 / 8], 1U << (0x681 % 8));
    Bloom sum;
    add_to(sum, bloom);
    add_to(sum, bloom);
    EXPECT_EQ(sum, bloom);
}

TEST(Receipt, RootsOfNothingAndOfItems) {
    EXPECT_EQ(transactions_root({}), empty_trie_root());
    EXPECT_EQ(receipts_root({}), empty_trie_root());
    const std::vector<Receipt> receipts{example_receipt(TxType::legacy)};
    EXPECT_EQ(receipts_root(receipts), ordered_root({encode_receipt(receipts[0])}));
    EXPECT_EQ(transactions_root({raw_transaction({1, 2})}), ordered_root({{1, 2}}));
}

TEST(Account, ReadsBackAndKnowsWhenEmpty) {
    Account account = new_account();
    EXPECT_TRUE(account.is_empty());
    EXPECT_EQ(decode_account(encode_account(account)), account);
    account.balance = U256{1} << 200;
    EXPECT_FALSE(account.is_empty());
    account.nonce = UINT64_MAX;
    EXPECT_EQ(decode_account(encode_account(account)), account);
    account = new_account();
    account.code_hash = {};
    EXPECT_FALSE(account.is_empty());
    EXPECT_FALSE(decode_account(Bytes{0xc0}));
}

}  // namespace
}  // namespace holdfast::chain
