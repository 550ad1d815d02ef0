// The staking system contract: candidates, what stands behind them, and the ways in and out. For
// the policies pos and dpos only.
#pragma once

#include "ledger/contract.h"

namespace holdfast::ledger {

/// A candidate's id and keys are used once for ever, its operator is who bonds. With pos:
///   bond(uint64 id, bytes32 votingKey, bytes32 transportKey, string endpoint) payable
///                                   a new candidate, with `stakeMin` of genesis or more
///   bondMore(uint64 id) payable     by its operator
///   unbond(uint64 id, uint256 amount)
///   withdraw(uint64 id)             pays out what was taken back `unbondingEpochs` ago
///   unjail(uint64 id)               by its operator, `jailEpochs` after the jailing
/// With dpos the same (what the operator bonds are votes like any others), and for everybody:
///   delegate(uint64 id) payable
///   undelegate(uint64 id, uint256 amount)
///   redelegate(uint64 from, uint64 to, uint256 amount)
///                                   at once; the operator's own stake cannot leave it that way
/// An amount of 2^256-1 means all; what leaves is rounded up to whole shares. Whatever changes is
/// counted at the end of the epoch. Views:
///   candidate(uint64 id) returns (Candidate)
///   candidates() returns (uint64 epoch, Candidate[])    those on the list, the greatest stake
///   first holding(uint64 id, address account) returns (uint256 shares, uint256 worth)
///   withdrawals(uint64 id, address account) returns (Withdrawal[])
///   duty(uint64 id) returns (uint64 epoch, uint64 proposed, uint64 missed)
///   totals() returns (uint256 issued, uint256 slashed)
///   struct Candidate  { Member member; uint256 stake; uint256 shares; bool listed; bool jailed;
///                       uint64 jailedUntil; bool tombstoned; }    Member as in validators.h
///   struct Withdrawal { uint64 epoch; uint256 worth; uint64 payableFrom; }
///   event Candidacy(uint64 indexed id, address indexed account, uint256 stake)
///   event Staked(uint64 indexed id, address indexed account, uint256 amount)
///   event Unstaked(uint64 indexed id, address indexed account, uint256 amount, uint64 payableFrom)
///   event Moved(uint64 indexed from, address indexed account, uint64 to, uint256 amount)
///   event Withdrawn(uint64 indexed id, address indexed account, uint256 amount)
///   event Unjailed(uint64 indexed id, address indexed account)
/// and, by accusation:
///   event Slashed(uint64 indexed id, address indexed accuser, uint256 burnt, uint256 paid)
///   event Jailed(uint64 indexed id, address indexed account, uint64 until, uint64 forEver)
Bytes encode_bond(NodeId id, const crypto::NodePublicKey& voting_key,
                  const crypto::NodePublicKey& transport_key, std::string_view endpoint);
Bytes encode_bond_more(NodeId id);
Bytes encode_unbond(NodeId id, const U256& amount);
Bytes encode_withdraw(NodeId id);
Bytes encode_unjail(NodeId id);
Bytes encode_delegate(NodeId id);
Bytes encode_undelegate(NodeId id, const U256& amount);
Bytes encode_redelegate(NodeId from, NodeId to, const U256& amount);

Bytes encode_candidate_call(NodeId id);
Bytes encode_candidates_call();
Bytes encode_holding_call(NodeId id, const Address& account);
Bytes encode_withdrawals_call(NodeId id, const Address& account);
Bytes encode_duty_call(NodeId id);
Bytes encode_totals_call();

/// Candidates on the list, from which the end of an epoch chooses. Whoever has more at stake than
/// the last one on a full list takes its place.
inline constexpr uint64_t candidates_max = 1024;
/// Withdrawals of one account from one candidate, one an epoch, that are not paid out.
inline constexpr size_t withdrawals_max = 64;

RunResult call_staking(Host& host, const NativeCall& call, const Rules& rules);

/// The members of genesis as candidates, each with the stake that its weight stands for.
void store_genesis_stakes(Host& host, const chain::Genesis& genesis);

}  // namespace holdfast::ledger
