// The validators system contract: who the members are, and how they change. Native, with a Solidity
// ABI at a fixed address, so any wallet can call it; its state lives in the contract's storage like
// any other, so it is part of the state root and can be proved.
#pragma once

#include "chain/genesis.h"
#include "chain/receipt.h"
#include "ledger/contract.h"

namespace holdfast::ledger {

/// The calls of the contract, for those who build transactions to it:
///   members() view returns (uint64 epoch, Member[])
///   nextMembers() view returns (uint64 epoch, Member[])
///   proposals() view returns (Proposal[])
///   pending() view returns (uint64 boundary, Change[])
///   addMember(uint64 id, bytes32 votingKey, bytes32 transportKey, address account, string
///   endpoint, uint64 weight) removeMember(uint64 id)
/// Calling add or remove is both the proposal and the caller's approval of it; what more than half
/// of the members' operator accounts have approved with the same arguments is decided. Approvals
/// expire after Parameters::approval_blocks_max blocks. The last member cannot be removed. Errors
/// revert with a reason.
/// What is decided takes effect in that block; with epochs it is pending until the block that ends
/// the epoch, at height `boundary`, and `nextMembers` is what that block would make of the members
/// as things stand: both calls exist with epochs only. With stakes add and remove revert: the
/// staking contract decides.
///   struct Member   { uint64 id; bytes32 votingKey; bytes32 transportKey; address account;
///                     string endpoint; uint64 weight; }
///   struct Proposal { bytes32 hash; uint8 action; Member member; address[] approvals;
///                     uint64 expires; }       action 1 adds, 2 removes (then only the id is set);
///                                             expires: the block after which the newest approval
///                                             ends
///   struct Change   { uint8 action; Member member; }
///   event Approved(bytes32 indexed proposal, address indexed account, uint64 approvals, uint64
///   needed) event MemberAdded(uint64 indexed id, address indexed account, uint64 epoch) event
///   MemberRemoved(uint64 indexed id, address indexed account, uint64 epoch)
///   event ChangeDecided(uint64 indexed id, address indexed account, uint64 action, uint64
///   boundary), in the place of the two before it
/// An account that operates several members counts once. An id is never used twice.
Bytes encode_add_member(const chain::Member& member);
Bytes encode_remove_member(NodeId id);
Bytes encode_members_call();
Bytes encode_next_members_call();
Bytes encode_proposals_call();
Bytes encode_pending_call();

/// Proposals that one account may have approved without their having been decided or expired.
inline constexpr size_t open_approvals_max = 8;
/// Changes that the operators may have decided in one epoch.
inline constexpr size_t pending_changes_max = 64;

RunResult call_validators(Host& host, const NativeCall& call, const Rules& rules);

/// Writes the members of genesis into the contract's storage.
void store_genesis_members(Host& host, const chain::MemberSet& members);
/// The members as the contract's storage has them.
chain::MemberSet load_members(Host& host);
/// Cheap: tells whether the set has changed since.
uint64_t load_members_epoch(Host& host);

}  // namespace holdfast::ledger
