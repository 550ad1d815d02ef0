// What a proof that stands alone is made of, as this store has it: see chain/proof.h.
#pragma once

#include "chain/proof.h"
#include "ledger/reader.h"

namespace holdfast::ledger {

namespace errc {
inline constexpr Errc not_certified{
    "ledger.not_certified"};  ///< the block has no certificate here, perhaps not yet
inline constexpr Errc unknown_transaction{
    "ledger.unknown_transaction"};  ///< in no block here; perhaps pruned
inline constexpr Errc history_unknown{
    "ledger.history_unknown"};  ///< a change of members is not here, nor the block that made it
}  // namespace errc

/// A certified block, and what is claimed of it.
struct Evidence {
    chain::CertifiedHeader block;
    chain::Claim claim;
};

/// In the state after `height`, or after the newest certified block. Absence is proven as well.
/// Errors: errc::unknown_height, errc::not_certified.
Result<Evidence> prove_account(const Reader& reader, const Address& address,
                               std::optional<Height> height);
Result<Evidence> prove_slot(const Reader& reader, const Address& address, const Hash32& slot,
                            std::optional<Height> height);
/// Errors: errc::unknown_transaction, errc::not_certified.
Result<Evidence> prove_receipt(const Reader& reader, const Hash32& transaction);

/// Changes of members in blocks up to `upto`, the newest first, as many as fit one answer. Go on
/// below the last one until there are none. Errors: errc::history_unknown, errc::not_certified.
Result<std::vector<chain::MemberChange>> member_changes(const Reader& reader, Height upto);

/// The same from the other end: changes in blocks above `after` and up to `upto`, the oldest first,
/// for whoever trusts the members of `after`. Go on above the last one. Errors: as above.
Result<std::vector<chain::MemberChange>> member_changes_after(const Reader& reader, Height after,
                                                              Height upto);

inline constexpr size_t member_changes_max = 64;
inline constexpr size_t member_changes_bytes_max = 1 << 20;  ///< an answer closes once past this

}  // namespace holdfast::ledger
