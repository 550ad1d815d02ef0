// Installing a snapshot so that a crash at any write leaves either the old state or the new one;
// and forgetting old bodies.
#include "base/check.h"
#include "chain/errors.h"
#include "crypto/hash.h"
#include "ledger/block_records.h"
#include "ledger/keys.h"
#include "ledger/ledger.h"
#include "ledger/snapshot.h"
#include "ledger/staking_store.h"

namespace holdfast::ledger {
namespace {

using env::Column;
using keys::BlockPart;

constexpr size_t batch_items_max = 8192;
constexpr std::string_view pruned_key = "pruned";  ///< bodies below are erased
constexpr size_t longest_key_bytes = 128;

void erase_column(env::StateStore& store, Column column) {
    store.erase_range(column, {}, Bytes(longest_key_bytes, 0xff));
}

void erase_staged(env::StateStore& store) {
    store.erase_range(Column::meta, keys::import_piece_at(0), keys::import_piece_at(UINT64_MAX));
    store.erase_range(Column::meta, keys::import_change_at(0), keys::import_change_at(UINT64_MAX));
}

/// What is to be installed: written once everything staged is known to be good.
struct Plan {
    chain::CertifiedHeader block;
    chain::MemberSet members;  ///< after it
    Bytes mark;
    U256 burnt, issued;
    uint64_t pieces = 0, changes = 0;
};

Bytes encode_plan(const Plan& plan) {
    Writer out;
    chain::encode(out, plan.block);
    chain::encode(out, plan.members);
    out.bytes(plan.mark);
    out.raw(plan.burnt.to_big_endian());
    out.raw(plan.issued.to_big_endian());
    out.u64(plan.pieces);
    out.u64(plan.changes);
    return out.take();
}

Plan decode_plan(ByteView record) {
    holdfast::Reader in(record);
    Plan plan;
    plan.block = chain::decode_certified_header(in);
    plan.members = chain::decode_member_set(in);
    plan.mark = in.bytes_copy(record.size());
    plan.burnt = U256::from_big_endian(in.raw(32)).value_or(U256{});
    plan.issued = U256::from_big_endian(in.raw(32)).value_or(U256{});
    plan.pieces = in.u64();
    plan.changes = in.u64();
    CHECK(in.finish(), "the store gives back the plan that we wrote");
    return plan;
}

/// Writes in batches of bounded size; order between them does not matter while `importing` is set.
class Installer {
  public:
    explicit Installer(env::StateStore& store) : store_(store) {}
    void put(Column column, Bytes key, Bytes value) {
        batch_.push_back({column, std::move(key), std::move(value)});
        if (batch_.size() >= batch_items_max) write();
    }
    void write() {
        if (!batch_.empty()) store_.write(batch_);
        batch_.clear();
    }

  private:
    env::StateStore& store_;
    env::Batch batch_;
};

void install_state(env::StateStore& store, const Plan& plan) {
    for (const Column column :
         {Column::accounts, Column::slots, Column::account_trie, Column::slot_trie, Column::undo})
        erase_column(store, column);
    Installer installer(store);
    SnapshotStream stream({
        .item =
            [&](const SnapshotItem& item, const Hash32& account) {
                switch (item.kind) {
                    case SnapshotItemKind::account:
                        return installer.put(Column::accounts, to_bytes(item.key.view()),
                                             to_bytes(item.value));
                    case SnapshotItemKind::slot:
                        return installer.put(Column::slots,
                                             keys::joined(account.view(), item.key.view()),
                                             to_bytes(item.value));
                    case SnapshotItemKind::code:
                        return installer.put(Column::code, to_bytes(item.key.view()),
                                             to_bytes(item.value));
                }
            },
        .node = [&](Column column, Bytes key,
                    const Bytes& node) { installer.put(column, std::move(key), node); },
    });
    for (uint64_t piece = 0; piece < plan.pieces; ++piece) {
        const auto bytes = store.get(Column::meta, keys::import_piece_at(piece));
        CHECK(bytes && stream.add(*bytes), "staged pieces were good when they were staged");
    }
    const auto root = stream.finish();
    CHECK(root && *root == plan.block.header.state_root, "staged pieces hashed to the root before");
    installer.write();
}

void put_certified(env::Batch& batch, const chain::CertifiedHeader& block) {
    const Height height = block.header.number;
    const chain::Certificate certificate = chain::certificate_of(block);
    Writer signatures;
    chain::encode(signatures, certificate);
    batch.push_back({Column::blocks, keys::block_part(BlockPart::header, height),
                     encode_header_record(certificate.block_hash, block.header)});
    batch.push_back(
        {Column::hashes, to_bytes(certificate.block_hash.view()), encode_number(height.value)});
    batch.push_back({Column::certificates, keys::of_height(height), signatures.take()});
}

void put_members(env::Batch& batch, Height height, const chain::MemberSet& members) {
    Writer out;
    chain::encode(out, members);
    batch.push_back({Column::meta, keys::members_at(height), out.take()});
}

/// As if the blocks that changed the members had been executed here: for proofs, and for whoever
/// takes a snapshot from here.
void install_history(env::StateStore& store, uint64_t changes) {
    for (uint64_t number = 0; number < changes; ++number) {
        const auto bytes = store.get(Column::meta, keys::import_change_at(number));
        CHECK(bytes.has_value(), "staged changes stay until they are installed");
        holdfast::Reader in(*bytes);
        const chain::MemberChange change = chain::decode_member_change(in);
        CHECK(in.finish(), "staged changes were good when they were staged");
        env::Batch batch;
        put_certified(batch, change.block);
        put_members(batch, change.block.header.number, change.members);
        store.write(batch);
    }
}

void install(env::StateStore& store, const Plan& plan) {
    const Height height = plan.block.header.number;
    prune_bodies(store, height);
    install_state(store, plan);
    install_history(store, plan.changes);
    const auto meta = [](std::string_view key, std::optional<Bytes> value) {
        return env::BatchItem{Column::meta, to_bytes(key), std::move(value)};
    };
    env::Batch batch{
        {Column::blocks, keys::block_part(BlockPart::mark, height), plan.mark},
        meta(keys::head, encode_head({height, chain::header_hash(plan.block.header)})),
        meta(keys::burnt, encode_amount(plan.burnt)),
        meta(keys::issued,
             plan.issued.is_zero() ? std::nullopt : std::optional(encode_amount(plan.issued))),
        meta(keys::lowest_block, encode_number(height.value + 1)),
        meta(keys::state_from, encode_number(height.value)),
        meta(keys::undo_from, encode_number(height.value + 1)),
        meta(keys::importing, std::nullopt),
    };
    put_certified(batch, plan.block);
    put_members(batch, height, plan.members);
    store.write(batch);
    erase_staged(store);
    store.flush();
}

/// Finds in the stream what the staking contract has counted, for the root covers it.
std::function<void(const SnapshotItem&, const Hash32&)> find_issued(const Rules& rules,
                                                                    U256& issued) {
    if (!rules.has_stakes()) return {};
    return [&issued, contract = crypto::keccak256(staking_address().view()),
            slot = crypto::keccak256(issued_slot().view())](const SnapshotItem& item,
                                                            const Hash32& account) {
        if (item.kind == SnapshotItemKind::slot && account == contract && item.key == slot)
            issued = U256::from_big_endian(item.value).value_or(U256{});
    };
}

}  // namespace

SnapshotImport::SnapshotImport(env::StateStore& store, const Rules& rules,
                               chain::MemberHistory history)
    : store_(store),
      history_(std::move(history)),
      stream_({.item = find_issued(rules, issued_), .node = {}}) {
    erase_staged(store_);
}

// What is staged was attested by those whom this ledger trusts, so nobody can make it grow at will.
Status SnapshotImport::follow(const chain::MemberChange& change) {
    if (auto good = history_.follow(change); !good) return good;
    Writer out;
    chain::encode(out, change);
    store_.write({{Column::meta, keys::import_change_at(changes_++), out.take()}});
    return {};
}

Status SnapshotImport::add(ByteView piece) {
    if (piece.size() > snapshot_piece_bytes_max || pieces_ >= snapshot_pieces_max)
        return fail(errc::bad_snapshot, "larger than any snapshot");
    if (auto added = stream_.add(piece); !added) return added;
    store_.write({{Column::meta, keys::import_piece_at(pieces_++), to_bytes(piece)}});
    return {};
}

Status SnapshotImport::finish(const chain::CertifiedHeader& block, const chain::MemberSet& members,
                              ByteView mark) {
    const chain::Header& header = block.header;
    const auto root = stream_.finish();
    const auto extra = chain::decode_extra(header.extra_data);
    const auto supply = meta_amount(store_, keys::supply);
    CHECK(supply.has_value(), "the supply is written at creation");
    const auto made = checked_add(*supply, issued_);
    const auto burnt = made ? checked_sub(*made, stream_.total_balance()) : std::nullopt;
    Status verdict;
    if (auto attested = history_.check(block); !attested) {
        verdict = std::move(attested);
    } else if (!root) {
        verdict = std::unexpected(root.error());
    } else if (*root != header.state_root) {
        verdict = fail(errc::bad_snapshot, "the state does not hash to the header's root");
    } else if (!extra || extra->next_members_hash != members.hash()) {
        verdict = fail(errc::bad_snapshot, "the members are not those that the header names");
    } else if (!burnt) {
        verdict = fail(errc::bad_snapshot, "there is more money than was ever made");
    }
    if (!verdict) {
        erase_staged(store_);
        return verdict;
    }
    const Plan plan{.block = block,
                    .members = members,
                    .mark = to_bytes(mark),
                    .burnt = *burnt,
                    .issued = issued_,
                    .pieces = pieces_,
                    .changes = changes_};
    // On stable storage before the old state is touched: from here on there is no way back.
    store_.write({{Column::meta, to_bytes(keys::importing), encode_plan(plan)}});
    store_.flush();
    install(store_, plan);
    return {};
}

void SnapshotImport::recover(env::StateStore& store) {
    if (const auto plan = store.get(Column::meta, view_of(keys::importing))) {
        install(store, decode_plan(*plan));
        return;
    }
    // A crash while pieces were arriving: nobody can go on from the middle.
    if (store.get(Column::meta, keys::import_piece_at(0)) ||
        store.get(Column::meta, keys::import_change_at(0)))
        erase_staged(store);
}

void prune_bodies(env::StateStore& store, Height keep_from) {
    const uint64_t pruned = meta_number(store, pruned_key).value_or(0);
    const uint64_t lowest = meta_number(store, keys::lowest_block).value_or(0);
    if (keep_from.value <= pruned) return;
    // First nobody sees them any more, then they go: an interruption leaves only hidden leftovers,
    // which the next call finds, since `pruned` has not moved.
    if (keep_from.value > lowest)
        store.write({{Column::meta, to_bytes(keys::lowest_block), encode_number(keep_from.value)}});
    const auto head_record = store.get(Column::meta, view_of(keys::head));
    const auto head = head_record ? decode_head(*head_record) : std::nullopt;
    const Height end = std::min(keep_from, head ? head->height.next() : keep_from);
    for (Height height(pruned); height < end; ++height) {
        const auto body = store.get(Column::blocks, keys::block_part(BlockPart::body, height));
        if (!body) continue;
        env::Batch batch;
        for (const Hash32& hash : body_hashes(*body))
            batch.push_back({Column::hashes, to_bytes(hash.view()), std::nullopt});
        if (!batch.empty()) store.write(batch);
    }
    for (const BlockPart part : {BlockPart::body, BlockPart::receipts, BlockPart::mark}) {
        store.erase_range(Column::blocks, keys::block_part(part, Height(pruned)),
                          keys::block_part(part, keep_from));
    }
    store.write({{Column::meta, to_bytes(pruned_key), encode_number(keep_from.value)}});
}

}  // namespace holdfast::ledger
