// The log in memory.
#include "consensus/raft/log.h"

#include "base/check.h"

namespace holdfast::raft {

std::optional<Term> Log::term_at(Index index) const {
    if (index < start_.index || index > last_index()) return std::nullopt;
    return term_of(index);
}

Term Log::term_of(Index index) const {
    return index == start_.index ? start_.term : slot(index).entry.term;
}

Height Log::position_at(Index index) const {
    return index == start_.index ? start_.position : slot(index).entry.position;
}

const Log::Slot& Log::slot(Index index) const {
    CHECK(index > start_.index && index <= last_index(), "an index outside the log");
    return entries_[index - start_.index - 1];
}

const Entry& Log::at(Index index) const {
    return slot(index).entry;
}

Mark Log::mark_at(Index index) const {
    return {index, term_of(index), position_at(index), configuration_at(index)};
}

EntryId Log::last_not_above(Index index, Term term) const {
    Index i = std::min(index, last_index());
    while (i > start_.index && term_of(i) > term) i = i.previous();
    i = std::max(i, start_.index);
    return {term_of(i), i};
}

const Configuration& Log::configuration() const {
    return changes_.empty() ? start_.configuration : changes_.back().change.configuration;
}

const Configuration& Log::configuration_before() const {
    const size_t count = changes_.size();
    return count < 2 ? start_.configuration : changes_[count - 2].change.configuration;
}

Index Log::configuration_index() const {
    return changes_.empty() ? start_.index : changes_.back().at;
}

const Configuration& Log::configuration_at(Index index) const {
    const Configuration* found = &start_.configuration;
    for (const auto& [at, change] : changes_)
        if (at <= index) found = &change.configuration;
    return *found;
}

Index Log::known_committed() const {
    Index known = start_.index;
    for (const auto& [at, change] : changes_)
        known = std::max(known, std::min(change.committed, at.previous()));
    return known;
}

void Log::append(Entry entry, consensus::Token token) {
    if (entry.kind == EntryKind::configuration) {
        auto change = decode_change(*entry.data);
        CHECK(change.has_value(), "configurations are checked before they reach the log");
        changes_.push_back({last_index().next(), std::move(*change)});
    }
    const uint64_t before = bytes_end_;
    bytes_end_ += entry_overhead_bytes + (entry.data ? entry.data->size() : 0);
    entries_.push_back({std::move(entry), token, before});
}

void Log::truncate(Index from) {
    CHECK(from > start_.index, "truncation below the start of the log");
    while (last_index() >= from) {
        bytes_end_ = entries_.back().bytes_before;
        entries_.pop_back();
    }
    // An uncommitted configuration goes with its entry; the one before is in force again. [Raft §6]
    while (!changes_.empty() && changes_.back().at >= from) changes_.pop_back();
    durable_index_ = std::min(durable_index_, last_index());
}

void Log::drop_through(Mark start) {
    CHECK(start.index >= start_.index && start.index <= last_index(), "a start outside the log");
    entries_.erase(entries_.begin(),
                   entries_.begin() + static_cast<std::ptrdiff_t>(start.index - start_.index));
    while (!changes_.empty() && changes_.front().at <= start.index) changes_.pop_front();
    start_ = std::move(start);
}

void Log::reset(Mark start, consensus::Token token) {
    entries_.clear();
    changes_.clear();
    start_ = std::move(start);
    start_token_ = token;
    durable_index_ = Index{};
}

void Log::on_durable(consensus::Token token) {
    if (token < start_token_) return;
    durable_index_ = std::max(durable_index_, start_.index);
    while (durable_index_ < last_index() && slot(durable_index_.next()).token <= token)
        ++durable_index_;
}

std::optional<consensus::Token> Log::oldest_token() const {
    if (entries_.empty()) return std::nullopt;
    return entries_.front().token;
}

size_t Log::bytes_through(Index index) const {
    if (index <= start_.index) return 0;
    const uint64_t end = index == last_index() ? bytes_end_ : slot(index.next()).bytes_before;
    return end - entries_.front().bytes_before;
}

}  // namespace holdfast::raft
