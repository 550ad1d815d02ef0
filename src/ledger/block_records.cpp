// The records of one block, both ways.
#include "ledger/block_records.h"

#include "base/codec.h"
#include "crypto/hash.h"

namespace holdfast::ledger {
namespace {

constexpr size_t logs_max = 1 << 20;
constexpr size_t topics_max = 4;
constexpr size_t log_data_bytes_max = 16 << 20;

}  // namespace

Bytes encode_header_record(const Hash32& hash, const chain::Header& header) {
    Bytes record = to_bytes(hash.view());
    append(record, chain::encode_header(header));
    return record;
}

std::optional<HeaderRecord> decode_header_record(ByteView record) {
    if (record.size() < Hash32::size_bytes) return std::nullopt;
    auto header = chain::decode_header(record.subspan(Hash32::size_bytes));
    if (!header) return std::nullopt;
    return HeaderRecord{*Hash32::from(record.first(Hash32::size_bytes)), std::move(*header)};
}

Bytes encode_body(const std::vector<std::shared_ptr<const chain::RecoveredTransaction>>& body) {
    size_t size = 4;
    for (const auto& item : body) size += Address::size_bytes + 4 + item->raw.size();
    Writer out(size);
    out.count(body.size());
    for (const auto& item : body) {
        out.fixed(item->sender);
        out.bytes(item->raw);
    }
    return out.take();
}

std::optional<std::vector<std::shared_ptr<const chain::RecoveredTransaction>>> decode_body(
    ByteView record) {
    holdfast::Reader in(record);
    std::vector<std::shared_ptr<const chain::RecoveredTransaction>> body;
    const size_t count = in.count(chain::payload_transactions_max);
    for (size_t i = 0; i < count && !in.failed(); ++i) {
        auto item = std::make_shared<chain::RecoveredTransaction>();
        item->sender = in.fixed<Address>();
        item->raw = in.bytes_copy(chain::transaction_bytes_max);
        auto transaction = chain::decode_transaction(item->raw);
        if (!transaction) return std::nullopt;
        item->transaction = std::move(*transaction);
        item->hash = crypto::keccak256(item->raw);
        body.push_back(std::move(item));
    }
    if (!in.finish()) return std::nullopt;
    return body;
}

std::vector<Hash32> body_hashes(ByteView record) {
    holdfast::Reader in(record);
    std::vector<Hash32> hashes;
    const size_t count = in.count(chain::payload_transactions_max);
    for (size_t i = 0; i < count && !in.failed(); ++i) {
        in.raw(Address::size_bytes);
        hashes.push_back(crypto::keccak256(in.bytes(chain::transaction_bytes_max)));
    }
    return hashes;
}

Bytes encode_receipts(const std::vector<chain::Receipt>& receipts) {
    Writer out(4 + receipts.size() * 14);
    out.count(receipts.size());
    for (const chain::Receipt& receipt : receipts) {
        out.u8(static_cast<uint8_t>(receipt.type));
        out.boolean(receipt.success);
        out.u64(receipt.cumulative_gas_used);
        out.count(receipt.logs.size());
        for (const chain::Log& log : receipt.logs) {
            out.fixed(log.address);
            out.count(log.topics.size());
            for (const Hash32& topic : log.topics) out.fixed(topic);
            out.bytes(log.data);
        }
    }
    return out.take();
}

std::optional<std::vector<chain::Receipt>> decode_receipts(ByteView record) {
    holdfast::Reader in(record);
    std::vector<chain::Receipt> receipts;
    const size_t count = in.count(chain::payload_transactions_max);
    for (size_t i = 0; i < count && !in.failed(); ++i) {
        chain::Receipt receipt;
        receipt.type = static_cast<chain::TxType>(in.u8());
        receipt.success = in.boolean();
        receipt.cumulative_gas_used = in.u64();
        const size_t logs = in.count(logs_max);
        for (size_t j = 0; j < logs && !in.failed(); ++j) {
            chain::Log log;
            log.address = in.fixed<Address>();
            const size_t topics = in.count(topics_max);
            for (size_t k = 0; k < topics; ++k) log.topics.push_back(in.fixed<Hash32>());
            log.data = in.bytes_copy(log_data_bytes_max);
            receipt.logs.push_back(std::move(log));
        }
        if (!receipt.logs.empty()) receipt.logs_bloom = chain::bloom_of(receipt.logs);
        receipts.push_back(std::move(receipt));
    }
    if (!in.finish()) return std::nullopt;
    return receipts;
}

Bytes encode_place(const TransactionPlace& place) {
    Writer out(12);
    out.ordinal(place.height);
    out.u32(place.index);
    return out.take();
}

std::optional<TransactionPlace> decode_place(ByteView record) {
    holdfast::Reader in(record);
    const TransactionPlace place{.height = in.ordinal<Height>(), .index = in.u32()};
    if (!in.finish()) return std::nullopt;
    return place;
}

Bytes encode_head(const Head& head) {
    Writer out(40);
    out.ordinal(head.height);
    out.fixed(head.hash);
    return out.take();
}

std::optional<Head> decode_head(ByteView record) {
    holdfast::Reader in(record);
    const Head head{.height = in.ordinal<Height>(), .hash = in.fixed<Hash32>()};
    if (!in.finish()) return std::nullopt;
    return head;
}

Bytes encode_number(uint64_t number) {
    Writer out(8);
    out.u64(number);
    return out.take();
}

std::optional<uint64_t> meta_number(const env::StateView& view, std::string_view key) {
    const auto record = view.get(env::Column::meta, view_of(key));
    if (!record) return std::nullopt;
    return holdfast::Reader(*record).u64();
}

std::optional<U256> meta_amount(const env::StateView& view, std::string_view key) {
    const auto record = view.get(env::Column::meta, view_of(key));
    return record ? U256::from_big_endian(*record) : std::nullopt;
}

}  // namespace holdfast::ledger
