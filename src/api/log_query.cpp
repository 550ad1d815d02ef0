// Matching and finding logs.
#include "api/log_query.h"

#include <algorithm>

#include "api/block_cache.h"
#include "api/eth_values.h"
#include "crypto/hash.h"
#include "ledger/ledger.h"

namespace holdfast::api {

namespace {

/// [YP §4.4.3] (26): three bits of 2048, from the first three pairs of bytes of the hash.
bool bloom_has(const chain::Bloom& bloom, ByteView item) {
    const Hash32 hash = crypto::keccak256(item);
    for (size_t pair = 0; pair < 6; pair += 2) {
        const size_t bit =
            (static_cast<size_t>(hash.bytes[pair]) << 8 | hash.bytes[pair + 1]) & 2047;
        if ((bloom.bytes[255 - bit / 8] >> (bit % 8) & 1) == 0) return false;
    }
    return true;
}

}  // namespace

bool LogFilter::matches(const chain::Log& log) const {
    if (!addresses.empty() && std::ranges::find(addresses, log.address) == addresses.end())
        return false;
    if (topics.size() > log.topics.size()) return false;
    for (size_t i = 0; i < topics.size(); ++i)
        if (!topics[i].empty() && std::ranges::find(topics[i], log.topics[i]) == topics[i].end())
            return false;
    return true;
}

bool LogFilter::may_match(const chain::Bloom& bloom) const {
    const auto has = [&](const auto& item) { return bloom_has(bloom, item.view()); };
    if (bloom.is_zero()) return false;
    if (!addresses.empty() && std::ranges::none_of(addresses, has)) return false;
    return std::ranges::all_of(topics, [&](const std::vector<Hash32>& choices) {
        return choices.empty() || std::ranges::any_of(choices, has);
    });
}

namespace {

/// Appends the block's matching logs; returns how many.
size_t write_matching(JsonOut& out, const ledger::Executed& executed, const LogFilter& filter) {
    size_t found = 0;
    size_t log_index = 0;
    for (size_t i = 0; i < executed.receipts.size(); ++i) {
        for (const chain::Log& log : executed.receipts[i].logs) {
            if (filter.matches(log)) {
                write_log(out, log, executed.block, i, log_index);
                ++found;
            }
            ++log_index;
        }
    }
    return found;
}

}  // namespace

Answer find_logs_between(BlockCache& blocks, const ledger::Reader& reader, const LogFilter& filter,
                         Height from, Height to) {
    if (to - from >= log_range_blocks_max)
        return rpc_fail(rpc_code::invalid_params,
                        fmt::format("block range of more than {} blocks", log_range_blocks_max));
    JsonOut out;
    out.array();
    size_t found = 0;
    for (Height height = from; height <= to; ++height) {
        BlockPtr block = blocks.recent(height);
        if (block == nullptr) {
            const auto header = reader.header(height);
            if (!header) return rpc_fail(rpc_code::server_error, "header not found");
            if (!filter.may_match(header->logs_bloom)) continue;
            block = blocks.load(reader, height);
            // The bloom says there may be logs, but the block was pruned: silence would be a lie.
            if (block == nullptr)
                return rpc_fail(rpc_code::server_error, "pruned history unavailable");
        } else if (!filter.may_match(block->block.header.logs_bloom)) {
            continue;
        }
        found += write_matching(out, *block, filter);
        if (found > logs_max)
            return rpc_fail(rpc_code::invalid_params,
                            fmt::format("query returned more than {} results", logs_max));
    }
    return out.end_array().take();
}

Answer find_logs(BlockCache& blocks, const ledger::Reader& reader, const LogFilter& filter) {
    if (filter.block_hash) {
        const auto height = reader.height_of(*filter.block_hash);
        if (!height) return rpc_fail(rpc_code::server_error, "unknown block");
        return find_logs_between(blocks, reader, filter, *height, *height);
    }
    const Height head = reader.head();
    const Height from = filter.from.value_or(head);
    const Height to = filter.to.value_or(head);
    if (from > to) return rpc_fail(rpc_code::invalid_params, "invalid block range params");
    if (to > head)
        return rpc_fail(rpc_code::invalid_params, "block range extends beyond current head block");
    return find_logs_between(blocks, reader, filter, from, to);
}

}  // namespace holdfast::api
