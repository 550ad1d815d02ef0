// Keys and signatures of the load.
#include "transfers.h"

#include <atomic>
#include <thread>

#include "base/check.h"
#include "chain/transaction.h"
#include "crypto/hash.h"

namespace holdfast::bench {
namespace {

/// A hundred recipients, so that transfers do not all meet in one account.
Address recipient(size_t index) {
    Address address;
    address.bytes[0] = 0xbe;
    address.bytes[19] = static_cast<uint8_t>(index % 100 + 1);
    return address;
}

SignedTransfers sign_of_one(const Sender& sender, size_t index, uint64_t first_nonce,
                            const TransferPlan& plan) {
    SignedTransfers result;
    result.raw.reserve(plan.each);
    result.hashes.reserve(plan.each);
    for (size_t count = 0; count < plan.each; ++count) {
        chain::Transaction transaction;
        transaction.type = chain::TxType::dynamic_fee;
        transaction.chain_id = plan.chain_id;
        transaction.nonce = first_nonce + count;
        transaction.max_priority_fee_per_gas = U256(1'000'000'000);
        transaction.max_fee_per_gas = U256(1'000'000'000'000);  // a rising base fee never stops it
        transaction.gas_limit = 21'000;
        transaction.to = recipient(index + count);
        transaction.value = U256(1);
        CHECK(chain::sign_transaction(transaction, sender.key).has_value(), "the keys are good");
        const Bytes raw = chain::encode_transaction(transaction);
        result.raw.push_back(to_hex0x(raw));
        result.hashes.push_back(to_hex0x(crypto::keccak256(raw).view()));
    }
    return result;
}

}  // namespace

Sender make_sender(size_t index) {
    const std::string seed = "bench sender " + std::to_string(index);
    const auto key = crypto::SecretKey::from(crypto::keccak256(view_of(seed)).view());
    const auto public_key = crypto::public_key(*key);
    CHECK(public_key.has_value(), "a hash is a good key");
    return {*key, crypto::address_of(*public_key)};
}

std::vector<Sender> make_senders(size_t count) {
    std::vector<Sender> senders;
    senders.reserve(count);
    for (size_t index = 0; index < count; ++index) senders.push_back(make_sender(index));
    return senders;
}

std::vector<SignedTransfers> sign_transfers(const std::vector<Sender>& senders,
                                            const std::vector<uint64_t>& nonces,
                                            const TransferPlan& plan) {
    std::vector<SignedTransfers> result(senders.size());
    std::atomic<size_t> next = 0;
    const auto work = [&] {
        for (size_t index = next++; index < senders.size(); index = next++)
            result[index] = sign_of_one(senders[index], index, nonces[index], plan);
    };
    std::vector<std::thread> threads;
    for (size_t count = 0; count < plan.threads; ++count) threads.emplace_back(work);
    for (std::thread& thread : threads) thread.join();
    return result;
}

}  // namespace holdfast::bench
