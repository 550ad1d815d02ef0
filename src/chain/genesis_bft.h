// The part of a genesis that only Byzantine agreement has: what it must fulfil, and its encoding.
#pragma once

#include "chain/genesis.h"

namespace holdfast::chain {

/// Errors: errc::genesis_invalid.
Status validate_bft(const Genesis& genesis);
/// Covers what counts under the policy.
void encode(Writer& out, const BftParameters& bft);

}  // namespace holdfast::chain
