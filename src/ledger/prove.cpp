// Gathering what a proof is made of. Headers and certificates outlive pruning, so the history of
// the members is there from the first block that this store has executed.
#include "ledger/prove.h"

#include "chain/trie.h"
#include "ledger/keys.h"
#include "ledger/ledger.h"

namespace holdfast::ledger {
namespace {

std::optional<chain::CertifiedHeader> certified_header(const Reader& reader, Height height) {
    auto header = reader.header(height);
    auto certificate = reader.certificate(height);
    if (!header || !certificate || certificate->block_hash != reader.block_hash(height))
        return std::nullopt;
    return chain::CertifiedHeader{.header = std::move(*header),
                                  .signatures = std::move(certificate->signatures)};
}

/// The newest with a certificate among the blocks whose state can be read.
std::optional<chain::CertifiedHeader> newest_certified(const Reader& reader) {
    const Height oldest = reader.oldest_state();
    for (Height height = reader.head(); height > Height(0); height = height.previous()) {
        if (auto found = certified_header(reader, height)) return found;
        if (height <= oldest) break;
    }
    return std::nullopt;
}

Result<chain::CertifiedHeader> block_to_prove(const Reader& reader, std::optional<Height> height) {
    auto found = height ? certified_header(reader, *height) : newest_certified(reader);
    if (found) return std::move(*found);
    if (!height) return fail(errc::not_certified, "no block whose state is kept");
    if (*height > reader.head())
        return fail(errc::unknown_height, fmt::format("the newest block is {}", reader.head()));
    return fail(errc::not_certified, fmt::format("block {}", *height));
}

std::vector<Bytes> proof_at(const std::vector<Bytes>& items, size_t index) {
    return chain::prove_ordered(std::vector<ByteView>(items.begin(), items.end()), index);
}

/// Of a change to this set, header and signatures included.
size_t bytes_about(const chain::MemberSet& set) {
    constexpr size_t header_bytes = 800;
    constexpr size_t member_bytes = 256;
    return header_bytes + member_bytes * set.members.size();
}

Result<chain::MemberChange> change_at(const Reader& reader, Height height, chain::MemberSet set) {
    // A snapshot brings the changes before it. One that an older version took did not.
    if (!reader.header(height))
        return fail(errc::history_unknown,
                    fmt::format("this node does not know how the members of block {} came about; "
                                "ask another one",
                                height));
    auto block = certified_header(reader, height);
    if (!block)
        return fail(errc::not_certified,
                    fmt::format("block {}, in which the members changed", height));
    return chain::MemberChange{.block = std::move(*block), .members = std::move(set)};
}

/// Sets, each with the block that brought it.
using Sets = std::vector<std::pair<Height, chain::MemberSet>>;

Result<std::vector<chain::MemberChange>> changes_at(const Reader& reader, Sets found) {
    std::vector<chain::MemberChange> changes;
    for (auto& [height, set] : found) {
        auto change = change_at(reader, height, std::move(set));
        // What is there is given before what is missing is told.
        if (!change && changes.empty()) return std::unexpected(std::move(change).error());
        if (!change) break;
        changes.push_back(std::move(*change));
    }
    return changes;
}

std::optional<Sets::value_type> read_set(ByteView key, ByteView value) {
    if (!text_of(key).starts_with(keys::members_prefix)) return std::nullopt;
    holdfast::Reader in(value);
    auto set = chain::decode_member_set(in);
    if (!in.finish()) return std::nullopt;
    return Sets::value_type(
        Height(~keys::read_big_endian(key.subspan(keys::members_prefix.size()))), std::move(set));
}

/// The last set written at or below `upto`.
std::optional<Sets::value_type> newest_set(const Reader& reader, Height upto) {
    std::optional<Sets::value_type> found;
    reader.view().scan(env::Column::meta, keys::members_at(upto),
                       [&](ByteView key, ByteView value) {
                           found = read_set(key, value);
                           return false;
                       });
    return found;
}

/// The first set written above `after`, and up to `upto`. Keys run from the newest to the oldest,
/// so it is looked for by halves: a page of a long history costs some thousand looks, however many
/// changes came after it.
std::optional<Sets::value_type> next_set(const Reader& reader, Height after, Height upto) {
    std::optional<Sets::value_type> found;
    while (after < upto) {
        const Height middle = found ? after + (upto - after + 1) / 2 : upto;
        auto set = newest_set(reader, middle);
        if (set && set->first > after) {
            upto = set->first.previous();
            found = std::move(set);
        } else {
            after = middle;
        }
    }
    return found;
}

}  // namespace

Result<Evidence> prove_account(const Reader& reader, const Address& address,
                               std::optional<Height> height) {
    auto block = block_to_prove(reader, height);
    if (!block) return std::unexpected(block.error());
    auto proof = reader.proof(address, {}, block->header.number);
    if (!proof) return std::unexpected(proof.error());
    return Evidence{.block = std::move(*block),
                    .claim = chain::AccountClaim{.address = address,
                                                 .account_proof = std::move(proof->account_proof)}};
}

Result<Evidence> prove_slot(const Reader& reader, const Address& address, const Hash32& slot,
                            std::optional<Height> height) {
    auto block = block_to_prove(reader, height);
    if (!block) return std::unexpected(block.error());
    auto proof = reader.proof(address, {slot}, block->header.number);
    if (!proof) return std::unexpected(proof.error());
    return Evidence{.block = std::move(*block),
                    .claim = chain::SlotClaim{.address = address,
                                              .slot = slot,
                                              .account_proof = std::move(proof->account_proof),
                                              .slot_proof = std::move(proof->slots[0].proof)}};
}

Result<Evidence> prove_receipt(const Reader& reader, const Hash32& transaction) {
    const auto place = reader.place_of(transaction);
    const auto block = place ? reader.block(place->height) : std::nullopt;
    const auto receipts = place ? reader.receipts(place->height) : std::nullopt;
    if (!block || !receipts || place->index >= block->transactions.size() ||
        place->index >= receipts->size())
        return fail(errc::unknown_transaction, to_hex0x(transaction.view()));
    auto certified = block_to_prove(reader, place->height);
    if (!certified) return std::unexpected(certified.error());
    std::vector<Bytes> raw, encoded;
    for (const auto& item : block->transactions) raw.push_back(item->raw);
    for (const chain::Receipt& receipt : *receipts)
        encoded.push_back(chain::encode_receipt(receipt));
    return Evidence{.block = std::move(*certified),
                    .claim = chain::ReceiptClaim{.transaction = transaction,
                                                 .index = place->index,
                                                 .transaction_proof = proof_at(raw, place->index),
                                                 .receipt_proof = proof_at(encoded, place->index)}};
}

Result<std::vector<chain::MemberChange>> member_changes(const Reader& reader, Height upto) {
    // A set counts as a change once the one before it is seen to differ. Newest first, as the keys
    // run.
    Sets found;
    std::optional<Sets::value_type> later;
    size_t bytes = 0;
    reader.view().scan(
        env::Column::meta, keys::members_at(upto), [&](ByteView key, ByteView value) {
            auto set = read_set(key, value);
            if (!set) return false;
            if (later && later->second.epoch != set->second.epoch) {
                bytes += bytes_about(later->second);
                found.push_back(std::move(*later));
            }
            later = std::move(set);
            return found.size() < member_changes_max && bytes < member_changes_bytes_max;
        });
    return changes_at(reader, std::move(found));
}

Result<std::vector<chain::MemberChange>> member_changes_after(const Reader& reader, Height after,
                                                              Height upto) {
    Sets found;
    size_t bytes = 0;
    const auto known = newest_set(reader, after);
    uint64_t epoch = known ? known->second.epoch : 0;
    while (found.size() < member_changes_max && bytes < member_changes_bytes_max) {
        auto next = next_set(reader, after, upto);
        if (!next) break;
        after = next->first;
        if (std::exchange(epoch, next->second.epoch) == next->second.epoch) continue;
        bytes += bytes_about(next->second);
        found.push_back(std::move(*next));
    }
    return changes_at(reader, std::move(found));
}

}  // namespace holdfast::ledger
