// The validators system contract: who the members are, and how they change. Native, with a Solidity
// ABI at a fixed address, so any wallet can call it; its state lives in the contract's storage like
// any other, so it is part of the state root and can be proved.
#pragma once

#include "chain/genesis.h"
#include "chain/receipt.h"

namespace holdfast::ledger {

/// 0x...486f6c6400000001: "Hold", then 1.
Address validators_address();

/// The calls of the contract, for those who build transactions to it:
///   members() view returns (uint64 epoch, Member[])
///   proposals() view returns (Proposal[])
///   addMember(uint64 id, bytes32 votingKey, bytes32 transportKey, address account, string endpoint, uint64 weight)
///   removeMember(uint64 id)
/// Calling add or remove is both the proposal and the caller's approval of it; what more than half
/// of the members' operator accounts have approved with the same arguments takes effect in that
/// block. Approvals expire after Parameters::approval_blocks_max blocks. The last member cannot be
/// removed. Errors revert with a reason.
Bytes encode_add_member(const chain::Member& member);
Bytes encode_remove_member(NodeId id);

}  // namespace holdfast::ledger
