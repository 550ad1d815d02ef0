// Reading effects into logs: a second telling of what consensus/raft/records.cpp tells.
#include "sim/raft_sight.h"

#include <fmt/format.h>

#include "sim/checkers.h"
#include "sim/draw.h"

namespace holdfast::sim {
namespace {

uint64_t print_of(const raft::Entry& entry) {
    uint64_t hash = mix(entry.term.value, static_cast<uint64_t>(entry.kind));
    hash = mix(mix(hash, entry.position.value), entry.proposer.value);
    return mix(mix(hash, entry.epoch), fingerprint(*entry.data));
}

raft::Mark mark_of(const consensus::Base& base) {
    if (auto mark = raft::decode_mark(base.mark)) return *mark;
    raft::Configuration founders{.epoch = base.members.epoch, .voters = {}, .outgoing = {}};
    for (const consensus::Voter& voter : base.members.voters)
        founders.voters.push_back({.id = voter.id, .incarnation = 0});
    return {.index = {}, .term = {}, .position = base.applied, .configuration = founders};
}

}  // namespace

uint64_t fingerprint(ByteView bytes) {
    uint64_t hash = mix(0x5bd1e995, bytes.size());
    size_t at = 0;
    for (; at + 8 <= bytes.size(); at += 8) {
        uint64_t word = 0;
        std::memcpy(&word, bytes.data() + at, 8);
        hash = mix(hash, word);
    }
    uint64_t tail = 0;
    for (; at < bytes.size(); ++at) tail = tail << 8 | bytes[at];
    return mix(hash, tail);
}

bool sits(const raft::Seat& seat, const Voice& voice) {
    if (seat.id != voice.node) return false;
    return seat.incarnation == 0 ? !voice.rejoined : seat.incarnation == voice.incarnation;
}

std::string to_string(const Voice& voice) {
    return fmt::format("node {}/{:x}{}", voice.node, voice.incarnation,
                       voice.rejoined ? " (rejoined)" : "");
}

// ----------------------------------------------------------------------------------------- logs

void SightLog::reset(const raft::Mark& start) {
    entries_.clear();
    start_ = start.index.value;
    start_term_ = start.term.value;
    start_position_ = start.position.value;
    configurations_.clear();
    configurations_.emplace_back(start_,
                                 std::make_shared<const raft::Configuration>(start.configuration));
}

void SightLog::drop_through(const raft::Mark& start) {
    while (start_ < start.index.value && !entries_.empty()) {
        entries_.pop_front();
        ++start_;
    }
    start_term_ = start.term.value;
    start_position_ = start.position.value;
    while (!configurations_.empty() && configurations_.front().first <= start_)
        configurations_.pop_front();
    configurations_.emplace_front(start_,
                                  std::make_shared<const raft::Configuration>(start.configuration));
}

std::optional<uint64_t> SightLog::term_at(uint64_t index) const {
    if (index == start_) return start_term_;
    const SightEntry* entry = at(index);
    return entry == nullptr ? std::nullopt : std::optional(entry->term);
}

const SightEntry* SightLog::at(uint64_t index) const {
    if (index <= start_ || index > last()) return nullptr;
    return &entries_[index - start_ - 1];
}

uint64_t SightLog::last_position() const {
    return entries_.empty() ? start_position_ : entries_.back().position;
}

void SightLog::truncate(uint64_t from) {
    while (last() >= from && !entries_.empty()) entries_.pop_back();
    while (configurations_.size() > 1 && configurations_.back().first >= from)
        configurations_.pop_back();
}

void SightLog::append(const SightEntry& entry, ConfigurationPtr configuration) {
    entries_.push_back(entry);
    if (configuration) configurations_.emplace_back(last(), std::move(configuration));
}

bool SightLog::take(const raft::Record& record, uint64_t token, bool replaying) {
    if (record.start && record.start->index.value >= start_) {
        const raft::Mark& mark = *record.start;
        const bool nameless = !start_term_ && mark.index.value == start_;
        if (!nameless && term_at(mark.index.value) != mark.term.value) {
            reset(mark);
        } else if (!replaying || !start_term_) {
            drop_through(mark);
        }
    }
    return record.entries.empty() || take_entries(record, token, replaying);
}

bool SightLog::take_entries(const raft::Record& record, uint64_t token, bool replaying) {
    const uint64_t first = record.first.value;
    if (first == 0) return false;
    if (first > last() + 1 || first <= start_) {
        if (!replaying) return false;
        // Older records were forgotten: what is before these entries is told later, or by the
        // ledger's store.
        raft::Mark unknown{.index = record.first.previous(),
                           .term = {},
                           .position = {},
                           .configuration = *configuration()};
        reset(unknown);
        start_term_.reset();
    }
    truncate(first);
    for (const raft::Entry& entry : record.entries) {
        ConfigurationPtr configuration;
        if (entry.kind == raft::EntryKind::configuration) {
            auto decoded = raft::decode_change(*entry.data);
            if (!decoded) return false;
            configuration =
                std::make_shared<const raft::Configuration>(std::move(decoded->configuration));
        }
        append({entry.term.value, entry.kind, entry.position.value, print_of(entry), token},
               std::move(configuration));
    }
    return true;
}

void SightLog::join(const raft::Mark& applied) {
    if (start_term_ && applied.index.value < start_) return;
    const bool nameless = !start_term_ && applied.index.value == start_;
    if (!nameless && term_at(applied.index.value) != applied.term.value) {
        reset(applied);
    } else if (!start_term_) {
        drop_through(applied);
    }
}

// ---------------------------------------------------------------------------------------- nodes

SightProbe read_probe(const consensus::Probe& probe) {
    SightProbe seen;
    Voice peer;
    for (const auto& [name, value] : probe) {
        if (name == "role")
            seen.leads = value == 3;
        else if (name == "term")
            seen.term = value;
        else if (name == "vote")
            seen.vote = value;
        else if (name == "start")
            seen.start = value;
        else if (name == "last")
            seen.last = value;
        else if (name == "last_term")
            seen.last_term = value;
        else if (name == "commit")
            seen.commit = value;
        else if (name == "delivered")
            seen.delivered = value;
        else if (name == "durable")
            seen.durable = value;
        else if (name == "reads")
            seen.reads = value;
        else if (name == "peer")
            peer = {NodeId(value), 0, false};
        else if (name == "peer_incarnation")
            peer.incarnation = value;
        else if (name == "peer_rejoined")
            peer.rejoined = value != 0;
        else if (name == "peer_match")
            seen.matches.emplace_back(peer, value);
    }
    return seen;
}

bool SightNode::has(uint64_t index) const {
    if (index <= log.start()) return true;
    const SightEntry* entry = log.at(index);
    return entry != nullptr && entry->token <= platter;
}

const SightNode* RaftSight::find(const Voice& voice) const {
    const auto live = nodes_.find(voice.node);
    if (live != nodes_.end() && live->second.spoke && live->second.voice == voice)
        return &live->second;
    const auto gone = retired_.find(voice);
    return gone == retired_.end() ? nullptr : &gone->second;
}

void RaftSight::on_start(NodeId id, const consensus::Base& base,
                         const std::vector<consensus::JournalRecord>& records,
                         consensus::JournalHealth health, uint64_t incarnation) {
    SightNode& node = nodes_[id];
    // "Lost" is said of a journal for the whole of its life: only its number tells that it is new.
    const bool damaged = health == consensus::JournalHealth::damaged;
    const bool begun_anew = damaged || node.incarnation != incarnation;
    if (begun_anew && node.spoke) retired_.insert_or_assign(node.voice, node);
    if (begun_anew) node = {};
    node.incarnation = incarnation;
    node.up = true;
    node.promises.clear();
    node.probe = {};
    node.promise = node.durable_promise = {};
    const raft::Mark applied = mark_of(base);
    if (damaged || records.empty()) {
        node.log.reset(applied);
    } else {
        raft::Mark founding = applied;
        founding.index = {};
        founding.term = {};
        SightLog log;
        log.reset(founding);
        for (const consensus::JournalRecord& stored : records) {
            const auto record = raft::decode_record(*stored.bytes);
            if (!record || !log.take(*record, stored.token.value, true)) {
                problems_.push_back(fmt::format(
                    "node {}: record {} does not follow on those before it", id, stored.token));
                break;
            }
            if (record->promise) node.durable_promise = *record->promise;
        }
        log.join(applied);
        node.log = std::move(log);
        node.promise = node.durable_promise;
    }
    // Tokens of records that were torn off were never taken for durable: they come again.
    node.written = 0;
    for (const consensus::JournalRecord& stored : records)
        node.written = std::max(node.written, stored.token.value);
    // Opening a journal syncs what it finds, for the engine takes it for durable.
    node.platter = node.written;
    started_ = id;
}

void RaftSight::on_end(NodeId id) {
    nodes_[id].up = false;
    nodes_[id].probe = {};
}

void RaftSight::on_input(NodeId id, const consensus::Input& input) {
    synced_.reset();
    if (std::holds_alternative<consensus::Synced>(input)) synced_ = id;
}

void RaftSight::take_record(NodeId id, SightNode& node, const consensus::Persist& persist) {
    const auto complain = [&](std::string_view what) {
        problems_.push_back(fmt::format("node {}: record {} {}", id, persist.token, what));
    };
    if (persist.token.value <= node.written) complain("is not newer than those before it");
    node.written = std::max(node.written, persist.token.value);
    const auto record = raft::decode_record(*persist.record);
    if (!record) return complain("does not decode");
    if (record->promise) {
        node.promise = *record->promise;
        node.promises.emplace_back(persist.token.value, node.promise);
        const raft::Speaker& speaker = node.promise.speaker;
        const Voice voice{id, speaker.incarnation, speaker.rejoined};
        if (node.spoke && node.voice != voice) complain("speaks as another than before");
        node.voice = voice;
        node.spoke = true;
    }
    if (!record->entries.empty()) {
        step_.appended = record->first.value;
        step_.truncated = record->first.value <= node.log.last();
    }
    if (!node.log.take(*record, persist.token.value, false))
        complain("leaves a gap in the log, or reaches before its start");
}

void RaftSight::on_effects(NodeId id, const consensus::Engine& engine,
                           std::span<const consensus::Effect> effects) {
    SightNode& node = nodes_[id];
    step_ = {.node = id,
             .before = std::move(node.probe),
             .after = read_probe(engine.probe()),
             .last_before = node.log.last(),
             .configuration_before = node.log.configuration(),
             .configuration_index_before = node.log.configuration_index(),
             .first_of_life = started_ == id,
             .synced = synced_ == id};
    started_.reset();
    synced_.reset();
    for (const consensus::Effect& effect : effects)
        if (const auto* persist = std::get_if<consensus::Persist>(&effect))
            take_record(id, node, *persist);
    node.probe = step_.after;
    if (node.log.last() != node.probe.last || node.log.last_term() != node.probe.last_term) {
        problems_.push_back(fmt::format(
            "node {}: its log ends at {} of term {}, its records say {} of term {}", id,
            node.probe.last, node.probe.last_term, node.log.last(), node.log.last_term()));
    }
}

void RaftSight::on_platter(NodeId id, consensus::Token token) {
    SightNode& node = nodes_[id];
    node.platter = std::max(node.platter, token.value);
    while (!node.promises.empty() && node.promises.front().first <= node.platter) {
        node.durable_promise = node.promises.front().second;
        node.promises.pop_front();
    }
}

}  // namespace holdfast::sim
