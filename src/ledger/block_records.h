// Blocks as the store holds them: compact, and cheap to read back. Senders lie beside their raw
// transactions, so reading never recovers a signature again; blooms are left out, for logs give
// them.
#pragma once

#include "chain/block.h"
#include "chain/receipt.h"
#include "ledger/reader.h"

namespace holdfast::ledger {

struct HeaderRecord {
    Hash32 hash;
    chain::Header header;
};
struct Head {
    Height height;
    Hash32 hash;
};

Bytes encode_header_record(const Hash32& hash, const chain::Header& header);
Bytes encode_body(const std::vector<std::shared_ptr<const chain::RecoveredTransaction>>& body);
Bytes encode_receipts(const std::vector<chain::Receipt>& receipts);
Bytes encode_place(const TransactionPlace& place);
Bytes encode_head(const Head& head);

/// Null: the bytes are not what the encoders above write.
std::optional<HeaderRecord> decode_header_record(ByteView record);
std::optional<std::vector<std::shared_ptr<const chain::RecoveredTransaction>>> decode_body(
    ByteView record);
/// Only the hashes of the transactions: what pruning needs.
std::vector<Hash32> body_hashes(ByteView record);
std::optional<std::vector<chain::Receipt>> decode_receipts(ByteView record);
std::optional<TransactionPlace> decode_place(ByteView record);
std::optional<Head> decode_head(ByteView record);

/// A number or amount in the meta column.
Bytes encode_number(uint64_t number);
std::optional<uint64_t> meta_number(const env::StateView& view, std::string_view key);
std::optional<U256> meta_amount(const env::StateView& view, std::string_view key);
inline Bytes encode_amount(const U256& amount) {
    return to_bytes(ByteView(amount.to_big_endian()));
}

}  // namespace holdfast::ledger
