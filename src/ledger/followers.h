// Who may follow the ledger without a seat: candidates that stand by or are in jail. Nodes let them
// in as peers; they have no vote. A view of the state, and no part of it: nothing here decides.
#pragma once

#include "ledger/reader.h"

namespace holdfast::ledger {

/// So many at most, those with the greatest stake: nobody buys up the members' connections cheaply.
inline constexpr size_t followers_max = 64;

/// At the reader's head, by ascending id: listed candidates with at least `stake_min` behind them
/// that are no members now and not barred for ever; of equal stakes the lower id. Empty where there
/// are no stakes. Reads a few slots of every listed candidate.
std::vector<chain::Member> followers(const Reader& reader, const chain::Genesis& genesis);

/// Whether this block may have changed them, by what it shows. Rewards move stakes too, and are
/// seen at the end of the epoch.
bool may_change_followers(const chain::Block& block, const std::vector<chain::Receipt>& receipts,
                          const chain::Genesis& genesis);

}  // namespace holdfast::ledger
