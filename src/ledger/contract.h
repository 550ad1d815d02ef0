// What the native contracts share: addresses, prices, storage that is paid for, and the way from a
// call's bytes to the function that they name.
#pragma once

#include <span>

#include "ledger/abi.h"
#include "ledger/host.h"
#include "ledger/rules.h"

namespace holdfast::ledger {

/// 0x...486f6c6400000001: "Hold", then 1 for the validators contract, 2 staking, 3 faults.
Address validators_address();
Address staking_address();
Address faults_address();

/// Which of them this ledger has: validators always, faults with epochs, staking with stakes.
std::vector<Address> native_contracts(const Rules& rules);
bool is_native_contract(const Address& address, const Rules& rules);

/// What a call costs beside the transaction's intrinsic gas: enough that a block's gas limit bounds
/// its work, and simple enough to state in a few numbers (a log: base, and a part for every byte).
namespace contract_gas {
inline constexpr uint64_t call = 2'000;
inline constexpr uint64_t slot_read = 200;
inline constexpr uint64_t slot_write = 5'000;  ///< of a value that differs from the present one
inline constexpr uint64_t log_base = 1'500;
inline constexpr uint64_t log_byte = 8;
/// Checking an Ed25519 signature: about twice what the EVM takes for one of secp256k1.
inline constexpr uint64_t signature = 6'000;
}  // namespace contract_gas

/// The contracts' code, as eth_getCode shows it: one INVALID instruction, for they run natively.
inline constexpr std::array<uint8_t, 1> native_code_marker{0xfe};

/// What running a call gave, its intrinsic gas not counted.
struct RunResult {
    bool success = false;
    uint64_t gas_used = 0;
    Bytes output;  ///< or the revert data
};

/// Gas of one call. Once it has run out, reads give zero, writes do nothing, and the call must
/// fail.
class Meter {
  public:
    explicit Meter(uint64_t gas) : gas_left_(gas) {}
    void charge(uint64_t gas);
    [[nodiscard]] bool out_of_gas() const { return out_of_gas_; }
    [[nodiscard]] uint64_t gas_left() const { return gas_left_; }

  private:
    uint64_t gas_left_;
    bool out_of_gas_ = false;
};
/// For what the ledger does itself, at the end of a block.
inline constexpr uint64_t unlimited_gas = UINT64_MAX;

/// A contract's slots and logs, each paid for.
class Storage {
  public:
    Storage(Host& host, Meter& meter, const Address& contract)
        : host_(host), meter_(meter), contract_(contract) {}
    U256 read(const Hash32& key);
    void write(const Hash32& key, const U256& value);
    void emit(std::string_view event, const Hash32& first, const Hash32& second, Bytes data);
    [[nodiscard]] bool out_of_gas() const { return meter_.out_of_gas(); }
    Host& host() { return host_; }
    Meter& meter() { return meter_; }

  private:
    Host& host_;
    Meter& meter_;
    Address contract_;
};

/// {area, 7 zero bytes, high (8, big-endian), low (8), 6 zero bytes, field (2)}. Nothing is hashed,
/// so a proof of what lies there needs no preimages.
Hash32 slot_key(uint8_t area, uint64_t high, uint64_t low, uint16_t field);
inline Hash32 slot_key(uint8_t area, uint64_t index, uint16_t field) {
    return slot_key(area, 0, index, field);
}
/// {area, account (20), number (8), a zero byte, field (2)}
Hash32 account_slot_key(uint8_t area, const Address& account, uint64_t number, uint16_t field);
inline uint16_t field_after(uint16_t first, size_t offset) {
    return static_cast<uint16_t>(first + offset);
}

struct NativeCall {
    Address caller;
    U256 value;
    ByteView data;
    uint64_t gas = 0;
};

/// Why a call reverts; null if it does not.
using Reason = std::optional<std::string_view>;
inline constexpr std::string_view unknown_function = "unknown function";

/// A function of a contract; `run` has the arguments still to read, and must leave none.
template <class Contract>
struct Method {
    std::string_view signature;
    bool payable = false;
    Reason (Contract::*run)(abi::Decoder& arguments) = nullptr;
};

/// The method that `data` names, or null.
template <class Contract>
const Method<Contract>* find_method(std::span<const Method<Contract>> methods, ByteView data) {
    if (data.size() < 4) return nullptr;
    for (const Method<Contract>& method : methods)
        if (equal(data.first(4), abi::selector(method.signature))) return &method;
    return nullptr;
}

/// Runs a call: `Contract` is made of (host, meter, call, rules), has `methods()` and `output`. On
/// failure the state is as before.
template <class Contract>
RunResult run_contract(Host& host, const Address& address, const NativeCall& call,
                       const Rules& rules) {
    const size_t before = host.snapshot();
    Meter meter(call.gas);
    meter.charge(contract_gas::call);
    Contract contract(host, meter, call, rules);
    const auto* method = find_method<Contract>(Contract::methods(), call.data);
    Reason why;
    if (!call.value.is_zero() && (method == nullptr || !method->payable)) {
        why = "not payable";
    } else if (method == nullptr) {
        why = unknown_function;
    } else if (host.account(call.caller).balance < call.value) {
        why = "insufficient funds";
    } else {
        host.take_balance(call.caller, call.value);
        host.add_balance(address, call.value);
        abi::Decoder arguments(call.data.subspan(4));
        why = (contract.*method->run)(arguments);
    }
    const bool success = !why && !meter.out_of_gas();
    if (!success) host.revert_to(before);
    if (why) contract.output = abi::encode_revert(*why);
    // Whatever a call that ran out of gas has said was said on made-up zeros.
    if (meter.out_of_gas()) contract.output.clear();
    return {.success = success,
            .gas_used = call.gas - meter.gas_left(),
            .output = std::move(contract.output)};
}

/// Runs the call at `address`, which must be a native contract of this ledger.
RunResult call_native(Host& host, const Address& address, const NativeCall& call,
                      const Rules& rules);

}  // namespace holdfast::ledger
