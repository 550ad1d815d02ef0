// The faults system contract: proof that a member lied, and what follows. Anybody may bring it; the
// ledger checks it itself, against the voting key that it has of the member.
#pragma once

#include "chain/statement.h"
#include "ledger/contract.h"

namespace holdfast::ledger {

class Reader;

///   accuse(bytes evidence)          evidence as chain::encode writes it
///   wasProven(uint64 id, uint64 epoch, uint64 view) view returns (bool)
///   guilts(uint64 id) view returns (uint64)
///   event Guilty(uint64 indexed id, address indexed accuser, uint64 epoch, uint64 view, uint64
///   guilts)
/// The guilt of a member in a view has its consequence once, however many statements prove it: by
/// authority the member leaves at the end of the epoch, with stakes it is slashed, jailed, and
/// after `guiltsMax` times barred for ever (slashing.h). Former members are accused like present
/// ones, up to `evidenceEpochsMax` epochs after the lie. What is false, too old or known reverts
/// and changes nothing; it costs its sender contract_gas::call, the slots looked up, and, if it
/// came so far, twice contract_gas::signature.
Bytes encode_accuse(const chain::Evidence& evidence);
Bytes encode_was_proven_call(NodeId id, uint64_t epoch, uint64_t view);
Bytes encode_guilts_call(NodeId id);

RunResult call_faults(Host& host, const NativeCall& call, const Rules& rules);

/// An accusation of the same guilt has been executed: another one would only cost its sender.
bool was_proven(const Reader& reader, const chain::Evidence& evidence);

}  // namespace holdfast::ledger
