// Simulations: eth_call, eth_estimateGas, eth_createAccessList.
#include <algorithm>

#include "api/json.h"
#include "api/methods.h"

namespace holdfast::api::method {

namespace {

/// Of one simulated call, whatever the block allows. [geth --rpc.gascap]
constexpr uint64_t call_gas_max = 50'000'000;
constexpr uint64_t transfer_gas = 21'000;
constexpr int estimate_rounds_max = 24;

/// The words behind revert data: Error(string) and Panic(uint256). [Solidity ABI]
std::string revert_reason(ByteView output) {
    constexpr auto error_selector = std::to_array<uint8_t>({0x08, 0xc3, 0x79, 0xa0});
    constexpr auto panic_selector = std::to_array<uint8_t>({0x4e, 0x48, 0x7b, 0x71});
    constexpr size_t head_bytes = 4 + 32 + 32;
    if (output.size() >= head_bytes && equal(output.first(4), error_selector)) {
        const auto offset = U256::from_big_endian(output.subspan(4, 32)).value_or(U256());
        if (offset != U256(32)) return {};
        const auto length = U256::from_big_endian(output.subspan(36, 32)).value_or(U256());
        if (length > U256(output.size() - head_bytes)) return {};
        return std::string(text_of(output.subspan(head_bytes, length.low64())));
    }
    if (output.size() == 36 && equal(output.first(4), panic_selector)) {
        const auto code = U256::from_big_endian(output.subspan(4)).value_or(U256());
        if (code == U256(0x01)) return "assert(false)";
        if (code == U256(0x11)) return "arithmetic underflow or overflow";
        if (code == U256(0x12)) return "division or modulo by zero";
        if (code == U256(0x21)) return "enum overflow";
        if (code == U256(0x31)) return "out-of-bounds array access; popping on an empty array";
        if (code == U256(0x32)) return "out-of-bounds access of an array or bytesN";
        if (code == U256(0x41)) return "out of memory";
        if (code == U256(0x51)) return "uninitialized function";
        return fmt::format("unknown panic code: {}", code.to_hex_quantity());
    }
    return {};
}

RpcError reverted(ByteView output, std::string reason) {
    if (reason.empty()) reason = revert_reason(output);
    std::string message = "execution reverted";
    if (!reason.empty()) message.append(": ").append(reason);
    return {rpc_code::execution_reverted, std::move(message), json_data(output)};
}

struct Simulation {
    ledger::Call call;
    Height height;
};

std::expected<Simulation, RpcError> read_simulation(const Call& call,
                                                    const ledger::Reader& reader) {
    auto request = call.params().call(0);
    if (!request) return std::unexpected(request.error());
    // Overrides change what is simulated: to ignore one would answer another question.
    auto overrides = call.params().overrides(2);
    if (!overrides) return std::unexpected(overrides.error());
    request->call.overrides = std::move(*overrides);
    if (!call.params().absent(3)) return override_unsupported("the block");
    const auto height = state_height(call, 1, reader);
    if (!height) return std::unexpected(height.error());
    request->call.gas_limit = std::min(request->call.gas_limit, call_gas_max);
    return Simulation{std::move(request->call), *height};
}

std::expected<ledger::CallResult, RpcError> run(Service& service, const ledger::Reader& reader,
                                                const Simulation& simulation) {
    auto result =
        ledger::simulate(reader, service.backend().genesis(), simulation.height, simulation.call);
    if (result) return std::move(*result);
    if (result.error().code == ledger::errc::call_reverted)
        return std::unexpected(reverted({}, result.error().detail));
    return rpc_fail(result.error());
}

bool is_plain_transfer(const ledger::Reader& reader, const Simulation& simulation) {
    if (!simulation.call.to || !simulation.call.data.empty()) return false;
    const auto code = reader.code(*simulation.call.to, simulation.height);
    const auto low_byte = [](const Address& address) {
        return std::all_of(address.bytes.begin(), address.bytes.end() - 2,
                           [](uint8_t byte) { return byte == 0; });
    };
    // Precompiles have low addresses and no code, and cost more than a transfer.
    return code && code->empty() && !low_byte(*simulation.call.to);
}

}  // namespace

Answer eth_call(Service& service, const Call& call, const ledger::Reader& reader) {
    const auto simulation = read_simulation(call, reader);
    if (!simulation) return std::unexpected(simulation.error());
    const auto result = run(service, reader, *simulation);
    if (!result) return std::unexpected(result.error());
    if (!result->success) return std::unexpected(reverted(result->output, {}));
    return json_data(result->output);
}

Answer estimate_gas(Service& service, const Call& call, const ledger::Reader& reader) {
    auto simulation = read_simulation(call, reader);
    if (!simulation) return std::unexpected(simulation.error());
    const auto header = reader.header(simulation->height);
    if (!header) return rpc_fail(rpc_code::server_error, "header not found");

    uint64_t high = std::min(header->gas_limit, service.tx_rules().gas_limit_max);
    if (simulation->call.gas_limit != 0) high = std::min(high, simulation->call.gas_limit);
    simulation->call.gas_limit = high;
    auto result = run(service, reader, *simulation);
    if (!result) return std::unexpected(result.error());
    if (!result->success) return std::unexpected(reverted(result->output, {}));
    if (is_plain_transfer(reader, *simulation)) return json_quantity(transfer_gas);

    // Gas used is a lower bound only: a call passes on at most 63/64 of what it has. [EIP-150]
    uint64_t low = std::max<uint64_t>(result->gas_used, 1) - 1;
    const auto fits = [&](uint64_t gas) {
        simulation->call.gas_limit = gas;
        const auto attempt = run(service, reader, *simulation);
        return attempt && attempt->success;
    };
    uint64_t guess = result->gas_used;
    for (int round = 0; round < estimate_rounds_max && low + 1 < high; ++round) {
        (fits(guess) ? high : low) = guess;
        // Most need little more than they use; so first try close by, then halve. [geth]
        guess = round == 0 ? std::min(low + low / 32 + 2'300, low + (high - low) / 2)
                           : low + (high - low) / 2;
    }
    return json_quantity(high);
}

// The simulation does not tell which slots it touched; an empty list is valid, if not the cheapest.
Answer create_access_list(Service& service, const Call& call, const ledger::Reader& reader) {
    const auto simulation = read_simulation(call, reader);
    if (!simulation) return std::unexpected(simulation.error());
    const auto result = run(service, reader, *simulation);
    if (!result) return std::unexpected(result.error());
    JsonOut out;
    out.object().key("accessList").array().end_array();
    if (!result->success) out.key("error").text(reverted(result->output, {}).message);
    out.key("gasUsed").quantity(result->gas_used);
    return out.end_object().take();
}

}  // namespace holdfast::api::method
