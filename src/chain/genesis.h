// Genesis: what all nodes must agree on before they start. geth's JSON, plus one object "holdfast".
#pragma once

#include <map>
#include <string>

#include "chain/block.h"
#include "chain/certificate.h"
#include "chain/member.h"

namespace holdfast::chain {

struct Json;

enum class EngineKind : uint8_t { raft, paxos, bft, pow };

/// Every parameter that two nodes must not be able to differ in. Milliseconds end in _ms.
struct Parameters {
    /// Raft: shortest silence before a campaign; drawn up to twice.
    uint64_t election_timeout_ms = 300;
    uint64_t heartbeat_ms = 50;
    uint64_t empty_interval_ms = 1000;  ///< an idle chain still ticks this often
    uint64_t payload_bytes_max = 1'000'000;
    /// A payload's time may be this far ahead of a node's clock.
    uint64_t clock_ahead_max_ms = 15'000;
    uint64_t certificate_lag_max = 1024;  ///< blocks executed beyond the last certified one
    /// An approval to add or remove a member expires after this.
    uint64_t approval_blocks_max = 100'000;
    bool operator==(const Parameters&) const = default;
};

/// Who takes part in Byzantine agreement, and by whose word that changes.
enum class Policy : uint8_t {
    poa,   ///< authority: the members' operators approve each change
    pos,   ///< stake: who has most at stake, with weight by stake
    dpos,  ///< delegated stake: whom the holders chose, with equal weights
};

/// What else is agreed on if the engine is bft; nothing of it counts otherwise.
struct BftParameters {
    Policy policy = Policy::poa;
    /// The members change only in blocks whose height is a multiple of this.
    uint64_t epoch_blocks = 256;
    /// How long a message between two members may take while the network is well. Never for safety:
    /// it tells how soon a silent leader is passed over.
    uint64_t delta_ms = 150;
    /// Guilt older than this many epochs is not punished any more.
    uint64_t evidence_epochs_max = 8;

    // From here on for stake only, delegated or not.
    uint64_t committee_max = 21;
    U256 stake_min{1'000'000'000'000'000'000};  ///< to be a candidate
    /// What one unit of weight stands for. A member of genesis begins with its weight times this at
    /// stake, issued beside the balances of alloc.
    U256 stake_per_weight{1'000'000'000'000'000'000};
    uint64_t unbonding_epochs = 16;  ///< until what was taken back is paid out
    U256 block_reward;               ///< issued to the stake behind the proposer
    uint64_t slash_per_mille = 50;   ///< of the stake behind a guilty candidate
    uint64_t accuser_per_mille = 0;  ///< of what was slashed, to who proved it; the rest is burnt
    uint64_t missed_per_mille =
        500;                   ///< of its turns in an epoch: who missed more counts as absent
    uint64_t jail_epochs = 4;  ///< before an absent or guilty candidate may return
    uint64_t guilts_max = 2;   ///< so often guilty, a candidate never returns
    bool operator==(const BftParameters&) const = default;
};

/// No sum of stakes comes near 2^112, so that no product of a share and a stake leaves 256 bits.
inline constexpr unsigned stake_bits_max = 111;
inline constexpr uint64_t committee_members_max = 256;

/// Longest genesis file taken, and its deepest nesting.
inline constexpr size_t genesis_bytes_max = 64 * 1024 * 1024;
inline constexpr size_t genesis_depth_max = 16;
/// So that every JSON reader holds a chain id exactly, and an [EIP-155] v fits 64 bits.
inline constexpr uint64_t chain_id_max = (uint64_t{1} << 53) - 1;

struct GenesisAccount {
    U256 balance;
    uint64_t nonce = 0;
    Bytes code;
    std::map<Hash32, Hash32> storage;
    bool operator==(const GenesisAccount&) const = default;
};

struct Genesis {
    uint64_t chain_id = 0;
    uint64_t timestamp = 0;
    uint64_t gas_limit = 30'000'000;
    Address coinbase;
    Hash32 mix_hash;
    Bytes extra_data;
    std::map<Address, GenesisAccount> alloc;

    EngineKind engine = EngineKind::raft;
    bool dev = false;                ///< well-known keys allowed
    bool allow_unprotected = false;  ///< transactions without a chain id
    FeeRules fees;
    Parameters parameters;
    BftParameters bft;
    MemberSet members;

    bool operator==(const Genesis&) const = default;
    [[nodiscard]] TxRules tx_rules() const;
    [[nodiscard]] QuorumRule quorum_rule() const;
    /// The block at `height` ends an epoch: never so unless the engine is bft.
    [[nodiscard]] bool is_boundary(Height height) const;
    /// Members have something at stake: bft by policy pos or dpos.
    [[nodiscard]] bool has_stakes() const;
    /// What the members begin with at stake, all together; zero without stakes.
    [[nodiscard]] U256 founding_stake() const;
};

/// Strict: unknown fields, wrong types, repeated ids, keys or endpoints, impossible parameters are
/// named errors (errc::genesis_*).
Result<Genesis> parse_genesis(std::string_view json);
/// The same of a part of a larger file.
Result<Genesis> genesis_from(const Json& json);
/// The rules that parse_genesis holds a well-formed file to, for a genesis made otherwise.
Status validate_genesis(const Genesis& genesis);
/// What parse_genesis reads back as the same value, indented for people.
std::string genesis_to_json(const Genesis& genesis);
/// SHA-256 of the canonical encoding of the whole object, members and parameters included: what
/// nodes compare at the handshake and what signatures name. (The hash of block 0 is another value.)
Hash32 genesis_hash(const Genesis& genesis);

std::string_view to_string(EngineKind kind);
std::optional<EngineKind> engine_kind_from(std::string_view name);
std::string_view to_string(Policy policy);
std::optional<Policy> policy_from(std::string_view name);

}  // namespace holdfast::chain
