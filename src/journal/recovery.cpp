// Recovery: reads every file once, front to back, and decides. Damage and a torn write look alike
// at the place where they happened; what tells them apart is evidence that the bytes there were
// once durable. Three witnesses give it: the mark, the `synced` field of any later record, and the
// header of a later segment. A loss that no witness speaks for is a tear. [CTRL FAST'18]
#include "journal/recovery.h"

#include <fmt/format.h>

#include "base/sometimes.h"

namespace holdfast::journal {
namespace {

using consensus::Token;

/// A record found behind a bad one counts only if its token is this close: tokens count, they do
/// not jump, and random bytes nearly always do.
constexpr uint64_t token_jump_max = uint64_t{1} << 48;

class Scanner {
  public:
    Scanner(const env::ByteDevice& device, const Identity& identity)
        : device_(device), identity_(identity) {}

    Scan run() {
        result_.mark = read_marks(device_.read_mark());
        const auto files = kept_files();
        for (size_t i = 0; i < files.size() && !decided_; ++i)
            segment(files[i], i + 1 == files.size());
        if (!decided_) conclude();
        result_.last = last_;
        if (result_.finding != Finding::intact) result_.records.clear();
        return std::move(result_);
    }

  private:
    /// Without what an interrupted `forget` left behind.
    std::vector<uint64_t> kept_files() {
        std::vector<uint64_t> files;
        for (const uint64_t file : device_.list()) {
            if (result_.mark && file < result_.mark->oldest_segment)
                result_.leftovers.push_back(file);
            else
                files.push_back(file);
        }
        return files;
    }

    void segment(uint64_t file, bool newest) {
        const Bytes bytes = device_.read(file);
        any_bytes_ = any_bytes_ || !bytes.empty();
        const auto header = read_header(bytes);
        if (!header) return headless(file, bytes, newest);
        if (!admit(*header, file)) return;
        result_.newest_header = *header;
        walk(file, bytes, newest);
    }

    /// A segment and its first group are one write, so the newest file may be torn at birth.
    void headless(uint64_t file, ByteView bytes, bool newest) {
        if (!newest) return damaged(fmt::format("segment {} has no readable header", file));
        if (!result_.segments.empty())
            search(bytes.subspan(std::min(bytes.size(), header_size_bytes)));
        result_.leftovers.push_back(file);
        dropped_ = bytes.size();
    }

    /// Does this segment continue what was read so far?
    bool admit(const SegmentHeader& header, uint64_t file) {
        const bool first = result_.segments.empty();
        if (header.version != format_version)
            return decide(Finding::unsupported,
                          fmt::format("format version {} where this program knows {}",
                                      header.version, format_version));
        if (header.identity.genesis != identity_.genesis)
            return decide(Finding::wrong_genesis, to_hex0x(header.identity.genesis.view()));
        if (header.identity.node != identity_.node)
            return decide(Finding::wrong_node, fmt::format("{}", header.identity.node));
        if (header.number != file)
            return decide(Finding::damaged,
                          fmt::format("file {} holds segment {}", file, header.number));
        if (first) {
            last_ = header.after;
            seed_ = record_seed(header.incarnation);
            return true;
        }
        if (header.incarnation != result_.newest_header.incarnation ||
            header.birth != result_.newest_header.birth)
            return decide(Finding::damaged, fmt::format("segment {} is of another birth", file));
        if (file != result_.newest_header.number + 1)
            return decide(Finding::damaged,
                          fmt::format("segment {} is missing", result_.newest_header.number + 1));
        if (header.after != last_)
            return decide(
                Finding::damaged,
                fmt::format("segment {} follows token {}, but the one before it ends at {}", file,
                            header.after, last_));
        return true;
    }

    void walk(uint64_t file, ByteView bytes, bool newest) {
        size_t at = header_size_bytes;
        while (const auto record = read_record(bytes.subspan(at), seed_)) {
            // Whole, so not torn; but tokens only grow, and nothing durable may be skipped.
            if (record->token <= last_ || record->synced > last_)
                return damaged(fmt::format("segment {} has token {} after token {} at offset {}",
                                           file, record->token, last_, at));
            last_ = record->token;
            witness(record->synced);
            result_.records.push_back({record->token, make_buffer(to_bytes(record->bytes))});
            at += record->size_bytes;
        }
        result_.segments.push_back({file, last_, at, bytes.size()});
        const ByteView rest = bytes.subspan(at);
        // Zeros are room made ahead of time.
        if (std::ranges::all_of(rest, [](uint8_t byte) { return byte == 0; })) return;
        if (!newest)
            return damaged(fmt::format("segment {} has a bad record after token {} at offset {}",
                                       file, last_, at));
        dropped_ = rest.size();
        search(rest);
    }

    /// Records behind a bad one: within one group a tear may spare later pages, so they prove
    /// damage only by what they say was synced.
    void search(ByteView rest) {
        size_t at = 0;
        while (at < rest.size()) {
            const auto record = read_record(rest.subspan(at), seed_);
            const bool ours =
                record && record->token > last_ && record->token - last_ <= token_jump_max;
            if (ours) witness(record->synced);
            at += ours ? record->size_bytes : record_align_bytes;
        }
    }

    void witness(Token synced) { durable_ = std::max(durable_, synced); }

    void conclude() {
        if (!any_bytes_) {
            decide(Finding::missing, "no journal files, or nothing in them");
            return;
        }
        if (result_.segments.empty()) return damaged("the only segment has no readable header");
        if (!result_.mark) return damaged("no readable mark beside the journal");
        const Mark& mark = *result_.mark;
        if (mark.incarnation != result_.newest_header.incarnation)
            return damaged("the mark is of another birth than the journal");
        if (mark.oldest_segment != result_.segments.front().file)
            return damaged(fmt::format("segment {} is missing", mark.oldest_segment));
        if (mark.durable > last_)
            return damaged(fmt::format("token {} was durable, but the good records end at {}",
                                       mark.durable, last_));
        if (durable_ > last_)
            return damaged(
                fmt::format("a bad record follows token {}, and a later one shows that "
                            "token {} was durable",
                            last_, durable_));
        // Forgetting always leaves a segment with records in it.
        if (result_.records.empty() && last_ > Token(0))
            return damaged(fmt::format("no records are left, but token {} was written", last_));
        if (dropped_ > 0) {
            HF_SOMETIMES("journal.torn_tail_dropped");
            result_.note = fmt::format(
                "dropped a torn write of up to {} bytes after token {}; it was "
                "never acknowledged",
                dropped_, last_);
        }
        result_.finding = Finding::intact;
    }

    bool decide(Finding finding, std::string note) {
        result_.finding = finding;
        result_.note = std::move(note);
        decided_ = true;
        return false;
    }
    void damaged(std::string note) { decide(Finding::damaged, std::move(note)); }

    const env::ByteDevice& device_;
    const Identity& identity_;
    Scan result_;
    uint32_t seed_ = 0;
    Token last_;     ///< of the good records so far
    Token durable_;  ///< the highest that any record says was synced
    size_t dropped_ = 0;
    bool any_bytes_ = false;
    bool decided_ = false;
};

}  // namespace

Scan scan(const env::ByteDevice& device, const Identity& identity) {
    return Scanner(device, identity).run();
}

}  // namespace holdfast::journal
