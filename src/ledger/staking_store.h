// The staking contract's storage: candidates, the stake behind them, who owns it, what is on its
// way out, and what each member did in the epoch.
//
// A slot's key is that of `slot_key`, by area, numbers and field:
//   globals    field 0 count of listed candidates, 1 issued, 2 slashed and burnt
//   listed     index i < count: the i-th listed candidate's id, in no order
//   candidate  by id: field 0.. as in member_slots.h (its weight is 1), 16 {place in the list + 1,
//              flags, jailed until}, 17 stake, 18 shares
//   leaving    by id and epoch: field 0 stake, 1 shares, of what was taken back in that epoch
//   holding    by account and id (`account_slot_key`): field 0 shares of the candidate, 1 count of
//              withdrawals, 2.. withdrawals {epoch, shares of what leaves in that epoch}
//   duty       by id: field 0 {epoch, proposed, missed}
// A key that was ever used: 1 at the SHA-256 of "holdfast/staking/key" and the key.
#pragma once

#include "ledger/member_slots.h"
#include "ledger/stake_pool.h"

namespace holdfast::ledger {

/// What of a candidate changes, beside the stake.
struct Standing {
    uint64_t place = 0;  ///< in the list, from 1; 0: not in it
    bool jailed = false;
    bool tombstoned = false;
    uint64_t jailed_until = 0;  ///< the epoch in which it may ask to return
    [[nodiscard]] bool is_barred() const { return jailed || tombstoned; }
    bool operator==(const Standing&) const = default;
};

/// Shares of what leaves a candidate in an epoch.
struct Withdrawal {
    uint64_t epoch = 0;
    U256 shares;
    bool operator==(const Withdrawal&) const = default;
};

/// A member's turns in an epoch, as they went so far.
struct Duty {
    uint64_t epoch = 0;
    uint64_t proposed = 0;
    uint64_t missed = 0;
    bool operator==(const Duty&) const = default;
};

class StakingStore {
  public:
    StakingStore(Host& host, Meter& meter) : storage_(host, meter, staking_address()) {}

    Storage& storage() { return storage_; }

    bool exists(NodeId id);
    chain::Member member(NodeId id);
    void add_candidate(const chain::Member& member);
    bool key_was_used(const crypto::NodePublicKey& key);
    Standing standing(NodeId id);
    void set_standing(NodeId id, const Standing& standing);
    Pool pool(NodeId id);
    void set_pool(NodeId id, const Pool& pool);

    uint64_t listed_count();
    std::vector<NodeId> listed();
    void put_on_list(NodeId id);
    void take_off_list(NodeId id);

    Pool leaving(NodeId id, uint64_t epoch);
    void set_leaving(NodeId id, uint64_t epoch, const Pool& pool);
    U256 holding(NodeId id, const Address& holder);
    void set_holding(NodeId id, const Address& holder, const U256& shares);
    /// In the order of their epochs.
    std::vector<Withdrawal> withdrawals(NodeId id, const Address& holder);
    void set_withdrawals(NodeId id, const Address& holder, const std::vector<Withdrawal>& all);

    /// Zeros if its newest is of another epoch.
    Duty duty(NodeId id, uint64_t epoch);
    void set_duty(NodeId id, const Duty& duty);

    U256 issued();
    U256 slashed();
    void set_issued(const U256& amount);
    void set_slashed(const U256& amount);

  private:
    U256 read(const Hash32& key) { return storage_.read(key); }
    void write(const Hash32& key, const U256& value) { storage_.write(key, value); }

    Storage storage_;
};

/// Where the contract counts what was issued, and what was slashed and burnt.
Hash32 issued_slot();
Hash32 slashed_slot();

}  // namespace holdfast::ledger
