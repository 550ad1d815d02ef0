// The state of a block in the making: changes on top of a StateSource, journaled so that any of
// them can be taken back, and compared with what was there before when the block is sealed.
#pragma once

#include <map>
#include <unordered_map>
#include <utility>
#include <vector>

#include "ledger/host.h"

namespace holdfast::ledger {

/// Recipients choose their addresses, so the plain first bytes would let them build long chains in
/// a table; the seed (the head's hash) is not known when the addresses are chosen.
struct AddressHasher {
    uint64_t seed = 0;
    size_t operator()(const Address& address) const noexcept {
        uint64_t a = 0, b = 0;
        uint32_t c = 0;
        std::memcpy(&a, address.bytes.data(), 8);
        std::memcpy(&b, address.bytes.data() + 8, 8);
        std::memcpy(&c, address.bytes.data() + 16, 4);
        return mix(mix(a ^ seed, b ^ 0x9e3779b97f4a7c15), c ^ seed ^ 0xbf58476d1ce4e5b9);
    }

  private:
    static uint64_t mix(uint64_t a, uint64_t b) {
        uint64_t z = (a ^ (b << 31 | b >> 33)) * 0x94d049bb133111eb + b;
        z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
        return z ^ z >> 29;
    }
};

class JournaledState final : public Host {
  public:
    struct AccountEntry {
        KeyedAccount before;
        chain::Account now;
    };
    struct SlotEntry {
        U256 before;
        U256 now;
    };
    using Slots = std::map<Hash32, SlotEntry>;  ///< by slot key, not hashed

    JournaledState(StateSource& source, const BlockContext& block, uint64_t seed = 0);

    [[nodiscard]] const BlockContext& block() const override { return block_; }
    const chain::Account& account(const Address& address) override { return entry(address).now; }
    Bytes code(const Address& address) override;
    U256 storage(const Address& address, const Hash32& key) override;
    void set_nonce(const Address& address, uint64_t nonce) override;
    void add_balance(const Address& address, const U256& amount) override;
    void take_balance(const Address& address, const U256& amount) override;
    void set_storage(const Address& address, const Hash32& key, const U256& value) override;
    void emit(chain::Log log) override;
    [[nodiscard]] size_t snapshot() const override { return journal_.size(); }
    void revert_to(size_t snapshot) override;

    /// Genesis only: puts an account with its code.
    void put_account(const Address& address, const chain::Account& account, Bytes code);

    /// The logs since the last call; what happened so far can no longer be taken back.
    std::vector<chain::Log> end_transaction();

    [[nodiscard]] const std::unordered_map<Address, AccountEntry, AddressHasher>& accounts() const {
        return accounts_;
    }
    [[nodiscard]] const std::map<Address, Slots>& slots() const { return slots_; }
    [[nodiscard]] const std::map<Hash32, Bytes>& new_code() const { return new_code_; }

  private:
    struct Change {
        AccountEntry* account = nullptr;  ///< this account was `old_account`
        SlotEntry* slot = nullptr;  ///< or this slot was `old_value`; neither: a log was added
        chain::Account old_account;
        U256 old_value;
    };
    AccountEntry& entry(const Address& address);
    AccountEntry& writable(const Address& address);
    SlotEntry& slot_entry(const Address& address, const Hash32& key);

    StateSource& source_;
    BlockContext block_;
    std::unordered_map<Address, AccountEntry, AddressHasher> accounts_;
    std::map<Address, Slots> slots_;
    std::map<Hash32, Bytes> new_code_;
    std::vector<Change> journal_;
    std::vector<chain::Log> logs_;
};

}  // namespace holdfast::ledger
