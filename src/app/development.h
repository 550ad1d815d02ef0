// The ten accounts that every Ethereum development tool knows, from the mnemonic "test test test
// test test test test test test test test junk". Their keys are public: refused wherever it
// matters.
#pragma once

#include <span>

#include "chain/genesis.h"
#include "crypto/ed25519.h"
#include "crypto/secp256k1.h"

namespace holdfast::app {

inline constexpr uint64_t development_chain_id = 31337;

struct DevelopmentAccount {
    Address address;
    crypto::SecretKey key;
};
std::span<const DevelopmentAccount> development_accounts();

bool is_well_known(const Address& account);
/// A seed of one repeated byte: what examples and tests are full of, and no random source gives.
bool is_well_known(const crypto::NodeSeed& seed);

/// Errors: errc::well_known, if genesis is not for development and yet funds or trusts one of them.
Status check_no_well_known(const chain::Genesis& genesis);

/// Whole ether in wei.
U256 ether(uint64_t amount);

}  // namespace holdfast::app
