// Reading a journal back: which records are good, what must be cut off, and whether anything that
// was ever durable is missing. Looks only; changes nothing on the device.
#pragma once

#include "journal/format.h"

namespace holdfast::journal {

struct ScannedSegment {
    uint64_t file = 0;
    consensus::Token last;   ///< highest token inside, or the one before it if it holds none
    size_t good_bytes = 0;   ///< header and whole records
    size_t found_bytes = 0;  ///< the file as it is, with zeros or a torn tail after the good part
};

enum class Finding : uint8_t {
    missing,        ///< no files, or nothing in them
    wrong_node,     ///< a whole journal of somebody else
    wrong_genesis,  ///< a whole journal of another ledger
    unsupported,    ///< of another format version
    intact,         ///< every record that was ever durable is here
    damaged,        ///< one is not, or it cannot be told
};

struct Scan {
    Finding finding = Finding::missing;
    std::string note;  ///< what was found, in one line; empty if nothing unusual
    SegmentHeader newest_header;
    std::optional<Mark> mark;
    std::vector<ScannedSegment> segments;  ///< the ones to keep, in order
    std::vector<uint64_t> leftovers;       ///< files to remove: forgotten, or torn at birth
    consensus::Token last;                 ///< the last good record's
    std::vector<consensus::JournalRecord> records;
};

Scan scan(const env::ByteDevice& device, const Identity& identity);

}  // namespace holdfast::journal
