// Transactions: known ones of each type, every rule with its edge, and the order of the checks.
#include "chain/transaction.h"

#include <gtest/gtest.h>

#include "base/random.h"
#include "chain/errors.h"
#include "crypto/hash.h"

namespace holdfast::chain {
namespace {

const TxRules rules{.chain_id = 1};

crypto::SecretKey test_key() {
    crypto::SecretKey key;
    key.bytes.fill(0x46);
    return key;
}

Address address(uint8_t fill) {
    Address result;
    result.bytes.fill(fill);
    return result;
}

/// A transfer that breaks no rule.
Transaction transfer(TxType type = TxType::dynamic_fee) {
    Transaction transaction;
    transaction.type = type;
    transaction.chain_id = 1;
    transaction.nonce = 9;
    transaction.max_fee_per_gas = 20'000'000'000;
    transaction.max_priority_fee_per_gas =
        type == TxType::dynamic_fee ? U256(1'000'000'000) : transaction.max_fee_per_gas;
    transaction.gas_limit = 100'000;
    transaction.to = address(0x35);
    transaction.value = U256::parse("1000000000000000000").value();
    return transaction;
}

Bytes signed_bytes(Transaction transaction) {
    EXPECT_TRUE(sign_transaction(transaction, test_key()));
    return encode_transaction(transaction);
}

Errc refusal(const Transaction& transaction, const TxRules& held_against = rules) {
    Transaction with_signature = transaction;
    EXPECT_TRUE(sign_transaction(with_signature, test_key()));
    const auto status = check_transaction(with_signature, held_against);
    return status ? Errc{} : status.error().code;
}

Errc decode_refusal(std::string_view hex) {
    const auto result = decode_transaction(from_hex(hex).value());
    return result ? Errc{} : result.error().code;
}

TEST(Transaction, TheExampleOfEip155) {
    Transaction transaction = transfer(TxType::legacy);
    transaction.gas_limit = 21'000;
    EXPECT_EQ(to_hex(signing_hash(transaction).view()),
              "daf5a779ae972f972197303d7b574746c7ef83eadac0f2791ad23db92e4c8e53");
    const Bytes raw = signed_bytes(transaction);
    EXPECT_EQ(
        to_hex(raw),
        "f86c098504a817c800825208943535353535353535353535353535353535353535880de0b6b3a76400008025"
        "a028ef61340bd939bc2195fe537567866003e1a15d3c71ff63e1590620aa636276a067cbe9d8997f761aecb7"
        "03304b3800ccf555c9f3dc64214b297fb1966a3b6d83");
    const auto recovered = recover_transaction(raw, rules);
    ASSERT_TRUE(recovered) << describe(recovered.error());
    EXPECT_EQ(to_hex0x(recovered->sender.view()), "0x9d8a62f656a8d1615c1294fd71e9cfb3e4855a4f");
    EXPECT_EQ(recovered->hash, crypto::keccak256(raw));
    EXPECT_EQ(recovered->raw, raw);
}

TEST(Transaction, EachTypeReadsBackAndRecovers) {
    const auto sender = crypto::address_of(crypto::public_key(test_key()).value());
    Random random(1);
    for (int i = 0; i < 60; ++i) {
        Transaction transaction = transfer(static_cast<TxType>(random.below(3)));
        if (transaction.type == TxType::legacy && random.chance(1, 2)) transaction.chain_id.reset();
        if (random.chance(1, 3)) transaction.to.reset();
        transaction.gas_limit = 1'000'000;
        transaction.data = Bytes(random.below(300), static_cast<uint8_t>(random.next()));
        for (uint64_t n = random.below(3); transaction.type != TxType::legacy && n > 0; --n)
            transaction.access_list.push_back({.address = address(static_cast<uint8_t>(n)),
                                               .storage_keys = std::vector<Hash32>(n - 1)});
        ASSERT_TRUE(sign_transaction(transaction, test_key()));
        const Bytes raw = encode_transaction(transaction);
        const auto decoded = decode_transaction(raw);
        ASSERT_TRUE(decoded) << describe(decoded.error());
        EXPECT_EQ(*decoded, transaction);
        EXPECT_EQ(encode_transaction(*decoded), raw);
        const auto recovered = recover_transaction(raw, {.chain_id = 1, .require_chain_id = false});
        ASSERT_TRUE(recovered) << describe(recovered.error());
        EXPECT_EQ(recovered->sender, sender);
    }
}

TEST(Transaction, KnownButRefusedAndUnknownTypes) {
    EXPECT_EQ(decode_refusal("03c0"), errc::tx_type_refused);
    EXPECT_EQ(decode_refusal("04c0"), errc::tx_type_refused);
    EXPECT_EQ(decode_refusal("00c0"), errc::tx_type_unknown);
    EXPECT_EQ(decode_refusal("05c0"), errc::tx_type_unknown);
    EXPECT_EQ(decode_refusal("7fc0"), errc::tx_type_unknown);
    EXPECT_EQ(decode_refusal("80"), errc::rlp_unexpected);
    EXPECT_EQ(decode_refusal("bfc0"), errc::rlp_unexpected);
    EXPECT_EQ(decode_refusal(""), errc::rlp_truncated);
}

TEST(Transaction, AnyTruncationOrAddedByteIsRefused) {
    for (const auto type : {TxType::legacy, TxType::access_list, TxType::dynamic_fee}) {
        const Bytes raw = signed_bytes(transfer(type));
        for (size_t size = 0; size < raw.size(); ++size)
            EXPECT_FALSE(decode_transaction(ByteView(raw).first(size)));
        Bytes longer = raw;
        longer.push_back(0);
        EXPECT_EQ(decode_transaction(longer).error().code, errc::rlp_trailing);
    }
}

TEST(Transaction, AnEncodingHasASizeLimit) {
    Transaction transaction = transfer();
    transaction.data.resize(transaction_bytes_max);
    EXPECT_EQ(decode_transaction(signed_bytes(transaction)).error().code, errc::tx_too_large);
}

TEST(Transaction, VNamesParityAndChain) {
    Transaction transaction = transfer(TxType::legacy);
    transaction.signature.r.bytes[31] = 1;
    transaction.signature.s.bytes[31] = 1;
    const auto with_v = [&](uint8_t v) {
        Bytes raw = encode_transaction(transaction);
        raw[raw.size() - 3] = v;  // before r and s, of a byte each
        return decode_transaction(raw);
    };
    EXPECT_EQ(with_v(27)->chain_id, std::nullopt);
    EXPECT_EQ(with_v(28)->signature.y_parity, 1);
    EXPECT_EQ(with_v(35)->chain_id, 0U);
    EXPECT_EQ(with_v(38)->chain_id, 1U);
    EXPECT_EQ(with_v(38)->signature.y_parity, 1);
    for (const uint8_t v : Bytes{1, 26, 29, 34})
        EXPECT_EQ(with_v(v).error().code, errc::tx_bad_signature) << int{v};
}

TEST(Transaction, TheWidestChainIdsSurviveOrAreRefused) {
    Transaction transaction = transfer(TxType::legacy);
    transaction.chain_id = (UINT64_MAX - 36) / 2;
    const auto widest = decode_transaction(signed_bytes(transaction));
    ASSERT_TRUE(widest);
    EXPECT_EQ(widest->chain_id, transaction.chain_id);
    transaction.chain_id = UINT64_MAX;
    EXPECT_EQ(decode_transaction(signed_bytes(transaction)).error().code, errc::tx_value_overflow);
}

TEST(TransactionRules, ChainId) {
    EXPECT_EQ(refusal(transfer()), Errc{});
    Transaction transaction = transfer();
    transaction.chain_id = 2;
    EXPECT_EQ(refusal(transaction), errc::tx_chain_id);
    transaction = transfer(TxType::legacy);
    transaction.chain_id.reset();
    EXPECT_EQ(refusal(transaction), errc::tx_unprotected);
    EXPECT_EQ(refusal(transaction, {.chain_id = 1, .require_chain_id = false}), Errc{});
    // A typed transaction has one, whatever the rules say.
    transaction = transfer();
    transaction.chain_id.reset();
    EXPECT_EQ(refusal(transaction, {.chain_id = 0, .require_chain_id = false}), errc::tx_chain_id);
}

TEST(TransactionRules, NonceAndFees) {
    Transaction transaction = transfer();
    transaction.nonce = UINT64_MAX;
    EXPECT_EQ(refusal(transaction), errc::tx_nonce_max);
    transaction.nonce = UINT64_MAX - 1;
    EXPECT_EQ(refusal(transaction), Errc{});

    transaction = transfer();
    transaction.max_priority_fee_per_gas = transaction.max_fee_per_gas;
    EXPECT_EQ(refusal(transaction), Errc{});
    transaction.max_priority_fee_per_gas += 1;
    EXPECT_EQ(refusal(transaction), errc::tx_fee_order);

    transaction = transfer();
    transaction.max_fee_per_gas = U256{1} << 255;
    EXPECT_EQ(refusal(transaction), errc::tx_value_overflow);
}

TEST(TransactionRules, GasBetweenIntrinsicAndCap) {
    Transaction transaction = transfer();
    transaction.gas_limit = 21'000;
    EXPECT_EQ(refusal(transaction), Errc{});
    transaction.gas_limit = 20'999;
    EXPECT_EQ(refusal(transaction), errc::tx_gas_below_intrinsic);
    transaction.gas_limit = 16'777'216;
    EXPECT_EQ(refusal(transaction), Errc{});
    transaction.gas_limit += 1;
    EXPECT_EQ(refusal(transaction), errc::tx_gas_above_limit);
}

TEST(TransactionRules, IntrinsicGas) {
    Transaction transaction = transfer();
    EXPECT_EQ(intrinsic_gas(transaction), 21'000U);
    transaction.data = {0, 1, 0, 2};
    EXPECT_EQ(intrinsic_gas(transaction), 21'000U + 2 * 4 + 2 * 16);
    EXPECT_EQ(floor_gas(transaction), 21'000U + 10 * (2 + 2 * 4));
    transaction.access_list = {{.address = {}, .storage_keys = {{}, {}}},
                               {.address = {}, .storage_keys = {}}};
    EXPECT_EQ(intrinsic_gas(transaction), 21'000U + 40 + 2 * 2'400 + 2 * 1'900);
    // Creation: 32000, and two for each word of init code, begun words included. [EIP-3860]
    transaction = transfer();
    transaction.to.reset();
    transaction.data = Bytes(33, 1);
    EXPECT_EQ(intrinsic_gas(transaction), 21'000U + 32'000 + 33 * 16 + 2 * 2);
}

TEST(TransactionRules, TheFloorBindsWhereDataIsMostOfIt) {
    Transaction transaction = transfer();
    transaction.data = Bytes(1000, 1);
    EXPECT_EQ(intrinsic_gas(transaction), 37'000U);
    EXPECT_EQ(floor_gas(transaction), 61'000U);
    transaction.gas_limit = 60'999;
    EXPECT_EQ(refusal(transaction), errc::tx_gas_below_intrinsic);
    transaction.gas_limit = 61'000;
    EXPECT_EQ(refusal(transaction), Errc{});
}

TEST(TransactionRules, InitCodeSize) {
    Transaction transaction = transfer();
    transaction.gas_limit = 16'000'000;
    transaction.data = Bytes(49'153, 1);
    EXPECT_EQ(refusal(transaction), Errc{});  // a call may carry more
    transaction.to.reset();
    EXPECT_EQ(refusal(transaction), errc::tx_init_code_too_large);
    transaction.data.pop_back();
    EXPECT_EQ(refusal(transaction), Errc{});
}

TEST(TransactionRules, Signatures) {
    Transaction transaction = transfer();
    ASSERT_TRUE(sign_transaction(transaction, test_key()));
    Transaction bad = transaction;
    bad.signature.r = {};
    EXPECT_EQ(check_transaction(bad, rules).error().code, errc::tx_bad_signature);
    bad = transaction;
    bad.signature.s.bytes.fill(0xff);
    EXPECT_EQ(check_transaction(bad, rules).error().code, errc::tx_bad_signature);
    bad = transaction;
    bad.signature.s.bytes[0] = 0x80;
    EXPECT_EQ(check_transaction(bad, rules).error().code, errc::tx_high_s);
    // In range, but on no point: only recovery can tell.
    bad = transaction;
    bad.signature.r = {};
    bad.signature.r.bytes[31] = 5;
    EXPECT_TRUE(check_transaction(bad, rules));
    EXPECT_EQ(recover_transaction(encode_transaction(bad), rules).error().code,
              errc::tx_bad_signature);
}

TEST(TransactionRules, ABadKeyIsNamed) {
    Transaction transaction = transfer();
    EXPECT_EQ(sign_transaction(transaction, crypto::SecretKey{}).error().code,
              crypto::errc::bad_secret_key);
}

TEST(EffectiveGasPrice, IsBaseAndTipWithinTheCap) {
    Transaction transaction = transfer();
    transaction.max_fee_per_gas = 100;
    transaction.max_priority_fee_per_gas = 10;
    EXPECT_EQ(effective_gas_price(transaction, 50), U256(60));
    EXPECT_EQ(effective_gas_price(transaction, 95), U256(100));
    EXPECT_EQ(effective_gas_price(transaction, 100), U256(100));
    EXPECT_EQ(effective_gas_price(transaction, 101), std::nullopt);
    transaction = transfer(TxType::legacy);
    EXPECT_EQ(effective_gas_price(transaction, 1), transaction.max_fee_per_gas);
    // No sum of the two may wrap.
    transaction.max_fee_per_gas = U256{} - 1;
    transaction.max_priority_fee_per_gas = U256{} - 1;
    EXPECT_EQ(effective_gas_price(transaction, U256{} - 2), U256{} - 1);
}

}  // namespace
}  // namespace holdfast::chain
