// The transfers that the load sends: accounts from well-known seeds, every signature made before
// the clock starts.
#pragma once

#include <string>
#include <vector>

#include "base/bytes.h"
#include "crypto/secp256k1.h"

namespace holdfast::bench {

struct Sender {
    crypto::SecretKey key;
    Address address;
};

/// Keccak-256 of "bench sender <index>": anybody can spend from it, so only a bench's genesis funds
/// it.
Sender make_sender(size_t index);
std::vector<Sender> make_senders(size_t count);

/// One account's transfers with consecutive nonces, ready to send: raw, in hex with "0x".
struct SignedTransfers {
    std::vector<std::string> raw;
    std::vector<std::string> hashes;
};

struct TransferPlan {
    uint64_t chain_id = 0;
    size_t each = 0;  ///< transfers a sender
    size_t threads = 2;
};
/// `nonces` are the next ones of `senders`.
std::vector<SignedTransfers> sign_transfers(const std::vector<Sender>& senders,
                                            const std::vector<uint64_t>& nonces,
                                            const TransferPlan& plan);

}  // namespace holdfast::bench
