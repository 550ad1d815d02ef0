// Holds the newest writes in memory and hands them to the store below many blocks at a time.
//
// Optimization: most of what a block writes, the next ones overwrite: the head, the upper nodes of
// the trie, the accounts that are busy. The store below sees the last of these only, and one large
// batch costs it less than many small ones. What a crash takes off the end is executed again from
// the journal, as after a power failure: it is always a whole number of batches.
#pragma once

#include <memory>

#include "env/state_store.h"

namespace holdfast::storage {

/// `bytes_max` of keys and values gather before they are handed on; as many again may be on their
/// way, and then a write waits.
std::unique_ptr<env::StateStore> buffer_store(std::unique_ptr<env::StateStore> below,
                                              size_t bytes_max);

}  // namespace holdfast::storage
