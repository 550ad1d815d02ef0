// The journal: an engine's promises, appended and synced before they are spoken. Format, group
// commit and recovery over a byte device; no file is touched here. docs/operations.md has the
// operator's side.
//
// Every segment file opens with a header that names ledger, node, birth, incarnation and the token
// it follows; format.h has the bytes, recovery.h the reading. The mark (two checksummed copies in a
// small file) names the last durable token: written after a group's sync and made durable by the
// next one's, so it never runs ahead of the journal, trails it by at most one group, and costs no
// sync of its own.
#pragma once

#include <deque>
#include <optional>

#include "base/result.h"
#include "consensus/engine.h"
#include "env/byte_device.h"

namespace holdfast::journal {

namespace errc {
inline constexpr Errc missing{
    "journal.missing"};  ///< no birth record: the disk was lost or replaced
inline constexpr Errc wrong_node{"journal.wrong_node"};  ///< belongs to another node
inline constexpr Errc wrong_genesis{"journal.wrong_genesis"};
inline constexpr Errc exists{"journal.exists"};  ///< `create` on a journal that was begun
inline constexpr Errc unsupported{
    "journal.unsupported"};  ///< written by another version of holdfast
}  // namespace errc

enum class Birth : uint8_t {
    newborn,  ///< a member that never spoke
    rejoin,   ///< a member whose earlier journal is gone: it must not vote as a newborn
};

struct Identity {
    Hash32 genesis;
    NodeId node;
};

/// Records written but not synced, and the whole of one record, are bounded.
inline constexpr size_t record_bytes_max = 16 * 1024 * 1024;
inline constexpr size_t segment_bytes = 32 * 1024 * 1024;

struct Recovered {
    consensus::JournalHealth health = consensus::JournalHealth::intact;
    Birth birth = Birth::newborn;
    uint64_t incarnation = 0;  ///< from the birth record
    std::vector<consensus::JournalRecord> records;
    std::string note;  ///< for the operator: what was found, in one line; empty if nothing unusual
};

class Journal {
  public:
    explicit Journal(env::ByteDevice& device, size_t rotate_bytes = segment_bytes)
        : device_(device), rotate_bytes_(rotate_bytes) {}

    /// Writes the birth record. `incarnation` is random and not zero. A rejoin journal replaces
    /// what is there, which is quarantined. Errors: errc::exists, for a newborn where anything was
    /// written.
    static Status create(env::ByteDevice& device, const Identity& identity, Birth birth,
                         uint64_t incarnation);

    /// Reads everything, drops a torn tail beyond the mark, tells damage at or below the mark.
    /// After damage the old files are quarantined and a rejoin journal with `fresh_incarnation` is
    /// begun: health is then `damaged` and there are no records. Errors: errc::missing, wrong_node,
    /// wrong_genesis, unsupported; then the files stay as they are. Call once, before the rest.
    Result<Recovered> open(const Identity& identity, uint64_t fresh_incarnation);

    /// Blocking. Appends the group with one write and one sync, then moves the mark. Returns the
    /// last token, now durable. Groups must come in token order.
    consensus::Token append_group(const std::vector<consensus::Persist>& group);

    /// Blocking. Drops whole segments that hold nothing beyond `upto`; never the newest.
    void forget(consensus::Token upto);

    [[nodiscard]] uint64_t size_bytes() const;
    [[nodiscard]] uint64_t sync_count() const { return syncs_; }

  private:
    struct Segment {
        uint64_t file = 0;
        consensus::Token last;  ///< highest token inside
        uint64_t size_bytes = 0;
    };
    void begin(const Identity& identity, Birth birth, uint64_t incarnation);
    void start_segment(Bytes& out);
    void move_mark();
    void sync(uint64_t file);

    env::ByteDevice& device_;
    size_t rotate_bytes_;
    Identity identity_;
    Birth birth_ = Birth::newborn;
    uint64_t incarnation_ = 0;
    uint32_t seed_ = 0;  ///< of the records' checksums
    std::deque<Segment> segments_;
    consensus::Token durable_;
    uint64_t mark_sequence_ = 0;
    Bytes mark_file_;
    Bytes group_bytes_;  ///< kept for its capacity
    uint64_t syncs_ = 0;
};

}  // namespace holdfast::journal
