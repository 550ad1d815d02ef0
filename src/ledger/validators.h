// The validators system contract: who the members are, and how they change. Native, with a Solidity
// ABI at a fixed address, so any wallet can call it; its state lives in the contract's storage like
// any other, so it is part of the state root and can be proved.
#pragma once

#include "chain/genesis.h"
#include "chain/receipt.h"
#include "ledger/host.h"

namespace holdfast::ledger {

/// 0x...486f6c6400000001: "Hold", then 1.
Address validators_address();

/// The calls of the contract, for those who build transactions to it:
///   members() view returns (uint64 epoch, Member[])
///   proposals() view returns (Proposal[])
///   addMember(uint64 id, bytes32 votingKey, bytes32 transportKey, address account, string
///   endpoint, uint64 weight) removeMember(uint64 id)
/// Calling add or remove is both the proposal and the caller's approval of it; what more than half
/// of the members' operator accounts have approved with the same arguments takes effect in that
/// block. Approvals expire after Parameters::approval_blocks_max blocks. The last member cannot be
/// removed. Errors revert with a reason.
///   struct Member   { uint64 id; bytes32 votingKey; bytes32 transportKey; address account;
///                     string endpoint; uint64 weight; }
///   struct Proposal { bytes32 hash; uint8 action; Member member; address[] approvals;
///                     uint64 expires; }       action 1 adds, 2 removes (then only the id is set);
///                                             expires: the block after which the newest approval
///                                             ends
///   event Approved(bytes32 indexed proposal, address indexed account, uint64 approvals, uint64
///   needed) event MemberAdded(uint64 indexed id, address indexed account, uint64 epoch) event
///   MemberRemoved(uint64 indexed id, address indexed account, uint64 epoch)
/// An account that operates several members counts once. An id is never used twice.
Bytes encode_add_member(const chain::Member& member);
Bytes encode_remove_member(NodeId id);
Bytes encode_members_call();
Bytes encode_proposals_call();

/// What a call costs beside the transaction's intrinsic gas: enough that a block's gas limit bounds
/// its work, and simple enough to state in four numbers (a log: base, and a part for every byte).
namespace validators_gas {
inline constexpr uint64_t call = 2'000;
inline constexpr uint64_t slot_read = 200;
inline constexpr uint64_t slot_write = 5'000;  ///< of a value that differs from the present one
inline constexpr uint64_t log_base = 1'500;
inline constexpr uint64_t log_byte = 8;
}  // namespace validators_gas

/// Proposals that one account may have approved without their having taken effect or expired.
inline constexpr size_t open_approvals_max = 8;
inline constexpr uint64_t member_weight_max = 1'000'000'000;

/// The contract's code, as eth_getCode shows it: one INVALID instruction, for it runs natively.
inline constexpr std::array<uint8_t, 1> native_code_marker{0xfe};

struct RunResult;
/// Runs a call. On failure the state is as before.
RunResult call_validators(Host& host, const Address& caller, const U256& value, ByteView data,
                          uint64_t gas, const chain::Parameters& parameters);

/// Writes the members of genesis into the contract's storage.
void store_genesis_members(Host& host, const chain::MemberSet& members);
/// The members as the contract's storage has them.
chain::MemberSet load_members(Host& host);
/// Cheap: tells whether the set has changed since.
uint64_t load_members_epoch(Host& host);

}  // namespace holdfast::ledger
