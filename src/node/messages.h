// What nodes say to each other beside their engines: one tag byte, then the body. Everything has a
// bound; what does not decode is counted and dropped.
#pragma once

#include <variant>
#include <vector>

#include "chain/block.h"
#include "chain/certificate.h"
#include "chain/member_history.h"

namespace holdfast::node {

inline constexpr size_t gossip_transactions_max = 512;
inline constexpr size_t gossip_bytes_max = 1 << 20;
inline constexpr size_t attestations_max = 256;
inline constexpr size_t certificates_max = 256;
inline constexpr size_t reply_blocks_max = 256;
inline constexpr size_t reply_bytes_max = 2 << 20;  ///< a reply closes once it is past this
inline constexpr size_t chunk_bytes = 1 << 20;
inline constexpr size_t mark_bytes_max = 64 * 1024;
inline constexpr size_t history_changes_max = 64;
inline constexpr size_t history_bytes_max = 4 << 20;

struct EngineMessage {
    ByteView bytes;  ///< aliases the message it was decoded from
};
struct Transactions {
    std::vector<ByteView> raw;  ///< aliases the message
};
struct Attestations {
    std::vector<chain::Attestation> attestations;
};
struct BlocksRequest {
    Height from;
};
/// A block with what it takes to execute it again: transactions that were left out have no effect.
struct SyncBlock {
    chain::Header header;
    Bytes mark;
    std::optional<chain::Certificate> certificate;
    std::vector<Bytes> transactions;
};
struct BlocksReply {
    Height lowest;  ///< first block still kept there
    Height head;
    std::vector<SyncBlock> blocks;
};
struct SnapshotRequest {};
/// Empty block: none certified just now, ask again.
struct SnapshotOffer {
    std::optional<chain::CertifiedHeader> block;
    chain::MemberSet members;  ///< in force in the state after it
    Bytes mark;
};
struct ChunkRequest {
    Height height;
    Bytes cursor;
};
struct ChunkReply {
    Height height;
    Bytes cursor;  ///< that was asked for
    Bytes next;    ///< empty: this was the last
    Bytes chunk;
};
/// Sent while the block still has no certificate at the sender: whoever has it answers with it.
struct AttestationAgain {
    chain::Attestation attestation;
};
/// For a node with many blocks that it has no certificate of, such as one that has just joined.
struct CertificatesRequest {
    Height from;
};
struct Certificates {
    std::vector<chain::Certificate> certificates;
};
/// For whoever trusts the members of `after`, and is offered a snapshot of the block after `upto`.
struct HistoryRequest {
    Height after, upto;
};
struct HistoryReply {
    Height after;                              ///< that was asked for
    std::vector<chain::MemberChange> changes;  ///< the oldest first; empty: no more are known
};

using Message =
    std::variant<EngineMessage, Transactions, Attestations, chain::Certificate, BlocksRequest,
                 BlocksReply, SnapshotRequest, SnapshotOffer, ChunkRequest, ChunkReply,
                 AttestationAgain, CertificatesRequest, Certificates, HistoryRequest, HistoryReply>;

/// Errors: codec_errc and chain::errc. `bytes` must outlive the result where it aliases.
Result<Message> decode_message(ByteView bytes);
Buffer encode_message(const Message& message);

}  // namespace holdfast::node
