// The validators contract's storage: where members and proposals lie in it, and what touching it
// costs.
//
// A slot's key is {area, 15 zero bytes, index (8, big-endian), 6 zero bytes, field (2)}; nothing is
// hashed, so a proof of membership needs no preimages.
//   globals   field 0 epoch, 1 count of members, 2 count of proposals
//   list      index i < count: the i-th member's id, in no order
//   member    by id: field 0 {used, present, endpoint length, weight}, 1 voting key, 2 transport
//   key,
//             3 account, 4.. endpoint, 32 bytes a slot. `used` stays for ever: ids are never reused
//   proposal  index i < count: field 0 hash, 1 {action, approvals}, 2.. the member as above, but
//   with
//             its id in field 2 too; 16.. approvals {account, height}
#pragma once

#include <vector>

#include "chain/member.h"
#include "ledger/host.h"

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

class ValidatorsStore {
  public:
    ValidatorsStore(Host& host, uint64_t gas) : host_(host), gas_left_(gas) {}

    /// Once gas has run out, reads give zero, writes do nothing, and the call must fail.
    void charge(uint64_t gas);
    [[nodiscard]] bool out_of_gas() const { return out_of_gas_; }
    [[nodiscard]] uint64_t gas_left() const { return gas_left_; }
    Host& host() { return host_; }

    uint64_t epoch();
    void set_epoch(uint64_t epoch);
    /// By ascending id.
    chain::MemberSet members();
    bool was_used(NodeId id);
    void add_member(const chain::Member& member);
    void remove_member(NodeId id);
    std::vector<Proposal> proposals();
    /// Replaces all proposals; pays only for slots that change.
    void set_proposals(const std::vector<Proposal>& proposals);

  private:
    U256 read(const Hash32& key);
    void write(const Hash32& key, const U256& value);
    void write_proposal(uint64_t index, const Proposal& proposal, uint64_t approvals_before);
    void clear_proposal(uint64_t index, uint64_t approvals_before);
    chain::Member read_member(uint8_t area, uint64_t index, uint16_t first_field);
    void write_member(uint8_t area, uint64_t index, uint16_t first_field,
                      const chain::Member& member);
    void clear_member(uint8_t area, uint64_t index, uint16_t first_field);

    Host& host_;
    uint64_t gas_left_;
    bool out_of_gas_ = false;
};

}  // namespace holdfast::ledger
