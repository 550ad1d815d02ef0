// A proof that stands alone: from nothing but the genesis hash to one account, slot or receipt.
//
// The genesis names the first members. Each change of members is a header that names the next set
// by its hash, certified by the set before. The last set certifies the header of the block in
// question, and the header's roots hold what is claimed.
#pragma once

#include <variant>
#include <vector>

#include "chain/account.h"
#include "chain/genesis.h"
#include "chain/member_history.h"
#include "chain/receipt.h"

namespace holdfast::chain {

/// Nodes of tries, from the root down. [EIP-1186]
using TriePath = std::vector<Bytes>;

struct AccountClaim {
    Address address;
    TriePath account_proof;
    bool operator==(const AccountClaim&) const = default;
};
struct SlotClaim {
    Address address;
    Hash32 slot;
    TriePath account_proof;
    TriePath slot_proof;  ///< empty if the account has no storage
    bool operator==(const SlotClaim&) const = default;
};
struct ReceiptClaim {
    Hash32 transaction;
    uint64_t index = 0;  ///< in its block
    TriePath transaction_proof;
    TriePath receipt_proof;
    bool operator==(const ReceiptClaim&) const = default;
};
using Claim = std::variant<AccountClaim, SlotClaim, ReceiptClaim>;

struct Proof {
    Genesis genesis;
    std::vector<MemberChange> history;  ///< every change before `block`, the oldest first
    CertifiedHeader block;
    Claim claim;
    bool operator==(const Proof&) const = default;
};

struct ProvenAccount {
    Address address;
    std::optional<Account> account;  ///< null: there is none
};
struct ProvenSlot {
    Address address;
    Hash32 slot;
    U256 value;  ///< zero also if there is no such slot or account
};
struct ProvenReceipt {
    RecoveredTransaction transaction;
    uint64_t index = 0;
    Receipt receipt;
};

using ProvenValue = std::variant<ProvenAccount, ProvenSlot, ProvenReceipt>;

/// What holds, if the genesis is the right one and no quorum of any set in the history lied.
struct Proven {
    EngineKind engine = EngineKind::raft;
    QuorumRule rule = QuorumRule::majority;
    Height height;
    Hash32 block_hash;
    WallMillis time_ms = 0;
    MemberSet members;  ///< that certified the block
    size_t changes = 0;
    size_t signers = 0;
    uint64_t signed_weight = 0;
    ProvenValue value;
};

/// Needs nothing else. The first thing wrong is named, with where it stands; errors are those of
/// certificate.h, errc::proof_*, and of decoding.
Result<Proven> check_proof(const Proof& proof, const Hash32& genesis);

// As a file: JSON, bytes as hex behind 0x, one form for each proof, so that no byte of it can be
// changed unnoticed.

inline constexpr size_t proof_bytes_max = 32 * 1024 * 1024;
/// Of one path: a key has 64 nibbles.
inline constexpr size_t proof_nodes_max = 65;

std::string proof_to_json(const Proof& proof);
std::string to_json(const CertifiedHeader& block);
std::string to_json(const MemberChange& change);
std::string to_json(const Claim& claim);

enum class Form : uint8_t {
    strict,  ///< as proof_to_json writes it, to the byte
    any,     ///< of the same meaning: what came through other JSON programs
};
/// Errors: errc::proof_malformed, errc::proof_too_large.
Result<Proof> parse_proof(std::string_view json, Form form);

}  // namespace holdfast::chain
