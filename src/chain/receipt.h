// What executing a transaction left behind.
#pragma once

#include <vector>

#include "chain/block.h"

namespace holdfast::chain {

inline constexpr size_t log_topics_max = 4;  ///< LOG4 [YP §App. H]

struct Log {
    Address address;
    std::vector<Hash32> topics;
    Bytes data;
    bool operator==(const Log&) const = default;
};

struct Receipt {
    TxType type = TxType::legacy;
    bool success = false;
    uint64_t cumulative_gas_used = 0;
    Bloom logs_bloom;
    std::vector<Log> logs;
    bool operator==(const Receipt&) const = default;
};

Bytes encode_receipt(const Receipt& receipt);  ///< [EIP-2718]
Result<Receipt> decode_receipt(ByteView bytes);
/// [YP §4.4.3]
Bloom bloom_of(const std::vector<Log>& logs);
void add_to(Bloom& bloom, const Bloom& more);

/// Roots of the tries that map RLP(index) to the encoded item. [YP §4.4.2]
Hash32 transactions_root(
    const std::vector<std::shared_ptr<const RecoveredTransaction>>& transactions);
Hash32 receipts_root(const std::vector<Receipt>& receipts);
Hash32 ordered_root(const std::vector<Bytes>& items);

}  // namespace holdfast::chain
