// Transactions as bytes: the three encodings, what is signed, and who signed it.
// [EIP-155, EIP-2718, EIP-2930, EIP-1559]
#include "chain/transaction.h"

#include "base/check.h"
#include "chain/errors.h"
#include "chain/rlp.h"
#include "crypto/hash.h"

namespace holdfast::chain {
namespace {

constexpr uint8_t list_prefix_min = 0xc0;  // where a legacy transaction, being an RLP list, begins
constexpr uint8_t type_max = 0x7f;         // [EIP-2718]
constexpr uint8_t blob_type = 3;           // [EIP-4844]
constexpr uint8_t set_code_type = 4;       // [EIP-7702]
constexpr uint64_t unprotected_v = 27;
constexpr uint64_t protected_v = 35;  // [EIP-155]

/// A number of at most `bytes_max` bytes; wider ones are named as such, for people mistake units.
ByteView number_bytes(rlp::Decoder& in, size_t bytes_max) {
    const ByteView bytes = in.string();
    if (!bytes.empty() && bytes[0] == 0)
        in.fail_with(errc::rlp_not_canonical, "a leading zero");
    else if (bytes.size() > bytes_max)
        in.fail_with(errc::tx_value_overflow, "a number of " + std::to_string(bytes.size()) +
                                                  " bytes, at most " + std::to_string(bytes_max));
    return in.failed() ? ByteView{} : bytes;
}

U256 number256(rlp::Decoder& in) {
    return U256::from_big_endian(number_bytes(in, 32)).value_or(U256{});
}

uint64_t number64(rlp::Decoder& in) {
    return U256::from_big_endian(number_bytes(in, 8)).value_or(U256{}).low64();
}

Hash32 scalar(rlp::Decoder& in) {
    return {number256(in).to_big_endian()};
}

U256 to_number(const Hash32& scalar) {
    return U256::from_big_endian(scalar.view()).value_or(U256{});
}

std::optional<Address> decode_to(rlp::Decoder& in) {
    const ByteView bytes = in.string();
    if (bytes.empty()) return std::nullopt;
    const auto address = Address::from(bytes);
    if (!address) in.fail_with(errc::rlp_unexpected, "an address that is not of 20 bytes");
    return address;
}

void encode_to(rlp::Encoder& out, const std::optional<Address>& to) {
    out.string(to ? to->view() : ByteView{});
}

std::vector<AccessListEntry> decode_access_list(rlp::Decoder& in) {
    std::vector<AccessListEntry> entries;
    rlp::Decoder list = in.list();
    while (!list.at_end()) {
        rlp::Decoder fields = list.list();
        AccessListEntry entry;
        entry.address = fields.fixed<Address>();
        rlp::Decoder keys = fields.list();
        while (!keys.at_end()) entry.storage_keys.push_back(keys.fixed<Hash32>());
        fields.close(keys);
        list.close(fields);
        entries.push_back(std::move(entry));
    }
    in.close(list);
    return entries;
}

void encode_access_list(rlp::Encoder& out, const std::vector<AccessListEntry>& entries) {
    out.begin_list();
    for (const AccessListEntry& entry : entries) {
        out.begin_list();
        out.fixed(entry.address);
        out.begin_list();
        for (const Hash32& key : entry.storage_keys) out.fixed(key);
        out.end_list();
        out.end_list();
    }
    out.end_list();
}

/// v of a legacy transaction: parity, and the chain id if there is one. [EIP-155]
void decode_v(rlp::Decoder& in, Transaction& transaction) {
    const uint64_t v = number64(in);
    if (in.failed()) return;
    if (v == unprotected_v || v == unprotected_v + 1) {
        transaction.signature.y_parity = static_cast<uint8_t>(v - unprotected_v);
    } else if (v >= protected_v) {
        transaction.chain_id = (v - protected_v) / 2;
        transaction.signature.y_parity = static_cast<uint8_t>((v - protected_v) % 2);
    } else {
        in.fail_with(errc::tx_bad_signature, "v is " + std::to_string(v));
    }
}

/// Wider than a chain id, so that no chain id can make it wrap.
U256 legacy_v(const Transaction& transaction) {
    const U256 parity = transaction.signature.y_parity;
    if (!transaction.chain_id) return parity + unprotected_v;
    return U256(*transaction.chain_id) * 2 + protected_v + parity;
}

Transaction decode_legacy_fields(rlp::Decoder& in) {
    Transaction transaction;
    transaction.type = TxType::legacy;
    transaction.nonce = number64(in);
    transaction.max_fee_per_gas = number256(in);
    transaction.max_priority_fee_per_gas = transaction.max_fee_per_gas;
    transaction.gas_limit = number64(in);
    transaction.to = decode_to(in);
    transaction.value = number256(in);
    transaction.data = to_bytes(in.string());
    decode_v(in, transaction);
    transaction.signature.r = scalar(in);
    transaction.signature.s = scalar(in);
    return transaction;
}

Transaction decode_typed_fields(rlp::Decoder& in, TxType type) {
    Transaction transaction;
    transaction.type = type;
    transaction.chain_id = number64(in);
    transaction.nonce = number64(in);
    transaction.max_priority_fee_per_gas = number256(in);
    transaction.max_fee_per_gas =
        type == TxType::dynamic_fee ? number256(in) : transaction.max_priority_fee_per_gas;
    transaction.gas_limit = number64(in);
    transaction.to = decode_to(in);
    transaction.value = number256(in);
    transaction.data = to_bytes(in.string());
    transaction.access_list = decode_access_list(in);
    const uint64_t parity = number64(in);
    if (!in.failed() && parity > 1)
        in.fail_with(errc::tx_bad_signature, "parity is " + std::to_string(parity));
    transaction.signature.y_parity = static_cast<uint8_t>(parity);
    transaction.signature.r = scalar(in);
    transaction.signature.s = scalar(in);
    return transaction;
}

/// Everything up to the signature, in the order that all three types share.
void encode_body(rlp::Encoder& out, const Transaction& transaction) {
    if (transaction.type != TxType::legacy) out.number(transaction.chain_id.value_or(0));
    out.number(transaction.nonce);
    if (transaction.type == TxType::dynamic_fee) out.number(transaction.max_priority_fee_per_gas);
    out.number(transaction.max_fee_per_gas);
    out.number(transaction.gas_limit);
    encode_to(out, transaction.to);
    out.number(transaction.value);
    out.string(transaction.data);
    if (transaction.type != TxType::legacy) encode_access_list(out, transaction.access_list);
}

Bytes with_type(TxType type, rlp::Encoder& body) {
    Bytes bytes = body.take();
    if (type != TxType::legacy) bytes.insert(bytes.begin(), static_cast<uint8_t>(type));
    return bytes;
}

Status refuse_type(uint8_t first) {
    if (first == blob_type || first == set_code_type)
        return fail(errc::tx_type_refused, "type " + std::to_string(first));
    if (first > type_max) return fail(errc::rlp_unexpected, "a string where a transaction belongs");
    return fail(errc::tx_type_unknown, "type " + std::to_string(first));
}

}  // namespace

Result<Transaction> decode_transaction(ByteView raw) {
    if (raw.size() > transaction_bytes_max)
        return fail(errc::tx_too_large, std::to_string(raw.size()) + " bytes, at most " +
                                            std::to_string(transaction_bytes_max));
    if (raw.empty()) return fail(errc::rlp_truncated);
    const uint8_t first = raw[0];
    const bool legacy = first >= list_prefix_min;
    if (!legacy && first != static_cast<uint8_t>(TxType::access_list) &&
        first != static_cast<uint8_t>(TxType::dynamic_fee))
        return std::unexpected(refuse_type(first).error());

    rlp::Decoder in(legacy ? raw : raw.subspan(1));
    rlp::Decoder fields = in.list();
    Transaction transaction = legacy ? decode_legacy_fields(fields)
                                     : decode_typed_fields(fields, static_cast<TxType>(first));
    in.close(fields);
    if (auto status = in.finish(); !status) return std::unexpected(std::move(status).error());
    return transaction;
}

Bytes encode_transaction(const Transaction& transaction) {
    rlp::Encoder out;
    out.begin_list();
    encode_body(out, transaction);
    if (transaction.type == TxType::legacy)
        out.number(legacy_v(transaction));
    else
        out.number(uint64_t{transaction.signature.y_parity});
    out.number(to_number(transaction.signature.r));
    out.number(to_number(transaction.signature.s));
    out.end_list();
    return with_type(transaction.type, out);
}

Hash32 signing_hash(const Transaction& transaction) {
    rlp::Encoder out;
    out.begin_list();
    encode_body(out, transaction);
    if (transaction.type == TxType::legacy && transaction.chain_id) {
        out.number(*transaction.chain_id);
        out.number(uint64_t{0});
        out.number(uint64_t{0});
    }
    out.end_list();
    return crypto::keccak256(with_type(transaction.type, out));
}

Status sign_transaction(Transaction& transaction, const crypto::SecretKey& key) {
    auto signature = crypto::sign(signing_hash(transaction), key);
    if (!signature) return std::unexpected(std::move(signature).error());
    transaction.signature = *signature;
    return {};
}

Result<RecoveredTransaction> recover_transaction(ByteView raw, const TxRules& rules) {
    auto transaction = decode_transaction(raw);
    if (!transaction) return std::unexpected(std::move(transaction).error());
    if (auto status = check_transaction(*transaction, rules); !status)
        return std::unexpected(std::move(status).error());
    const auto key = crypto::recover(signing_hash(*transaction), transaction->signature);
    if (!key) return fail(errc::tx_bad_signature, key.error().detail);
    return RecoveredTransaction{.transaction = std::move(*transaction),
                                .sender = crypto::address_of(*key),
                                .hash = crypto::keccak256(raw),
                                .raw = to_bytes(raw)};
}

}  // namespace holdfast::chain
