// The codec of node messages.
#include "node/messages.h"

namespace holdfast::node {
namespace {

// The tag is the variant's index, so the list in messages.h is the wire's list: append only.
constexpr size_t cursor_bytes_max = 256;

void encode_body(Writer& out, const EngineMessage& message) {
    out.raw(message.bytes);
}
void encode_body(Writer& out, const Transactions& message) {
    out.count(message.raw.size());
    for (const ByteView raw : message.raw) out.bytes(raw);
}
void encode_body(Writer& out, const Attestations& message) {
    out.count(message.attestations.size());
    for (const chain::Attestation& one : message.attestations) chain::encode(out, one);
}
void encode_body(Writer& out, const chain::Certificate& message) {
    chain::encode(out, message);
}
void encode_body(Writer& out, const BlocksRequest& message) {
    out.ordinal(message.from);
}
void encode_body(Writer& out, const BlocksReply& message) {
    out.ordinal(message.lowest);
    out.ordinal(message.head);
    out.count(message.blocks.size());
    for (const SyncBlock& block : message.blocks) {
        out.bytes(chain::encode_header(block.header));
        out.bytes(block.mark);
        out.boolean(block.certificate.has_value());
        if (block.certificate) chain::encode(out, *block.certificate);
        out.count(block.transactions.size());
        for (const Bytes& raw : block.transactions) out.bytes(raw);
    }
}
void encode_body(Writer& /*out*/, const SnapshotRequest& /*message*/) {}
void encode_body(Writer& out, const SnapshotOffer& message) {
    out.boolean(message.block.has_value());
    if (!message.block) return;
    chain::encode(out, *message.block);
    chain::encode(out, message.members);
    out.bytes(message.mark);
}
void encode_body(Writer& out, const ChunkRequest& message) {
    out.ordinal(message.height);
    out.bytes(message.cursor);
}
void encode_body(Writer& out, const ChunkReply& message) {
    out.ordinal(message.height);
    out.bytes(message.cursor);
    out.bytes(message.next);
    out.bytes(message.chunk);
}

void encode_body(Writer& out, const AttestationAgain& message) {
    chain::encode(out, message.attestation);
}

void encode_body(Writer& out, const CertificatesRequest& message) {
    out.ordinal(message.from);
}
void encode_body(Writer& out, const Certificates& message) {
    out.count(message.certificates.size());
    for (const chain::Certificate& one : message.certificates) chain::encode(out, one);
}
void encode_body(Writer& out, const HistoryRequest& message) {
    out.ordinal(message.after);
    out.ordinal(message.upto);
}
void encode_body(Writer& out, const HistoryReply& message) {
    out.ordinal(message.after);
    out.count(message.changes.size());
    for (const chain::MemberChange& change : message.changes) chain::encode(out, change);
}

chain::Header read_header(Reader& in) {
    auto header = chain::decode_header(in.bytes(chain::header_bytes_max));
    if (!header) in.fail_with(header.error().code);
    return header.value_or(chain::Header{});
}

Transactions read_transactions(Reader& in) {
    Transactions message;
    const size_t count = in.count(gossip_transactions_max);
    for (size_t i = 0; i < count; ++i)
        message.raw.push_back(in.bytes(chain::transaction_bytes_max));
    return message;
}

Attestations read_attestations(Reader& in) {
    Attestations message;
    const size_t count = in.count(attestations_max);
    for (size_t i = 0; i < count && !in.failed(); ++i)
        message.attestations.push_back(chain::decode_attestation(in));
    return message;
}

Certificates read_certificates(Reader& in) {
    Certificates message;
    const size_t count = in.count(certificates_max);
    for (size_t i = 0; i < count && !in.failed(); ++i)
        message.certificates.push_back(chain::decode_certificate(in));
    return message;
}

SyncBlock read_sync_block(Reader& in) {
    SyncBlock block;
    block.header = read_header(in);
    block.mark = in.bytes_copy(mark_bytes_max);
    if (in.boolean()) block.certificate = chain::decode_certificate(in);
    const size_t count = in.count(chain::payload_transactions_max);
    for (size_t i = 0; i < count; ++i)
        block.transactions.push_back(in.bytes_copy(chain::transaction_bytes_max));
    return block;
}

BlocksReply read_blocks_reply(Reader& in) {
    BlocksReply message;
    message.lowest = in.ordinal<Height>();
    message.head = in.ordinal<Height>();
    const size_t count = in.count(reply_blocks_max);
    for (size_t i = 0; i < count && !in.failed(); ++i)
        message.blocks.push_back(read_sync_block(in));
    return message;
}

SnapshotOffer read_offer(Reader& in) {
    SnapshotOffer message;
    if (!in.boolean()) return message;
    message.block = chain::decode_certified_header(in);
    message.members = chain::decode_member_set(in);
    message.mark = in.bytes_copy(mark_bytes_max);
    return message;
}

HistoryReply read_history(Reader& in) {
    HistoryReply message;
    if (in.left() > history_bytes_max) in.fail_with(codec_errc::bad_value);
    message.after = in.ordinal<Height>();
    const size_t count = in.count(history_changes_max);
    for (size_t i = 0; i < count && !in.failed(); ++i)
        message.changes.push_back(chain::decode_member_change(in));
    return message;
}

Message read_body(Reader& in, uint8_t tag) {
    switch (tag) {
        case 0:
            return EngineMessage{in.rest()};
        case 1:
            return read_transactions(in);
        case 2:
            return read_attestations(in);
        case 3:
            return chain::decode_certificate(in);
        case 4:
            return BlocksRequest{in.ordinal<Height>()};
        case 5:
            return read_blocks_reply(in);
        case 6:
            return SnapshotRequest{};
        case 7:
            return read_offer(in);
        case 8: {
            const auto height = in.ordinal<Height>();
            return ChunkRequest{height, in.bytes_copy(cursor_bytes_max)};
        }
        case 9: {
            ChunkReply message;
            message.height = in.ordinal<Height>();
            message.cursor = in.bytes_copy(cursor_bytes_max);
            message.next = in.bytes_copy(cursor_bytes_max);
            message.chunk = in.bytes_copy(4 * chunk_bytes);
            return message;
        }
        case 10:
            return AttestationAgain{chain::decode_attestation(in)};
        case 11:
            return CertificatesRequest{in.ordinal<Height>()};
        case 12:
            return read_certificates(in);
        case 13: {
            const auto after = in.ordinal<Height>();
            return HistoryRequest{after, in.ordinal<Height>()};
        }
        case 14:
            return read_history(in);
        default:
            in.fail_with(codec_errc::bad_value);
            return SnapshotRequest{};
    }
}

}  // namespace

Result<Message> decode_message(ByteView bytes) {
    Reader in(bytes);
    const uint8_t tag = in.u8();
    Message message = read_body(in, tag);
    if (auto status = in.finish(); !status) return std::unexpected(status.error());
    return message;
}

Buffer encode_message(const Message& message) {
    Writer out(256);
    out.u8(static_cast<uint8_t>(message.index()));
    std::visit([&out](const auto& body) { encode_body(out, body); }, message);
    return make_buffer(out.take());
}

}  // namespace holdfast::node
