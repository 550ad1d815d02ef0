// Checking a proof that stands alone, link by link.
#include "chain/proof.h"

#include "base/overload.h"
#include "chain/errors.h"
#include "chain/rlp.h"
#include "chain/trie.h"
#include "crypto/hash.h"

namespace holdfast::chain {
namespace {

/// The same error, with the place before its words.
std::unexpected<Error> fail_at(std::string_view place, const Error& error) {
    return fail(error.code, error.detail.empty() ? std::string(place)
                                                 : fmt::format("{}: {}", place, error.detail));
}

/// The value at the end of a path that must not be one of absence.
Result<Bytes> present(const Hash32& root, ByteView key, const TriePath& path,
                      std::string_view what) {
    auto value = verify_proof(root, key, path);
    if (!value) return fail_at(what, value.error());
    if (!*value) return fail(errc::proof_invalid, fmt::format("{}: there is none", what));
    return std::move(**value);
}

Result<std::optional<Account>> check_account(const Header& header, const Address& address,
                                             const TriePath& path) {
    const auto value =
        verify_proof(header.state_root, crypto::keccak256(address.view()).view(), path);
    if (!value) return fail_at("the account", value.error());
    if (!*value) return std::nullopt;
    auto account = decode_account(**value);
    if (!account) return fail_at("the account", account.error());
    return *account;
}

Result<ProvenSlot> check_slot(const Header& header, const SlotClaim& claim) {
    const auto account = check_account(header, claim.address, claim.account_proof);
    if (!account) return std::unexpected(account.error());
    const Hash32 root = *account ? (*account)->storage_root : empty_trie_root();
    // Nothing may stand in a proof that proves nothing.
    if (root == empty_trie_root() && !claim.slot_proof.empty())
        return fail(errc::proof_invalid, "the slot: the account has no storage");
    const auto value =
        verify_proof(root, crypto::keccak256(claim.slot.view()).view(), claim.slot_proof);
    if (!value) return fail_at("the slot", value.error());
    ProvenSlot proven{.address = claim.address, .slot = claim.slot, .value = {}};
    if (!*value) return proven;
    rlp::Decoder in(**value);
    proven.value = in.number256();
    if (auto end = in.finish(); !end) return fail_at("the slot", end.error());
    return proven;
}

Result<ProvenReceipt> check_receipt(const Header& header, const ReceiptClaim& claim,
                                    const TxRules& rules) {
    const Bytes key = ordered_key(claim.index);
    const auto raw =
        present(header.transactions_root, key, claim.transaction_proof, "the transaction");
    if (!raw) return std::unexpected(raw.error());
    if (crypto::keccak256(*raw) != claim.transaction)
        return fail(errc::proof_invalid, "the transaction: another one stands there");
    auto transaction = recover_transaction(*raw, rules);
    if (!transaction) return fail_at("the transaction", transaction.error());
    const auto encoded = present(header.receipts_root, key, claim.receipt_proof, "the receipt");
    if (!encoded) return std::unexpected(encoded.error());
    auto receipt = decode_receipt(*encoded);
    if (!receipt) return fail_at("the receipt", receipt.error());
    return ProvenReceipt{.transaction = std::move(*transaction),
                         .index = claim.index,
                         .receipt = std::move(*receipt)};
}

Result<ProvenValue> check_claim(const Header& header, const Claim& claim, const TxRules& rules) {
    const auto any = [](auto proven) -> Result<ProvenValue> {
        if (!proven) return std::unexpected(std::move(proven).error());
        return std::move(*proven);
    };
    return std::visit(
        Overload{[&](const AccountClaim& one) -> Result<ProvenValue> {
                     auto account = check_account(header, one.address, one.account_proof);
                     if (!account) return std::unexpected(std::move(account).error());
                     return ProvenAccount{.address = one.address, .account = *account};
                 },
                 [&](const SlotClaim& one) { return any(check_slot(header, one)); },
                 [&](const ReceiptClaim& one) { return any(check_receipt(header, one, rules)); }},
        claim);
}

/// Everything up to the members that the whole history leads to.
Status follow_all(MemberHistory& history, const std::vector<MemberChange>& changes) {
    for (size_t i = 0; i < changes.size(); ++i)
        if (auto good = history.follow(changes[i]); !good)
            return fail_at(fmt::format("change {} of the members, block {}", i + 1,
                                       changes[i].block.header.number),
                           good.error());
    return {};
}

}  // namespace

Result<Proven> check_proof(const Proof& proof, const Hash32& genesis) {
    const Hash32 found = genesis_hash(proof.genesis);
    if (found != genesis)
        return fail(errc::proof_other_genesis,
                    fmt::format("the proof is of the ledger {}", to_hex0x(found.view())));
    MemberHistory history(proof.genesis.members, Height(0), found, proof.genesis.quorum_rule());
    if (auto good = follow_all(history, proof.history); !good)
        return std::unexpected(std::move(good).error());

    const Header& header = proof.block.header;
    const std::string place = fmt::format("block {}", header.number);
    if (auto good = history.check(proof.block); !good) return fail_at(place, good.error());
    const auto extra = decode_extra(header.extra_data);
    if (!extra) return fail_at(place, extra.error());

    Proven proven{.engine = proof.genesis.engine,
                  .rule = proof.genesis.quorum_rule(),
                  .height = header.number,
                  .block_hash = header_hash(header),
                  .time_ms = extra->time_ms,
                  .members = {},
                  .changes = proof.history.size(),
                  .signers = proof.block.signatures.size(),
                  .signed_weight = 0,
                  .value = {}};
    for (const auto& [signer, signature] : proof.block.signatures)
        proven.signed_weight += history.members().find(signer)->weight;
    proven.members = history.members();

    auto value = check_claim(header, proof.claim, proof.genesis.tx_rules());
    if (!value) return std::unexpected(std::move(value).error());
    proven.value = std::move(*value);
    return proven;
}

}  // namespace holdfast::chain
