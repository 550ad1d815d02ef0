// Keys on disk: one line of hexadecimal in a file that only its owner can read.
#pragma once

#include <filesystem>

#include "base/result.h"
#include "crypto/ed25519.h"
#include "crypto/secp256k1.h"

namespace holdfast::app {

namespace errc {
inline constexpr Errc key_unreadable{"key.unreadable"};
inline constexpr Errc key_permissions{"key.permissions"};
inline constexpr Errc key_well_known{"key.well_known"};
inline constexpr Errc key_wrong_member{"key.wrong_member"};
inline constexpr Errc key_shared{"key.shared"};  ///< one key for two purposes
}  // namespace errc

/// Errors: errc::key_unreadable, errc::key_permissions.
Result<crypto::NodeSeed> read_node_key(const std::filesystem::path& file);
/// "dev:N", 32 bytes behind "0x", or a file. Errors: the same.
Result<crypto::SecretKey> read_account_key(const std::string& source);

/// From the operating system, never zero.
uint64_t random_number();
crypto::NodeSeed new_node_key();
crypto::SecretKey new_account_key();
/// Mode 0600. Never over an existing file. Errors: those of storage, errc::key_unreadable.
Status write_key(const std::filesystem::path& file, ByteView key);

Address account_of(const crypto::SecretKey& key);

}  // namespace holdfast::app
