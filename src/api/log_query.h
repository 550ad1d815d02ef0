// Which logs a client wants, and finding them: header blooms first, receipts only where they may
// hit.
#pragma once

#include <optional>
#include <vector>

#include "api/rpc_error.h"
#include "chain/block.h"
#include "chain/receipt.h"
#include "ledger/reader.h"

namespace holdfast::api {

class BlockCache;

inline constexpr size_t log_addresses_max = 1000;
inline constexpr size_t log_topics_max = 4;
inline constexpr size_t log_topic_choices_max = 1000;
inline constexpr uint64_t log_range_blocks_max = 10'000;
inline constexpr size_t logs_max = 20'000;

/// Absent address list: any. An empty topic position: any.
struct LogFilter {
    std::vector<Address> addresses;
    std::vector<std::vector<Hash32>> topics;
    // Where to look. Tags resolve when the query runs.
    std::optional<Hash32> block_hash;
    std::optional<Height> from;  ///< absent: latest
    std::optional<Height> to;    ///< absent: latest
    bool has_from = false;       ///< given at all, be it as a tag

    [[nodiscard]] bool matches(const chain::Log& log) const;
    /// False: no log of a block with this bloom can match.
    [[nodiscard]] bool may_match(const chain::Bloom& bloom) const;
};

/// The JSON array of matching logs. Errors: a reversed or too long range, one beyond the head, too
/// many results.
Answer find_logs(BlockCache& blocks, const ledger::Reader& reader, const LogFilter& filter);
/// The same over [from, to], both of which exist.
Answer find_logs_between(BlockCache& blocks, const ledger::Reader& reader, const LogFilter& filter,
                         Height from, Height to);

}  // namespace holdfast::api
