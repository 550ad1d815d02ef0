// What a genesis must fulfil, and the hash that names it.
#include "chain/genesis.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <set>

#include "chain/errors.h"
#include "chain/genesis_bft.h"
#include "crypto/hash.h"

namespace holdfast::chain {
namespace {

constexpr uint64_t gas_limit_min = 5'000;                    // [geth MinGasLimit]
constexpr uint64_t gas_limit_max = (uint64_t{1} << 63) - 1;  // [geth MaxGasLimit]
constexpr uint64_t timestamp_max = 253'402'300'799;          // the end of the year 9999
constexpr unsigned base_fee_bits_max = 128;                  // so no product with gas overflows
constexpr uint64_t elasticity_max = 1'024;
constexpr uint64_t election_timeout_ms_max = 600'000;
constexpr uint64_t empty_interval_ms_max = 3'600'000;
constexpr uint64_t clock_ahead_ms_max = 86'400'000;
constexpr uint64_t payload_bytes_min =
    payload_overhead_bytes + payload_transaction_overhead_bytes + transaction_bytes_max;

Status invalid(std::string_view field, std::string_view why) {
    return fail(errc::genesis_invalid, fmt::format("{}: {}", field, why));
}

Status in_range(std::string_view field, uint64_t value, uint64_t least, uint64_t most) {
    if (value >= least && value <= most) return {};
    return invalid(field, fmt::format("{} is not between {} and {}", value, least, most));
}

Status validate_chain(const Genesis& genesis) {
    if (auto ok = in_range("config.chainId", genesis.chain_id, 1, chain_id_max); !ok) return ok;
    if (auto ok = in_range("timestamp", genesis.timestamp, 0, timestamp_max); !ok) return ok;
    if (auto ok = in_range("gasLimit", genesis.gas_limit, gas_limit_min, gas_limit_max); !ok)
        return ok;
    if (genesis.extra_data.size() > header_extra_bytes_max)
        return invalid("extraData", fmt::format("{} bytes, at most {}", genesis.extra_data.size(),
                                                header_extra_bytes_max));
    U256 sum;
    for (const auto& [address, account] : genesis.alloc) {
        const auto more = checked_add(sum, account.balance);
        if (!more) return invalid("alloc", "the balances together exceed 2^256-1");
        sum = *more;
        if (account.nonce == std::numeric_limits<uint64_t>::max())
            return invalid("alloc." + to_hex0x(address.view()), "no nonce is left [EIP-2681]");
    }
    return {};
}

Status validate_fees(const Genesis& genesis) {
    const FeeRules& fees = genesis.fees;
    if (fees.base_fee_initial.bit_length() > base_fee_bits_max)
        return invalid("baseFeePerGas", "is over 2^128-1");
    if (!fees.base_fee_fixed && fees.base_fee_min > fees.base_fee_initial)
        return invalid("holdfast.fees.baseFeeMin", "is above baseFeePerGas");
    if (fees.base_fee_min.bit_length() > base_fee_bits_max)
        return invalid("holdfast.fees.baseFeeMin", "is over 2^128-1");
    if (auto ok = in_range("holdfast.fees.elasticity", fees.elasticity, 1, elasticity_max); !ok)
        return ok;
    return in_range("holdfast.fees.changeDenominator", fees.change_denominator, 1,
                    std::numeric_limits<uint32_t>::max());
}

Status validate_parameters(const Parameters& parameters) {
    const struct {
        std::string_view name;
        uint64_t value;
        uint64_t least;
        uint64_t most;
    } rules[] = {
        {"electionTimeoutMs", parameters.election_timeout_ms, 3, election_timeout_ms_max},
        {"heartbeatMs", parameters.heartbeat_ms, 1, election_timeout_ms_max},
        {"emptyIntervalMs", parameters.empty_interval_ms, 1, empty_interval_ms_max},
        {"payloadBytesMax", parameters.payload_bytes_max, payload_bytes_min, payload_bytes_max},
        {"clockAheadMaxMs", parameters.clock_ahead_max_ms, 1, clock_ahead_ms_max},
        {"certificateLagMax", parameters.certificate_lag_max, 1, 1'000'000},
        {"approvalBlocksMax", parameters.approval_blocks_max, 1, 1'000'000'000},
    };
    for (const auto& rule : rules) {
        const std::string field = "holdfast.parameters." + std::string(rule.name);
        if (auto ok = in_range(field, rule.value, rule.least, rule.most); !ok) return ok;
    }
    // One lost heartbeat must not be taken for a dead leader. [Raft §5.6]
    if (parameters.heartbeat_ms * 2 >= parameters.election_timeout_ms)
        return invalid("holdfast.parameters.heartbeatMs",
                       fmt::format("{}, twice, is not below electionTimeoutMs {}",
                                   parameters.heartbeat_ms, parameters.election_timeout_ms));
    return {};
}

/// "host:port", printable, with brackets around an IPv6 address.
bool is_endpoint(std::string_view text) {
    if (text.size() > endpoint_bytes_max) return false;
    const size_t colon = text.rfind(':');
    if (colon == std::string_view::npos || colon == 0) return false;
    const std::string_view host = text.substr(0, colon);
    const std::string_view port = text.substr(colon + 1);
    const auto printable = [](char c) { return c > ' ' && c <= '~' && c != '"' && c != '\\'; };
    if (!std::ranges::all_of(host, printable)) return false;
    if (host.find(':') != std::string_view::npos && !(host.front() == '[' && host.back() == ']'))
        return false;
    uint16_t number = 0;
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
    return error == std::errc{} && end == port.data() + port.size() && number != 0 &&
           port.front() != '0';
}

Status validate_members(const MemberSet& set) {
    if (set.epoch != 0) return invalid("holdfast.members", "the epoch of a genesis is 0");
    if (set.members.empty()) return invalid("holdfast.members", "there must be at least one");
    if (set.members.size() > members_max)
        return invalid("holdfast.members", fmt::format("at most {}", members_max));
    NodeId previous;
    std::set<crypto::NodePublicKey> keys;
    std::set<std::string_view> endpoints;
    for (const Member& member : set.members) {
        const std::string field = fmt::format("holdfast.members, id {}", member.id);
        if (member.id == NodeId{}) return invalid(field, "0 stands for nobody");
        if (member.id <= previous) return invalid(field, "stands twice or out of order");
        previous = member.id;
        if (member.voting_key.is_zero() || member.transport_key.is_zero())
            return invalid(field, "a key of zeros is no key");
        // One key for two purposes, or of two members, would let a signature serve where its maker
        // did not mean it.
        if (!keys.insert(member.voting_key).second || !keys.insert(member.transport_key).second)
            return invalid(field,
                           "votingKey and transportKey must differ from each other and from "
                           "every other member's");
        if (member.operator_account.is_zero())
            return invalid(field, "nobody can approve with the account of zeros");
        if (!is_endpoint(member.endpoint))
            return invalid(field, "\"" + member.endpoint + "\" is not host:port");
        if (!endpoints.insert(member.endpoint).second)
            return invalid(field, "another member has the endpoint " + member.endpoint);
        if (auto ok = in_range(field + " weight", member.weight, 1, member_weight_max); !ok)
            return ok;
    }
    return {};
}

void encode_account(Writer& out, const Address& address, const GenesisAccount& account) {
    out.fixed(address);
    out.raw(account.balance.to_big_endian());
    out.u64(account.nonce);
    out.bytes(account.code);
    out.count(account.storage.size());
    for (const auto& [key, value] : account.storage) {
        out.fixed(key);
        out.fixed(value);
    }
}

}  // namespace

TxRules Genesis::tx_rules() const {
    return {.chain_id = chain_id, .require_chain_id = !allow_unprotected};
}

QuorumRule Genesis::quorum_rule() const {
    switch (engine) {
        case EngineKind::raft:
        case EngineKind::paxos:
            return QuorumRule::majority;
        case EngineKind::bft:
        case EngineKind::pow:
            return QuorumRule::two_thirds;
    }
    return QuorumRule::two_thirds;
}

Status validate_genesis(const Genesis& genesis) {
    if (auto ok = validate_chain(genesis); !ok) return ok;
    if (auto ok = validate_fees(genesis); !ok) return ok;
    if (auto ok = validate_parameters(genesis.parameters); !ok) return ok;
    if (auto ok = validate_members(genesis.members); !ok) return ok;
    return validate_bft(genesis);
}

Hash32 genesis_hash(const Genesis& genesis) {
    Writer out;
    out.text("holdfast/genesis/v1");
    out.u64(genesis.chain_id);
    out.u64(genesis.timestamp);
    out.u64(genesis.gas_limit);
    out.fixed(genesis.coinbase);
    out.fixed(genesis.mix_hash);
    out.bytes(genesis.extra_data);
    out.count(genesis.alloc.size());
    for (const auto& [address, account] : genesis.alloc) encode_account(out, address, account);
    out.u8(static_cast<uint8_t>(genesis.engine));
    out.boolean(genesis.dev);
    out.boolean(genesis.allow_unprotected);
    out.raw(genesis.fees.base_fee_initial.to_big_endian());
    out.raw(genesis.fees.base_fee_min.to_big_endian());
    out.boolean(genesis.fees.base_fee_fixed);
    out.u64(genesis.fees.elasticity);
    out.u64(genesis.fees.change_denominator);
    out.u64(genesis.parameters.election_timeout_ms);
    out.u64(genesis.parameters.heartbeat_ms);
    out.u64(genesis.parameters.empty_interval_ms);
    out.u64(genesis.parameters.payload_bytes_max);
    out.u64(genesis.parameters.clock_ahead_max_ms);
    out.u64(genesis.parameters.certificate_lag_max);
    out.u64(genesis.parameters.approval_blocks_max);
    // Only where it counts, so that the name of a ledger of another engine does not hang on it.
    if (genesis.engine == EngineKind::bft) encode(out, genesis.bft);
    encode(out, genesis.members);
    return crypto::sha256(out.take());
}

std::string_view to_string(EngineKind kind) {
    switch (kind) {
        case EngineKind::raft:
            return "raft";
        case EngineKind::paxos:
            return "paxos";
        case EngineKind::bft:
            return "bft";
        case EngineKind::pow:
            return "pow";
    }
    return "";
}

std::optional<EngineKind> engine_kind_from(std::string_view name) {
    for (const auto kind :
         {EngineKind::raft, EngineKind::paxos, EngineKind::bft, EngineKind::pow}) {
        if (name == to_string(kind)) return kind;
    }
    return std::nullopt;
}

}  // namespace holdfast::chain
