// Changes on top of a source, and the journal that takes them back.
#include "ledger/journaled_state.h"

#include "base/check.h"
#include "crypto/hash.h"

namespace holdfast::ledger {

JournaledState::JournaledState(StateSource& source, const BlockContext& block, uint64_t seed)
    : source_(source), block_(block), accounts_(64, AddressHasher{seed}) {}

JournaledState::AccountEntry& JournaledState::entry(const Address& address) {
    const auto found = accounts_.find(address);
    if (found != accounts_.end()) return found->second;
    const KeyedAccount before = source_.account(address);
    const AccountEntry fresh{.before = before, .now = before.account};
    return accounts_.emplace(address, fresh).first->second;
}

JournaledState::AccountEntry& JournaledState::writable(const Address& address) {
    AccountEntry& found = entry(address);
    journal_.push_back(
        {.account = &found, .slot = nullptr, .old_account = found.now, .old_value = {}});
    return found;
}

JournaledState::SlotEntry& JournaledState::slot_entry(const Address& address, const Hash32& key) {
    Slots& slots = slots_[address];
    const auto found = slots.find(key);
    if (found != slots.end()) return found->second;
    const U256 value = source_.slot(entry(address).before.key, crypto::keccak256(key.view()));
    return slots.emplace(key, SlotEntry{.before = value, .now = value}).first->second;
}

Bytes JournaledState::code(const Address& address) {
    const Hash32 hash = entry(address).now.code_hash;
    const auto fresh = new_code_.find(hash);
    return fresh != new_code_.end() ? fresh->second : source_.code(hash);
}

U256 JournaledState::storage(const Address& address, const Hash32& key) {
    return slot_entry(address, key).now;
}

void JournaledState::set_nonce(const Address& address, uint64_t nonce) {
    writable(address).now.nonce = nonce;
}

void JournaledState::add_balance(const Address& address, const U256& amount) {
    // Adding nothing must not touch, let alone create, the account. [EIP-161]
    if (amount.is_zero()) return;
    U256& balance = writable(address).now.balance;
    const auto sum = checked_add(balance, amount);
    CHECK(sum.has_value(),
          "the genesis supply fits 256 bits, and so does what is issued beside it");
    balance = *sum;
}

void JournaledState::take_balance(const Address& address, const U256& amount) {
    if (amount.is_zero()) return;
    U256& balance = writable(address).now.balance;
    const auto rest = checked_sub(balance, amount);
    CHECK(rest.has_value(), "funds are looked at before they are taken");
    balance = *rest;
}

void JournaledState::set_storage(const Address& address, const Hash32& key, const U256& value) {
    SlotEntry& slot = slot_entry(address, key);
    if (slot.now == value) return;
    journal_.push_back(
        {.account = nullptr, .slot = &slot, .old_account = {}, .old_value = slot.now});
    slot.now = value;
}

void JournaledState::emit(chain::Log log) {
    journal_.emplace_back();
    logs_.push_back(std::move(log));
}

void JournaledState::revert_to(size_t snapshot) {
    CHECK(snapshot <= journal_.size(), "a snapshot lies in the past");
    while (journal_.size() > snapshot) {
        const Change& change = journal_.back();
        if (change.account != nullptr) {
            change.account->now = change.old_account;
        } else if (change.slot != nullptr) {
            change.slot->now = change.old_value;
        } else {
            logs_.pop_back();
        }
        journal_.pop_back();
    }
}

void JournaledState::put_account(const Address& address, const chain::Account& account,
                                 Bytes code) {
    writable(address).now = account;
    if (!code.empty()) new_code_.insert_or_assign(account.code_hash, std::move(code));
}

std::vector<chain::Log> JournaledState::end_transaction() {
    journal_.clear();
    return std::exchange(logs_, {});
}

}  // namespace holdfast::ledger
