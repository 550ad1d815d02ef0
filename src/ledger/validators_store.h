// The validators contract's storage: where members and proposals lie in it, and what touching it
// costs.
//
// A slot's key is that of `slot_key`, by area, index and field:
//   globals   field 0 epoch, 1 count of members, 2 count of proposals, 3 count of pending changes
//   list      index i < count: the i-th member's id, in no order
//   member    by id: field 0.. as in member_slots.h; `used` stays for ever: ids are never reused
//   proposal  index i < count: field 0 hash, 1 {action, approvals}, 2.. the member; 16.. approvals
//             {account, height}
//   pending   index i < count: field 1 action, 2.. the member
//   former    by id: field 0 voting key, of a member that left at a boundary
#pragma once

#include <vector>

#include "ledger/member_slots.h"

namespace holdfast::ledger {

enum class Action : uint8_t { add = 1, remove = 2 };

struct Approval {
    Address account;
    Height at;
    bool operator==(const Approval&) const = default;
};

struct Proposal {
    Hash32 hash;  ///< Keccak-256 of the call's data
    Action action = Action::add;
    chain::Member member;
    std::vector<Approval> approvals;
    bool operator==(const Proposal&) const = default;
};

/// What has been decided and waits for the end of the epoch.
struct PendingChange {
    Action action = Action::add;
    chain::Member member;
    bool operator==(const PendingChange&) const = default;
};

class ValidatorsStore {
  public:
    ValidatorsStore(Host& host, Meter& meter) : storage_(host, meter, validators_address()) {}

    Storage& storage() { return storage_; }
    Host& host() { return storage_.host(); }

    uint64_t epoch();
    void set_epoch(uint64_t epoch);
    /// By ascending id.
    chain::MemberSet members();
    bool was_used(NodeId id);
    bool is_member(NodeId id);
    void add_member(const chain::Member& member);
    void remove_member(NodeId id);
    std::vector<Proposal> proposals();
    /// Replaces all proposals; pays only for slots that change.
    void set_proposals(const std::vector<Proposal>& proposals);
    /// For ever: as if it had been a member.
    void mark_used(NodeId id);

    std::vector<PendingChange> pending();
    void set_pending(const std::vector<PendingChange>& changes);
    /// Writes what differs, the epoch included, and keeps the voting keys of those who leave.
    void replace_members(const chain::MemberSet& now, const chain::MemberSet& next);
    /// Of a member or of one that left at a boundary; null if there never was one.
    std::optional<crypto::NodePublicKey> voting_key(NodeId id);

  private:
    U256 read(const Hash32& key) { return storage_.read(key); }
    void write(const Hash32& key, const U256& value) { storage_.write(key, value); }
    void write_proposal(uint64_t index, const Proposal& proposal, uint64_t approvals_before);
    void clear_proposal(uint64_t index, uint64_t approvals_before);

    Storage storage_;
};

}  // namespace holdfast::ledger
