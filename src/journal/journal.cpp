// The journal's writing side, and what opening does about what recovery found.
#include "journal/journal.h"

#include <fmt/format.h>

#include "base/check.h"
#include "base/sometimes.h"
#include "journal/format.h"
#include "journal/recovery.h"

namespace holdfast::journal {

using consensus::JournalHealth;
using consensus::Token;

namespace {

constexpr std::string_view repair =
    "if this node's disk was lost or replaced, run `holdfast init --rejoin`: it then abstains "
    "until "
    "it has caught up";

Status refuse(const Scan& found, const Identity& identity) {
    switch (found.finding) {
        case Finding::missing:
            return fail(errc::missing, fmt::format("{}; {}", found.note, repair));
        case Finding::wrong_node:
            return fail(errc::wrong_node,
                        fmt::format("the journal is node {}'s, and this is node {}; put the right "
                                    "data folder back, or, {}",
                                    found.note, identity.node, repair));
        case Finding::wrong_genesis:
            return fail(errc::wrong_genesis,
                        fmt::format("the journal belongs to the ledger with genesis {}, not {}; "
                                    "use that ledger's genesis file, or, {}",
                                    found.note, to_hex0x(identity.genesis.view()), repair));
        case Finding::unsupported:
            return fail(errc::unsupported,
                        fmt::format("{}; start the version of holdfast that wrote it", found.note));
        case Finding::intact:
        case Finding::damaged:
            break;
    }
    return {};
}

}  // namespace

Status Journal::create(env::ByteDevice& device, const Identity& identity, Birth birth,
                       uint64_t incarnation) {
    const auto files = device.list();
    const bool begun =
        std::ranges::any_of(files, [&](uint64_t file) { return !device.read(file).empty(); });
    if (begun && birth == Birth::newborn)
        return fail(errc::exists,
                    "there is a journal here already, and a second birth would forget what it "
                    "promised; start the node, or, to give the journal up, run `holdfast init "
                    "--rejoin`");
    if (begun || !device.read_mark().empty()) device.quarantine();
    Journal(device).begin(identity, birth, incarnation);
    return {};
}

void Journal::begin(const Identity& identity, Birth birth, uint64_t incarnation) {
    CHECK(incarnation != 0, "an incarnation is random and not zero");
    identity_ = identity;
    birth_ = birth;
    incarnation_ = incarnation;
    seed_ = record_seed(incarnation);
    segments_.clear();
    durable_ = {};
    mark_file_.clear();
    mark_sequence_ = 0;

    // An empty file may stand in the way of the first one's number only if it was never written to.
    const auto files = device_.list();
    for (const uint64_t file : files) device_.remove(file);
    Bytes header;
    start_segment(header);
    segments_.back().size_bytes = header.size();
    // The mark first: a journal without one counts as damaged, one that is all mark as missing.
    move_mark();
    move_mark();
    device_.append(segments_.back().file, header);
    sync(segments_.back().file);
}

void Journal::start_segment(Bytes& out) {
    const uint64_t number = segments_.empty() ? 1 : segments_.back().file + 1;
    append_header(out, {.identity = identity_,
                        .incarnation = incarnation_,
                        .birth = birth_,
                        .number = number,
                        .after = durable_});
    segments_.push_back({.file = number, .last = durable_, .size_bytes = 0});
}

Result<Recovered> Journal::open(const Identity& identity, uint64_t fresh_incarnation) {
    CHECK(segments_.empty(), "a journal is opened once");
    Scan found = scan(device_, identity);
    if (auto refused = refuse(found, identity); !refused) return std::unexpected(refused.error());
    if (found.finding == Finding::damaged) {
        HF_SOMETIMES("journal.damage_found");
        device_.quarantine();
        begin(identity, Birth::rejoin, fresh_incarnation);
        return Recovered{.health = JournalHealth::damaged,
                         .birth = Birth::rejoin,
                         .incarnation = fresh_incarnation,
                         .records = {},
                         .note = fmt::format(
                             "the journal is damaged: {}. Its files were set aside; this node "
                             "abstains until it has caught up from its peers (as after `holdfast "
                             "init --rejoin`); check the disk",
                             found.note)};
    }

    identity_ = identity;
    birth_ = found.newest_header.birth;
    incarnation_ = found.newest_header.incarnation;
    seed_ = record_seed(incarnation_);
    durable_ = found.last;
    mark_file_ = device_.read_mark();
    mark_sequence_ = found.mark->sequence + 1;
    for (const auto& segment : found.segments)
        segments_.push_back({segment.file, segment.last, segment.good_bytes});

    // Appending goes on right behind the last good record. What stands there may be in memory only,
    // written by a process that died before its sync: the engine will take it for durable, so it
    // must be. And the mark follows twice-synced, or it would trail by two groups; only then do the
    // files go that it does not count any more.
    const auto& newest = found.segments.back();
    if (newest.found_bytes > newest.good_bytes) device_.truncate(newest.file, newest.good_bytes);
    sync(newest.file);
    move_mark();
    sync(newest.file);
    for (const uint64_t file : found.leftovers) device_.remove(file);

    // For its whole life: the journal cannot tell when the engine is past what it forgot. The
    // engine can, by a record of its own.
    const bool lost = birth_ == Birth::rejoin;
    return Recovered{.health = lost ? JournalHealth::lost : JournalHealth::intact,
                     .birth = birth_,
                     .incarnation = incarnation_,
                     .records = std::move(found.records),
                     .note = std::move(found.note)};
}

Token Journal::append_group(const std::vector<consensus::Persist>& group) {
    CHECK(!segments_.empty(), "open the journal before appending");
    if (group.empty()) return durable_;
    group_bytes_.clear();
    size_t size = 0;
    for (const auto& persist : group) size += record_size_bytes(persist.record->size());
    const auto& current = segments_.back();
    const bool fits = current.size_bytes + size <= rotate_bytes_;
    const bool holds_records = current.size_bytes > header_size_bytes;
    group_bytes_.reserve(size + header_size_bytes);
    if (!fits && holds_records) start_segment(group_bytes_);
    Token last = durable_;
    for (const auto& persist : group) {
        CHECK(persist.token > last, "tokens only grow");
        append_record(group_bytes_, seed_, persist.token, durable_, *persist.record);
        last = persist.token;
    }
    auto& segment = segments_.back();
    device_.append(segment.file, group_bytes_);
    sync(segment.file);
    segment.size_bytes += group_bytes_.size();
    segment.last = last;
    durable_ = last;
    // Only now, after the sync: a mark ahead of the journal would call an honest tear damage.
    move_mark();
    return durable_;
}

void Journal::forget(Token upto) {
    size_t drop = 0;
    while (drop + 1 < segments_.size() && segments_[drop].last <= upto) ++drop;
    if (drop == 0) return;
    std::vector<uint64_t> files;
    for (; drop > 0; --drop) {
        files.push_back(segments_.front().file);
        segments_.pop_front();
    }
    // Both slots say so, durably, before a file goes: else its absence would look like damage.
    for (int slot = 0; slot < 2; ++slot) {
        move_mark();
        sync(segments_.back().file);
    }
    for (const uint64_t file : files) device_.remove(file);
}

void Journal::move_mark() {
    put_mark(mark_file_, {.incarnation = incarnation_,
                          .sequence = mark_sequence_++,
                          .durable = durable_,
                          .oldest_segment = segments_.front().file});
    device_.write_mark(mark_file_);
}

void Journal::sync(uint64_t file) {
    device_.sync(file);
    ++syncs_;
}

uint64_t Journal::size_bytes() const {
    uint64_t total = 0;
    for (const auto& segment : segments_) total += segment.size_bytes;
    return total;
}

}  // namespace holdfast::journal
