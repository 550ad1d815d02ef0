// Who agrees, as an engine sees it: identities, weights, voting keys, and nothing of the ledger's.
#pragma once

#include <vector>

#include "base/number.h"
#include "crypto/ed25519.h"

namespace holdfast::consensus {

struct Voter {
    NodeId id;
    uint64_t weight = 1;
    crypto::NodePublicKey voting_key;
    bool operator==(const Voter&) const = default;
};

struct Members {
    uint64_t epoch = 0;         ///< counts changes of the set; never goes back
    std::vector<Voter> voters;  ///< by ascending id, each id once
    bool operator==(const Members&) const = default;
};

}  // namespace holdfast::consensus
