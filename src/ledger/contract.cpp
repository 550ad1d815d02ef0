// Addresses, metered storage, and which contract answers a call.
#include "ledger/contract.h"

#include <algorithm>

#include "base/check.h"
#include "ledger/faults.h"
#include "ledger/staking.h"
#include "ledger/validators.h"

namespace holdfast::ledger {
namespace {

Address numbered(uint8_t number) {
    return {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x48, 0x6f, 0x6c, 0x64, 0, 0, 0, number}};
}

void put_big_endian(Hash32& key, size_t at, uint64_t number) {
    for (size_t i = 0; i < 8; ++i) key.bytes[at + i] = static_cast<uint8_t>(number >> (56 - 8 * i));
}

void put_field(Hash32& key, uint16_t field) {
    key.bytes[30] = static_cast<uint8_t>(field >> 8);
    key.bytes[31] = static_cast<uint8_t>(field);
}

}  // namespace

Address validators_address() {
    return numbered(1);
}
Address staking_address() {
    return numbered(2);
}
Address faults_address() {
    return numbered(3);
}

std::vector<Address> native_contracts(const Rules& rules) {
    std::vector<Address> all{validators_address()};
    if (rules.has_stakes()) all.push_back(staking_address());
    if (rules.has_epochs()) all.push_back(faults_address());
    return all;
}

bool is_native_contract(const Address& address, const Rules& rules) {
    return address == validators_address() ||
           (rules.has_stakes() && address == staking_address()) ||
           (rules.has_epochs() && address == faults_address());
}

void Meter::charge(uint64_t gas) {
    if (out_of_gas_ || gas > gas_left_) {
        out_of_gas_ = true;
        gas_left_ = 0;
        return;
    }
    gas_left_ -= gas;
}

U256 Storage::read(const Hash32& key) {
    meter_.charge(contract_gas::slot_read);
    return meter_.out_of_gas() ? U256{} : host_.storage(contract_, key);
}

void Storage::write(const Hash32& key, const U256& value) {
    if (read(key) == value) return;
    meter_.charge(contract_gas::slot_write);
    if (!meter_.out_of_gas()) host_.set_storage(contract_, key, value);
}

void Storage::emit(std::string_view event, const Hash32& first, const Hash32& second, Bytes data) {
    meter_.charge(contract_gas::log_base + contract_gas::log_byte * data.size());
    if (meter_.out_of_gas()) return;
    host_.emit({.address = contract_,
                .topics = {abi::topic(event), first, second},
                .data = std::move(data)});
}

Hash32 slot_key(uint8_t area, uint64_t high, uint64_t low, uint16_t field) {
    Hash32 key;
    key.bytes[0] = area;
    put_big_endian(key, 8, high);
    put_big_endian(key, 16, low);
    put_field(key, field);
    return key;
}

Hash32 account_slot_key(uint8_t area, const Address& account, uint64_t number, uint16_t field) {
    Hash32 key;
    key.bytes[0] = area;
    std::ranges::copy(account.bytes, key.bytes.begin() + 1);
    put_big_endian(key, 21, number);
    put_field(key, field);
    return key;
}

RunResult call_native(Host& host, const Address& address, const NativeCall& call,
                      const Rules& rules) {
    if (address == validators_address()) return call_validators(host, call, rules);
    if (address == staking_address()) return call_staking(host, call, rules);
    CHECK(address == faults_address(), "callers have asked is_native_contract");
    return call_faults(host, call, rules);
}

}  // namespace holdfast::ledger
