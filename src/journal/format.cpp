// Encoding and decoding of headers, records and marks. Decoders take any bytes at all.
#include "journal/format.h"

#include <isa-l/crc.h>

#include "base/check.h"
#include "base/codec.h"

namespace holdfast::journal {
namespace {

constexpr uint64_t header_magic = 0x314c4e524a464448;  // "HDFJRNL1"
constexpr uint64_t mark_magic = 0x314b524d4a464448;    // "HDFJMRK1"
constexpr size_t mark_body_bytes = 8 + 4 + 8 + 8 + 8 + 8;
static_assert(mark_body_bytes <= mark_slot_bytes);

void put_u32(Bytes& out, size_t at, uint32_t value) {
    for (size_t i = 0; i < 4; ++i) out[at + i] = static_cast<uint8_t>(value >> (8 * i));
}

size_t padding_bytes(size_t size) {
    return (record_align_bytes - size % record_align_bytes) % record_align_bytes;
}

std::optional<Mark> read_slot(ByteView slot) {
    if (slot.size() < mark_body_bytes) return std::nullopt;
    Reader in(slot.first(mark_body_bytes));
    const uint64_t magic = in.u64();
    const uint32_t crc = in.u32();
    if (magic != mark_magic || crc != crc32c(slot.subspan(12, mark_body_bytes - 12)))
        return std::nullopt;
    Mark mark;
    mark.incarnation = in.u64();
    mark.sequence = in.u64();
    mark.durable = in.ordinal<consensus::Token>();
    mark.oldest_segment = in.u64();
    return mark;
}

}  // namespace

uint32_t crc32c(ByteView bytes, uint32_t crc) {
    static_assert(record_bytes_max + record_overhead_bytes < size_t{1} << 30);
    CHECK(bytes.size() < size_t{1} << 30, "the library's length is an int");
    // The library leaves the inversions of RFC 3720 to its caller, and does not write to its input.
    return ~crc32_iscsi(const_cast<unsigned char*>(bytes.data()), static_cast<int>(bytes.size()),
                        ~crc);
}

void append_header(Bytes& out, const SegmentHeader& header) {
    const size_t start = out.size();
    Writer writer(header_size_bytes);
    writer.u64(header_magic);
    writer.u32(0);
    writer.u32(header.version);
    writer.fixed(header.identity.genesis);
    writer.ordinal(header.identity.node);
    writer.u64(header.incarnation);
    writer.u64(static_cast<uint64_t>(header.birth));
    writer.u64(header.number);
    writer.ordinal(header.after);
    append(out, writer.take());
    out.resize(start + header_size_bytes);
    put_u32(out, start + 8, crc32c(ByteView(out).subspan(start + 12)));
}

std::optional<SegmentHeader> read_header(ByteView file) {
    if (file.size() < header_size_bytes) return std::nullopt;
    Reader in(file.first(header_size_bytes));
    const uint64_t magic = in.u64();
    const uint32_t crc = in.u32();
    if (magic != header_magic || crc != crc32c(file.subspan(12, header_size_bytes - 12)))
        return std::nullopt;
    SegmentHeader header;
    header.version = in.u32();
    header.identity.genesis = in.fixed<Hash32>();
    header.identity.node = in.ordinal<NodeId>();
    header.incarnation = in.u64();
    const uint64_t birth = in.u64();
    if (birth > static_cast<uint64_t>(Birth::rejoin)) return std::nullopt;
    header.birth = static_cast<Birth>(birth);
    header.number = in.u64();
    header.after = in.ordinal<consensus::Token>();
    return header;
}

uint32_t record_seed(uint64_t incarnation) {
    Writer writer(8);
    writer.u64(incarnation);
    return crc32c(writer.take());
}

size_t record_size_bytes(size_t payload_bytes) {
    const size_t size = record_overhead_bytes + payload_bytes;
    return size + padding_bytes(size);
}

void append_record(Bytes& out, uint32_t seed, consensus::Token token, consensus::Token synced,
                   ByteView bytes) {
    CHECK(bytes.size() <= record_bytes_max, "a record is bounded");
    const size_t start = out.size();
    Writer head(record_overhead_bytes);
    // The length counts what follows the checksum, so even an empty record's is not zero: a zero
    // length is where nothing was written yet.
    head.u32(static_cast<uint32_t>(bytes.size() + record_overhead_bytes - 8));
    head.u32(0);
    head.ordinal(token);
    head.ordinal(synced);
    append(out, head.take());
    append(out, bytes);
    const ByteView whole = ByteView(out).subspan(start);
    const uint32_t crc = crc32c(whole.subspan(8), crc32c(whole.first(4), seed));
    put_u32(out, start + 4, crc);
    out.resize(out.size() + padding_bytes(out.size() - start));
}

std::optional<RecordView> read_record(ByteView in, uint32_t seed) {
    if (in.size() < record_overhead_bytes) return std::nullopt;
    Reader head(in.first(record_overhead_bytes));
    const size_t length = head.u32();
    const uint32_t crc = head.u32();
    if (length < record_overhead_bytes - 8 || length > record_bytes_max + record_overhead_bytes - 8)
        return std::nullopt;
    const size_t size = length + 8;
    const size_t padding = padding_bytes(size);
    if (in.size() < size + padding) return std::nullopt;
    RecordView record;
    record.token = head.ordinal<consensus::Token>();
    record.synced = head.ordinal<consensus::Token>();
    // Cheap and certain, so it comes before the checksum: a search for records in random bytes
    // would otherwise read megabytes for each false start.
    if (record.synced >= record.token) return std::nullopt;
    const ByteView pad = in.subspan(size, padding);
    if (std::ranges::any_of(pad, [](uint8_t byte) { return byte != 0; })) return std::nullopt;
    if (crc32c(in.subspan(8, size - 8), crc32c(in.first(4), seed)) != crc) return std::nullopt;
    record.bytes = in.subspan(record_overhead_bytes, length - (record_overhead_bytes - 8));
    record.size_bytes = size + padding;
    return record;
}

void put_mark(Bytes& file, const Mark& mark) {
    file.resize(2 * mark_slot_bytes);
    Writer writer(mark_body_bytes);
    writer.u64(mark_magic);
    writer.u32(0);
    writer.u64(mark.incarnation);
    writer.u64(mark.sequence);
    writer.ordinal(mark.durable);
    writer.u64(mark.oldest_segment);
    Bytes body = writer.take();
    put_u32(body, 8, crc32c(ByteView(body).subspan(12)));
    std::memcpy(file.data() + (mark.sequence % 2) * mark_slot_bytes, body.data(), body.size());
}

std::optional<Mark> read_marks(ByteView file) {
    std::optional<Mark> best;
    for (size_t slot = 0; slot < 2 && slot * mark_slot_bytes < file.size(); ++slot) {
        const auto mark = read_slot(file.subspan(slot * mark_slot_bytes));
        if (mark && (!best || mark->sequence > best->sequence)) best = mark;
    }
    return best;
}

}  // namespace holdfast::journal
