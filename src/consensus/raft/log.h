// The log in memory: a start mark, the entries after it, and which of them are on disk. [Raft §5.3]
// Keeps no promise itself; refuses gaps. Payload bytes are shared with messages and the ledger.
#pragma once

#include <deque>
#include <optional>

#include "consensus/raft/configuration.h"

namespace holdfast::raft {

enum class EntryKind : uint8_t { payload = 1, no_op = 2, configuration = 3 };

/// Orders logs exactly as the election restriction asks: by term, then by index. [Raft §5.4.1]
struct EntryId {
    Term term;
    Index index;
    auto operator<=>(const EntryId&) const = default;
};

/// Who proposed, under which epoch and in which term is part of the entry: it enters execution, and
/// must be the same whoever delivers it.
struct Entry {
    Term term;
    EntryKind kind = EntryKind::no_op;
    Height position;  ///< block height; of the last payload before, if this is none
    NodeId proposer;
    uint64_t epoch = 0;
    Buffer data;
};

class Log {
  public:
    explicit Log(Mark start) : start_(std::move(start)) {}

    [[nodiscard]] const Mark& start() const { return start_; }
    [[nodiscard]] Index last_index() const { return start_.index + entries_.size(); }
    [[nodiscard]] EntryId last() const { return {term_of(last_index()), last_index()}; }
    [[nodiscard]] Height last_position() const { return position_at(last_index()); }
    /// Null outside [start, last].
    [[nodiscard]] std::optional<Term> term_at(Index index) const;
    /// `index` must be inside [start, last].
    [[nodiscard]] Height position_at(Index index) const;
    /// `index` must be inside (start, last].
    [[nodiscard]] const Entry& at(Index index) const;
    [[nodiscard]] Mark mark_at(Index index) const;
    /// The last entry at or before `index` whose term is at most `term`; the start if none is.
    [[nodiscard]] EntryId last_not_above(Index index, Term term) const;

    /// In force is the newest in the log, committed or not. [Raft §6]
    [[nodiscard]] const Configuration& configuration() const;
    [[nodiscard]] Index configuration_index() const;
    /// The one that the newest replaced, as far as this log tells.
    [[nodiscard]] const Configuration& configuration_before() const;

    /// Committed for certain, as the configuration entries tell.
    [[nodiscard]] Index known_committed() const;

    /// `token` is that of the record which will hold the entry.
    void append(Entry entry, consensus::Token token);
    /// Removes `from` and everything after it.
    void truncate(Index from);
    /// Moves the start up to a mark inside the log; what comes after stays.
    void drop_through(Mark start);
    /// Forgets all entries: the log now starts at `start`, which is on disk once `token` is.
    void reset(Mark start, consensus::Token token);

    void on_durable(consensus::Token token);
    /// Everything up to here would survive a crash.
    [[nodiscard]] Index durable_index() const { return durable_index_; }
    /// The oldest record that still holds an entry of this log.
    [[nodiscard]] std::optional<consensus::Token> oldest_token() const;
    /// Of memory that entries up to `index` take.
    [[nodiscard]] size_t bytes_through(Index index) const;

  private:
    struct Slot {
        Entry entry;
        consensus::Token token;
        uint64_t bytes_before = 0;  ///< running sum over the life of this log
    };
    [[nodiscard]] Term term_of(Index index) const;
    [[nodiscard]] const Slot& slot(Index index) const;
    [[nodiscard]] const Configuration& configuration_at(Index index) const;

    Mark start_;
    std::deque<Slot> entries_;
    struct Held {
        Index at;
        Change change;
    };
    std::deque<Held> changes_;  ///< of the entries held
    Index durable_index_;
    consensus::Token start_token_;
    uint64_t bytes_end_ = 0;
};

/// What an entry costs beside its data, on the wire and in the account of memory.
inline constexpr size_t entry_overhead_bytes = 48;

}  // namespace holdfast::raft
