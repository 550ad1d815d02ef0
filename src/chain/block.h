// Blocks: the payload that engines order, and the Ethereum-shaped block that executing it makes.
#pragma once

#include <array>
#include <memory>
#include <vector>

#include "base/number.h"
#include "base/time.h"
#include "chain/transaction.h"

namespace holdfast::chain {

using Bloom = FixedBytes<256, struct BloomTag>;

/// What engines agree on. To them it is mere bytes.
struct Payload {
    WallMillis time_ms = 0;
    Address fee_recipient;
    std::vector<std::shared_ptr<const RecoveredTransaction>> transactions;
};

/// The same, with its transactions still raw: they alias the buffer that was decoded.
struct RawPayload {
    WallMillis time_ms = 0;
    Address fee_recipient;
    std::vector<ByteView> transactions;
};

inline constexpr size_t payload_bytes_max = 8 * 1024 * 1024;
inline constexpr size_t payload_transactions_max = 65'536;
/// Bytes of an encoded payload beside its transactions, and beside each of them.
inline constexpr size_t payload_overhead_bytes = 32;
inline constexpr size_t payload_transaction_overhead_bytes = 4;

Bytes encode_payload(const Payload& payload);
/// Errors: errc::payload_malformed, errc::payload_too_large.
Result<RawPayload> decode_payload(ByteView bytes);

/// Where an ordered payload came from, the same on all nodes.
struct Origin {
    NodeId proposer;
    uint64_t epoch = 0;
    uint64_t view = 0;  ///< Raft: term; Paxos: ballot; BFT: view
    bool operator==(const Origin&) const = default;
};

/// What a header's extra data commits to beside the Ethereum fields.
struct Extra {
    Origin origin;
    WallMillis time_ms = 0;
    Hash32 payload_hash;       ///< SHA-256 of the encoded payload
    Hash32 next_members_hash;  ///< of the set in force in the state after this block
    bool operator==(const Extra&) const = default;
};
Bytes encode_extra(const Extra& extra);
Result<Extra> decode_extra(ByteView bytes);

/// Longest extra data taken: room for what a genesis may say; Extra itself is 96 bytes.
inline constexpr size_t header_extra_bytes_max = 1024;

/// An Ethereum header with the fields of Prague. [YP §4.4, EIP-1559, 4895, 4844, 4788, 7685]
struct Header {
    Hash32 parent_hash;
    Hash32 ommers_hash;  ///< always that of the empty list
    Address beneficiary;
    Hash32 state_root;
    Hash32 transactions_root;
    Hash32 receipts_root;
    Bloom logs_bloom;
    U256 difficulty;
    Height number;
    uint64_t gas_limit = 0;
    uint64_t gas_used = 0;
    uint64_t timestamp = 0;  ///< seconds; equal to the parent's at the least
    Bytes extra_data;
    Hash32 prev_randao;  ///< Keccak-256 of the parent hash: not random, and documented so
    std::array<uint8_t, 8> nonce{};
    U256 base_fee_per_gas;
    Hash32 withdrawals_root;
    uint64_t blob_gas_used = 0;
    uint64_t excess_blob_gas = 0;
    Hash32 parent_beacon_block_root;
    Hash32 requests_hash;

    bool operator==(const Header&) const = default;
};
Bytes encode_header(const Header& header);  ///< RLP
Result<Header> decode_header(ByteView rlp);
Hash32 header_hash(const Header& header);

/// The root hash of the empty trie; the hash of an empty list; the requests hash of no requests.
Hash32 empty_trie_root();
Hash32 empty_list_hash();
Hash32 empty_requests_hash();

struct Block {
    Header header;
    Hash32 hash;
    std::vector<std::shared_ptr<const RecoveredTransaction>> transactions;
};

/// The base fee that follows a block. [EIP-1559]
struct FeeRules {
    U256 base_fee_initial{1'000'000'000};
    U256 base_fee_min{7};
    bool base_fee_fixed = false;  ///< stays at base_fee_initial for ever (zero included)
    uint64_t elasticity = 2;
    uint64_t change_denominator = 8;
    bool operator==(const FeeRules&) const = default;
};
U256 next_base_fee(const Header& parent, const FeeRules& rules);

}  // namespace holdfast::chain
