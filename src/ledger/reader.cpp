// Reading blocks, state and proofs from one view.
#include "ledger/reader.h"

#include "chain/rlp.h"
#include "chain/trie.h"
#include "crypto/hash.h"
#include "ledger/block_records.h"
#include "ledger/keys.h"
#include "ledger/ledger.h"
#include "ledger/live_state.h"
#include "ledger/undo.h"

namespace holdfast::ledger {

using env::Column;
using keys::BlockPart;

namespace {

/// The head, if state after `height` can still be read.
Result<Height> head_for_state(const Reader& reader, Height height) {
    const Height head = reader.head();
    const Height oldest = reader.oldest_state();
    if (height > head || height < oldest)
        return fail(errc::unknown_height,
                    fmt::format("state is kept from block {} to {}", oldest, head));
    return head;
}

/// A snapshot came certified. Its height is asked for here, and not only written over the record by
/// its installation, since a certificate of an old block may be put at the same time.
uint64_t certified_upto(const env::StateView& view) {
    return std::max(meta_number(view, keys::certified).value_or(0),
                    meta_number(view, keys::state_from).value_or(0));
}

}  // namespace

Hash32 Reader::genesis() const {
    return Hash32::from(view_->get(Column::meta, view_of(keys::genesis)).value_or(Bytes{}))
        .value_or(Hash32{});
}

U256 Reader::burnt() const {
    return meta_amount(*view_, keys::burnt).value_or(U256{});
}

U256 Reader::issued() const {
    return meta_amount(*view_, keys::issued).value_or(U256{});
}

Height Reader::head() const {
    const auto record = view_->get(Column::meta, view_of(keys::head));
    const auto head = record ? decode_head(*record) : std::nullopt;
    return head ? head->height : Height(0);
}

Height Reader::lowest_block() const {
    return Height(meta_number(*view_, keys::lowest_block).value_or(0));
}

std::optional<chain::Header> Reader::header(Height height) const {
    const auto record = view_->get(Column::blocks, keys::block_part(BlockPart::header, height));
    auto decoded = record ? decode_header_record(*record) : std::nullopt;
    if (!decoded) return std::nullopt;
    return std::move(decoded->header);
}

std::optional<Hash32> Reader::block_hash(Height height) const {
    const auto record = view_->get(Column::blocks, keys::block_part(BlockPart::header, height));
    if (!record || record->size() < Hash32::size_bytes) return std::nullopt;
    return Hash32::from(ByteView(*record).first(Hash32::size_bytes));
}

std::optional<chain::Block> Reader::block(Height height) const {
    if (height < lowest_block()) return std::nullopt;
    const auto body = view_->get(Column::blocks, keys::block_part(BlockPart::body, height));
    const auto record = view_->get(Column::blocks, keys::block_part(BlockPart::header, height));
    if (!body || !record) return std::nullopt;
    auto header = decode_header_record(*record);
    auto transactions = decode_body(*body);
    if (!header || !transactions) return std::nullopt;
    return chain::Block{.header = std::move(header->header),
                        .hash = header->hash,
                        .transactions = std::move(*transactions)};
}

std::optional<std::vector<chain::Receipt>> Reader::receipts(Height height) const {
    if (height < lowest_block()) return std::nullopt;
    const auto record = view_->get(Column::blocks, keys::block_part(BlockPart::receipts, height));
    return record ? decode_receipts(*record) : std::nullopt;
}

std::optional<Bytes> Reader::mark(Height height) const {
    return view_->get(Column::blocks, keys::block_part(BlockPart::mark, height));
}

std::optional<Height> Reader::height_of(const Hash32& block_hash) const {
    const auto record = view_->get(Column::hashes, block_hash.view());
    if (!record || record->size() != sizeof(uint64_t)) return std::nullopt;
    return Height(holdfast::Reader(*record).u64());
}

std::optional<TransactionPlace> Reader::place_of(const Hash32& transaction_hash) const {
    const auto record = view_->get(Column::hashes, transaction_hash.view());
    const auto place = record ? decode_place(*record) : std::nullopt;
    if (!place || place->height < lowest_block()) return std::nullopt;
    return place;
}

std::optional<chain::Certificate> Reader::certificate(Height height) const {
    const auto record = view_->get(Column::certificates, keys::of_height(height));
    if (!record || record->empty()) return std::nullopt;
    holdfast::Reader in(*record);
    auto certificate = chain::decode_certificate(in);
    if (!in.finish()) return std::nullopt;
    return certificate;
}

Height Reader::certified() const {
    return std::min(head(), Height(certified_upto(*view_)));
}

Height Reader::final() const {
    return std::min(head(), Height(meta_number(*view_, keys::final).value_or(0)));
}

Height Reader::oldest_state() const {
    const Height from(meta_number(*view_, keys::state_from).value_or(0));
    const Height undo_from(meta_number(*view_, keys::undo_from).value_or(1));
    const Height newest = head();
    const Height back = newest.value > history_blocks ? newest - history_blocks : Height{};
    return std::max({from, undo_from.previous(), std::min(back, settled())});
}

std::optional<chain::MemberSet> Reader::members(Height height) const {
    if (height > head()) return std::nullopt;
    std::optional<chain::MemberSet> found;
    view_->scan(Column::meta, keys::members_at(height), [&](ByteView key, ByteView value) {
        if (!text_of(key).starts_with(keys::members_prefix)) return false;
        holdfast::Reader in(value);
        auto set = chain::decode_member_set(in);
        if (in.finish()) found = std::move(set);
        return false;
    });
    return found;
}

chain::MemberSet Reader::members_and(std::span<const NodeId> also) const {
    chain::MemberSet all = members(head()).value_or(chain::MemberSet{});
    const auto missing = [&all](NodeId id) { return all.find(id) == nullptr; };
    if (std::ranges::none_of(also, missing)) return all;
    // Newest first, as the keys run.
    view_->scan(Column::meta, keys::members_at(head()), [&](ByteView key, ByteView value) {
        if (!text_of(key).starts_with(keys::members_prefix)) return false;
        holdfast::Reader in(value);
        const auto set = chain::decode_member_set(in);
        if (!in.finish()) return false;
        for (const chain::Member& member : set.members) {
            const auto same = [&member](const chain::Member& other) {
                return other.id == member.id || other.transport_key == member.transport_key;
            };
            if (std::ranges::find(also, member.id) != also.end() &&
                std::ranges::none_of(all.members, same))
                all.members.push_back(member);
        }
        std::ranges::sort(all.members, {}, &chain::Member::id);
        return std::ranges::any_of(also, missing);
    });
    return all;
}

std::shared_ptr<const Reader> Reader::back_at(Height height) const {
    const auto head = head_for_state(*this, height);
    if (!head) return nullptr;
    return std::make_shared<const Reader>(flat_state_at(view_, height, *head));
}

Result<chain::Account> Reader::account(const Address& address, Height height) const {
    const auto head = head_for_state(*this, height);
    if (!head) return std::unexpected(head.error());
    return PastState(*view_, height, *head).account(address).account;
}

chain::Account Reader::account_at_head(const Address& address) const {
    const auto stored = view_->get(Column::accounts, crypto::keccak256(address.view()).view());
    return account_from(stored);
}

Result<U256> Reader::slot(const Address& address, const Hash32& key, Height height) const {
    const auto head = head_for_state(*this, height);
    if (!head) return std::unexpected(head.error());
    return PastState(*view_, height, *head)
        .slot(crypto::keccak256(address.view()), crypto::keccak256(key.view()));
}

Result<Bytes> Reader::code(const Address& address, Height height) const {
    const auto found = account(address, height);
    if (!found) return std::unexpected(found.error());
    return view_->get(Column::code, found->code_hash.view()).value_or(Bytes{});
}

Result<AccountProof> Reader::proof(const Address& address, const std::vector<Hash32>& slots,
                                   Height height) const {
    const auto head = head_for_state(*this, height);
    if (!head) return std::unexpected(head.error());
    PastState state(*view_, height, *head);
    const KeyedAccount keyed = state.account(address);
    const auto node = [&](Column column, ByteView key) {
        return get_at(*view_, column, key, height, *head);
    };
    AccountProof proof{
        .account = keyed.account,
        .account_proof = chain::prove(
            [&](ByteView path) { return node(Column::account_trie, path); }, keyed.key),
        .slots = {}};
    for (const Hash32& slot : slots) {
        const Hash32 slot_key = crypto::keccak256(slot.view());
        proof.slots.push_back({.key = slot,
                               .value = state.slot(keyed.key, slot_key),
                               .proof = chain::prove(
                                   [&](ByteView path) {
                                       return node(Column::slot_trie,
                                                   keys::joined(keyed.key.view(), path));
                                   },
                                   slot_key)});
    }
    return proof;
}

Reader reader_at_head(const env::StateView& store) {
    return Reader(std::shared_ptr<const env::StateView>(&store, [](const env::StateView*) {}));
}

bool Reader::vouched_for(Height height) const {
    const auto record = view_->get(Column::certificates, keys::of_height(height));
    return record && record->empty();
}

namespace {

// Writes `batch`, whose highest certificate in an unbroken row is `certified` or above.
void write_certified(env::StateStore& store, env::Batch batch, uint64_t certified) {
    while (store.get(Column::certificates, keys::of_height(Height(certified + 1)))) ++certified;
    if (certified > certified_upto(store))
        batch.push_back({Column::meta, to_bytes(keys::certified), encode_number(certified)});
    store.write(batch);
}

}  // namespace

void put_certificate(env::StateStore& store, const chain::Certificate& certificate) {
    Writer out;
    chain::encode(out, certificate);
    const uint64_t height = certificate.height.value;
    const uint64_t before = certified_upto(store);
    write_certified(store,
                    {{Column::certificates, keys::of_height(certificate.height), out.take()}},
                    before + 1 == height ? height : before);
}

void vouch(env::StateStore& store, Height by) {
    env::Batch batch;
    for (uint64_t height = certified_upto(store) + 1; height < by.value; ++height)
        if (const Bytes key = keys::of_height(Height(height));
            !store.get(Column::certificates, key))
            batch.push_back({Column::certificates, key, Bytes{}});
    write_certified(store, std::move(batch), by.value);
}

void put_final(env::StateStore& store, Height height) {
    if (height.value <= meta_number(store, keys::final).value_or(0)) return;
    store.write({{Column::meta, to_bytes(keys::final), encode_number(height.value)}});
}

}  // namespace holdfast::ledger
