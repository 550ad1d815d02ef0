// Hash functions. Ethereum's objects are named by Keccak-256; our own wire and disk use SHA-256.
#pragma once

#include "base/bytes.h"

namespace holdfast::crypto {

/// Keccak-256 with the original padding (not SHA3-256). [YP §App. B]
Hash32 keccak256(ByteView data);

/// SHA-256. [FIPS 180-4]
Hash32 sha256(ByteView data);

}  // namespace holdfast::crypto
