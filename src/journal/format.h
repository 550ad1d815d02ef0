// What a journal looks like on disk: segment headers, records and marks, encoded and decoded. Pure;
// what the pieces mean together is recovery.h's business.
//
// Header: magic, CRC-32C of the rest, version, genesis, node, incarnation, birth, number of the
// segment, the token it follows. Record: length u32, CRC-32C u32 over all the rest, token u64, the
// token that was durable when it was written u64, bytes, zeros up to a multiple of eight.
#pragma once

#include <optional>

#include "journal/journal.h"

namespace holdfast::journal {

/// CRC-32C (Castagnoli) of `bytes`, continuing from `crc`. [RFC 3720 §12.1]
uint32_t crc32c(ByteView bytes, uint32_t crc = 0);

inline constexpr uint32_t format_version = 1;

struct SegmentHeader {
    uint32_t version = format_version;
    Identity identity;
    uint64_t incarnation = 0;
    Birth birth = Birth::newborn;
    uint64_t number = 0;     ///< of this file: a swapped or renamed one is noticed
    consensus::Token after;  ///< the last token before this segment; all of it was durable by then
};
inline constexpr size_t header_size_bytes = 96;

void append_header(Bytes& out, const SegmentHeader& header);
/// Null unless `file` opens with a whole header. Its place and checksum are the same in every
/// version.
std::optional<SegmentHeader> read_header(ByteView file);

/// Records stand at multiples of this, so that a search for a whole one after a bad one has an end.
inline constexpr size_t record_align_bytes = 8;
inline constexpr size_t record_overhead_bytes = 24;

struct RecordView {
    consensus::Token token;
    /// Everything up to here was synced before this record was written. So a later record is
    /// evidence that an earlier one was durable, even if the mark itself was lost.
    consensus::Token synced;
    ByteView bytes;
    size_t size_bytes = 0;  ///< on disk, padding included
};

/// Where the checksums of one journal's records begin: a record copied from elsewhere, or made up
/// inside a payload by whoever sent it, is not one of ours.
uint32_t record_seed(uint64_t incarnation);
size_t record_size_bytes(size_t payload_bytes);
void append_record(Bytes& out, uint32_t seed, consensus::Token token, consensus::Token synced,
                   ByteView bytes);
/// Null unless a whole, correct record opens `in`.
std::optional<RecordView> read_record(ByteView in, uint32_t seed);

/// What the mark file says. Two slots, written alternately, each in a page of its own, so that a
/// torn write leaves the other.
struct Mark {
    uint64_t incarnation = 0;
    uint64_t sequence = 0;        ///< the higher of two good slots counts
    consensus::Token durable;     ///< everything up to here was synced
    uint64_t oldest_segment = 0;  ///< number of the first file; the ones before were forgotten
};
inline constexpr size_t mark_slot_bytes = 4096;

/// The mark file with `mark` in the slot that its sequence names; `file` as it was before.
void put_mark(Bytes& file, const Mark& mark);
/// The newest good slot; null if neither is good.
std::optional<Mark> read_marks(ByteView file);

}  // namespace holdfast::journal
