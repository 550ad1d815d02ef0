// What goes into the journal: blocks, before anybody hears of them or the ledger gets them, and
// what is final. A record promises nothing to anybody and proves itself, so whatever is left of a
// damaged journal is of use, and a lost one costs nothing but downloads.
#pragma once

#include "consensus/engine.h"
#include "consensus/pow/tree.h"

namespace holdfast::pow {

struct Record {
    Hash32 final;  ///< the newest final block, as known when this was written
    std::optional<Header> header;
    Buffer payload;  ///< of that header's block
};

Buffer encode(const Record& record);
/// Errors: codec_errc. The header is sealed, and the payload is its own.
Result<Record> decode_record(ByteView bytes);

/// What the ledger's store and the journal know together.
struct Recalled {
    Tree tree;
    Hash32 applied;         ///< where the ledger stands
    consensus::Token last;  ///< 0 if the journal is empty
};

/// The store's chain as a tree, all of it taken as good: from the oldest of the marks on, or from
/// genesis. Null if the marks are none of this chain's, or do not hang together: nothing can be
/// built on them.
std::optional<Tree> tree_of_store(const Rules& rules, Height applied, const Bytes& mark,
                                  const std::vector<Bytes>& earlier, size_t headers_max);

/// Null as above.
std::optional<Recalled> recall(const Rules& rules, const consensus::Base& base,
                               const std::vector<consensus::JournalRecord>& records,
                               size_t headers_max);

}  // namespace holdfast::pow
