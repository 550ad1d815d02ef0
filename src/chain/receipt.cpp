// Receipts as RLP, log blooms, and the roots over a block's items.
#include "chain/receipt.h"

#include "chain/errors.h"
#include "chain/rlp.h"
#include "chain/trie.h"
#include "crypto/hash.h"

namespace holdfast::chain {
namespace {

void encode_log(rlp::Encoder& out, const Log& log) {
    out.begin_list();
    out.fixed(log.address);
    out.begin_list();
    for (const Hash32& topic : log.topics) out.fixed(topic);
    out.end_list();
    out.string(log.data);
    out.end_list();
}

Log decode_log(rlp::Decoder& in) {
    Log log;
    rlp::Decoder fields = in.list();
    log.address = fields.fixed<Address>();
    rlp::Decoder topics = fields.list();
    while (!topics.at_end()) {
        if (log.topics.size() == log_topics_max)
            topics.fail_with(errc::rlp_unexpected, "more topics than a log may have");
        log.topics.push_back(topics.fixed<Hash32>());
    }
    fields.close(topics);
    log.data = to_bytes(fields.string());
    in.close(fields);
    return log;
}

/// Three bits of 2048, each from the low 11 bits of a pair of bytes of the hash. [YP §4.4.3]
void add_to_bloom(Bloom& bloom, ByteView item) {
    const Hash32 hash = crypto::keccak256(item);
    for (size_t i = 0; i < 6; i += 2) {
        const size_t bit = (size_t{hash.bytes[i]} << 8 | hash.bytes[i + 1]) & 2047;
        bloom.bytes[255 - bit / 8] |= static_cast<uint8_t>(1U << (bit % 8));
    }
}

}  // namespace

Bytes encode_receipt(const Receipt& receipt) {
    rlp::Encoder out;
    out.begin_list();
    out.number(uint64_t{receipt.success ? 1U : 0U});  // [EIP-658]
    out.number(receipt.cumulative_gas_used);
    out.fixed(receipt.logs_bloom);
    out.begin_list();
    for (const Log& log : receipt.logs) encode_log(out, log);
    out.end_list();
    out.end_list();
    Bytes bytes = out.take();
    if (receipt.type != TxType::legacy)
        bytes.insert(bytes.begin(), static_cast<uint8_t>(receipt.type));
    return bytes;
}

Result<Receipt> decode_receipt(ByteView bytes) {
    if (bytes.empty()) return fail(errc::rlp_truncated);
    Receipt receipt;
    if (bytes[0] <= 0x7f) {
        if (bytes[0] != static_cast<uint8_t>(TxType::access_list) &&
            bytes[0] != static_cast<uint8_t>(TxType::dynamic_fee))
            return fail(errc::tx_type_unknown, "type " + std::to_string(bytes[0]));
        receipt.type = static_cast<TxType>(bytes[0]);
        bytes = bytes.subspan(1);
    }
    rlp::Decoder in(bytes);
    rlp::Decoder fields = in.list();
    const uint64_t status = fields.number();
    if (status > 1) fields.fail_with(errc::rlp_unexpected, "a status that is neither 0 nor 1");
    receipt.success = status == 1;
    receipt.cumulative_gas_used = fields.number();
    receipt.logs_bloom = fields.fixed<Bloom>();
    rlp::Decoder logs = fields.list();
    while (!logs.at_end()) receipt.logs.push_back(decode_log(logs));
    fields.close(logs);
    in.close(fields);
    if (auto end = in.finish(); !end) return std::unexpected(std::move(end).error());
    return receipt;
}

Bloom bloom_of(const std::vector<Log>& logs) {
    Bloom bloom;
    for (const Log& log : logs) {
        add_to_bloom(bloom, log.address.view());
        for (const Hash32& topic : log.topics) add_to_bloom(bloom, topic.view());
    }
    return bloom;
}

void add_to(Bloom& bloom, const Bloom& more) {
    for (size_t i = 0; i < bloom.bytes.size(); ++i) bloom.bytes[i] |= more.bytes[i];
}

Hash32 transactions_root(
    const std::vector<std::shared_ptr<const RecoveredTransaction>>& transactions) {
    std::vector<ByteView> items;
    items.reserve(transactions.size());
    for (const auto& transaction : transactions) items.emplace_back(transaction->raw);
    return ordered_trie_root(items);
}

Hash32 receipts_root(const std::vector<Receipt>& receipts) {
    std::vector<Bytes> items;
    items.reserve(receipts.size());
    for (const Receipt& receipt : receipts) items.push_back(encode_receipt(receipt));
    return ordered_root(items);
}

Hash32 ordered_root(const std::vector<Bytes>& items) {
    return ordered_trie_root(std::vector<ByteView>(items.begin(), items.end()));
}

}  // namespace holdfast::chain
