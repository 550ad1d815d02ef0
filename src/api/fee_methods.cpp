// What gas costs, and cost.
#include <algorithm>

#include "api/eth_values.h"
#include "api/methods.h"

namespace holdfast::api {

U256 suggested_tip(const chain::Genesis& genesis) {
    // Wallets would demand a balance for a tip that nobody asks for.
    return genesis.fees.base_fee_fixed ? U256() : U256(1'000'000'000);
}

namespace method {

namespace {

constexpr uint64_t fee_history_blocks_max = 1024;

std::optional<U256> upcoming_base_fee(Service& service, const ledger::Reader& reader,
                                      Height height) {
    const auto header = reader.header(height);
    if (!header) return std::nullopt;
    return chain::next_base_fee(*header, service.backend().genesis().fees);
}

/// Effective tips at the percentiles of gas used. [geth eth/gasprice/feehistory.go's rule]
void write_rewards(JsonOut& out, const BlockPtr& block, const std::vector<double>& percentiles) {
    struct Paid {
        U256 tip;
        uint64_t gas;
    };
    std::vector<Paid> paid;
    if (block != nullptr) {
        const U256& base_fee = block->block.header.base_fee_per_gas;
        uint64_t before = 0;
        for (size_t i = 0; i < block->receipts.size(); ++i) {
            const uint64_t cumulative = block->receipts[i].cumulative_gas_used;
            const auto price =
                chain::effective_gas_price(block->block.transactions[i]->transaction, base_fee);
            paid.push_back({price.value_or(base_fee) - base_fee, cumulative - before});
            before = cumulative;
        }
        std::ranges::sort(paid, {}, &Paid::tip);
    }
    out.array();
    size_t at = 0;
    uint64_t sum = paid.empty() ? 0 : paid[0].gas;
    for (const double percentile : percentiles) {
        if (paid.empty()) {
            out.quantity(uint64_t{0});
            continue;
        }
        const double threshold =
            static_cast<double>(block->block.header.gas_used) * percentile / 100;
        while (static_cast<double>(sum) < threshold && at + 1 < paid.size()) sum += paid[++at].gas;
        out.quantity(paid[at].tip);
    }
    out.end_array();
}

}  // namespace

Answer gas_price(Service& service, const Call&, const ledger::Reader& reader) {
    const auto fee = upcoming_base_fee(service, reader, reader.head());
    if (!fee) return rpc_fail(rpc_code::server_error, "header not found");
    return json_quantity(*fee + suggested_tip(service.backend().genesis()));
}

Answer max_priority_fee(Service& service, const Call&) {
    return json_quantity(suggested_tip(service.backend().genesis()));
}

Answer base_fee(Service& service, const Call&, const ledger::Reader& reader) {
    const auto fee = upcoming_base_fee(service, reader, reader.head());
    if (!fee) return rpc_fail(rpc_code::server_error, "header not found");
    return json_quantity(*fee);
}

// The fee at no excess blob gas. [EIP-4844] Blobs are not carried here.
Answer blob_base_fee(Service&, const Call&) {
    return json_quantity(uint64_t{1});
}

Answer fee_history(Service& service, const Call& call, const ledger::Reader& reader) {
    const auto wanted = call.params().quantity(0);
    if (!wanted) return std::unexpected(wanted.error());
    const auto newest = state_height(call, 1, reader);
    if (!newest) return std::unexpected(newest.error());
    const auto percentiles = call.params().percentiles(2);
    if (!percentiles) return std::unexpected(percentiles.error());

    const uint64_t count = std::min({*wanted, fee_history_blocks_max, newest->value + 1});
    if (count == 0)
        return std::string(R"({"oldestBlock":"0x0","baseFeePerGas":[],"gasUsedRatio":[]})");
    const Height oldest = *newest - (count - 1);

    JsonOut base_fees;
    JsonOut ratios;
    JsonOut rewards;
    base_fees.array();
    ratios.array();
    rewards.array();
    for (Height height = oldest; height <= *newest; ++height) {
        const auto header = reader.header(height);
        if (!header) return rpc_fail(rpc_code::server_error, "header not found");
        base_fees.quantity(header->base_fee_per_gas);
        ratios.number(header->gas_limit == 0 ? 0.0
                                             : static_cast<double>(header->gas_used) /
                                                   static_cast<double>(header->gas_limit));
        if (!percentiles->empty())
            write_rewards(rewards, service.blocks().load(reader, height), *percentiles);
    }
    base_fees.quantity(upcoming_base_fee(service, reader, *newest).value_or(U256())).end_array();

    JsonOut blob_fees;
    JsonOut blob_ratios;
    blob_fees.array();
    blob_ratios.array();
    for (uint64_t i = 0; i < count; ++i) {
        blob_fees.quantity(uint64_t{1});
        blob_ratios.number(uint64_t{0});
    }
    blob_fees.quantity(uint64_t{1}).end_array();
    JsonOut out;
    out.object().key("oldestBlock").quantity(oldest);
    out.key("baseFeePerGas").raw(base_fees.take());
    out.key("gasUsedRatio").raw(ratios.end_array().take());
    out.key("baseFeePerBlobGas").raw(blob_fees.take());
    out.key("blobGasUsedRatio").raw(blob_ratios.end_array().take());
    if (!percentiles->empty()) out.key("reward").raw(rewards.end_array().take());
    return out.end_object().take();
}

}  // namespace method

}  // namespace holdfast::api
